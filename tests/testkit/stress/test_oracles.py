"""What may not happen."""

from pflow_testkit.stress.oracles import Prints


class Plain:
    """Holds its state where it can be seen."""

    def __init__(self, value):
        self.value = value


def changes(before, after):
    """The paths that changed."""
    return Prints.of({"it": before}).changed(Prints.of({"it": after}))


def test_paths_of_changes():
    """A change is named by the innermost path."""
    assert ["it.a[1]"] == changes({"a": [1, 2]}, {"a": [1, 3]})
    assert ["it.a[1]"] == changes({"a": [1]}, {"a": [1, 3]})
    assert ["it.value.b"] == changes(Plain({"b": 1}), Plain({"b": 2}))
    assert ["it{'b'}"] == changes({"a"}, {"a", "b"})
    assert [] == changes({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})


def test_type_is_a_change():
    """1 and True, and 1 and '1', are not the same."""
    assert ["it"] == changes(1, True)
    assert ["it"] == changes(1, "1")


def test_cycles_end():
    """A value that holds itself is looked at once."""
    loop = []
    loop.append(loop)
    assert [] == changes(loop, loop)
