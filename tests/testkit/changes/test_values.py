import pytest

from pflow_testkit.changes import Severity, value_changes


def _told(old, new):
    return [f"{change.what}: {change.how}" for change in value_changes(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": 2}, "a: 1 -> 2"),
        ({"a": 1}, {}, "a: removed"),
        ({}, {"a": {"b": 1}}, 'a: added: {"b": 1}'),
        ({"a": "3"}, {"a": 3}, 'a: "3" (string) -> 3 (integer)'),
        ({"a": 1}, {"a": 1.0}, "a: 1 (integer) -> 1.0 (number)"),
        ({"a": 1}, {"a": True}, "a: 1 (integer) -> true (boolean)"),
        ({"a": None}, {"a": 0}, "a: null (null) -> 0 (integer)"),
        ({"a": {}}, {"a": []}, "a: {} (object) -> [] (array)"),
        ({"a": 1.5}, {"a": {"$float": "NaN"}}, 'a: 1.5 -> {"$float": "NaN"}'),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "a[0].b: 1 -> 2"),
        ({"a b": {"": 1}}, {"a b": {"": 2}}, '["a b"][""]: 1 -> 2'),
        ([1, 2, 3], [1, 9, 2, 3], "[1]: added: 9"),
        ([1, 2, 3], [1, 3], "[1]: removed: 2"),
        ([1, 2, 3, 4], [4, 1, 2, 3], "[0]: moved here from [3]"),
        (1, 2, "the value: 1 -> 2"),
    ],
)
def test_one_change(old, new, told):
    """Each change has its place and what became of it."""
    assert [told] == _told(old, new)


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        ("a\nb\nc", "a\nx\ny", 'line 2: "b" -> "x"'),
        ("a\nb", "a", 'line 2 removed: "b"'),
        ("a", "a\nb\nc", 'line 2 added: "b"'),
        ("a\r\nb", "a\nb", r'line 1: "a\r" -> "a"'),
        ("-" * 100 + "old", "-" * 100 + "new!", f'"…{"-" * 20}old" -> "…{"-" * 20}new!"'),
        ("old" + "-" * 100, "new" + "-" * 100, f'"old{"-" * 57}…" -> "new{"-" * 57}…"'),
    ],
)
def test_text(old, new, how):
    """Of a text the first line that differs is shown, and of a long one the part around the difference."""
    assert [how] == [change.how for change in value_changes(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ({"a": 1}, {}, Severity.BREAKING),
        ({"a": {"b": 1}}, {"a": {}}, Severity.BREAKING),
        ({"a": 1}, {"a": "1"}, Severity.BREAKING),
        ({"a": 1}, {"a": 2}, Severity.BEHAVIOUR),
        ({}, {"a": 1}, Severity.BEHAVIOUR),
        ({"a": [1, 2]}, {"a": [1]}, Severity.BEHAVIOUR),
    ],
)
def test_severity(old, new, severity):
    """What is gone or of another type breaks those who use it; an element of a list does not."""
    assert [severity] == [change.severity for change in value_changes(old, new)]


def test_same_in_many():
    """The same change in many elements is one with a count; up to three are shown one by one."""
    old = [{"id": n, "label": "bug"} for n in range(10)]
    new = [{"id": n, "label": "feature"} for n in range(10)]
    assert ['[0].label: "bug" -> "feature" (and 9 more items)'] == _told(old, new)
    assert [f'[{n}].label: "bug" -> "feature"' for n in range(3)] == _told(old[:3], new[:3])


def test_many_in_one_element():
    """Many changes within one element are places, not items."""
    assert ["[0].a[0]: 0 -> 100 (and 4 more places)"] == _told([{"a": [*range(5)]}], [{"a": [*range(100, 105)]}])


def test_order_of_places():
    """What is shown one by one stands in the order of the places."""
    assert ["[0].a: 1 -> 2", "[0].b: 1 -> 2", "[1].a: 1 -> 2"] == _told(
        [{"a": 1, "b": 1}, {"a": 1}], [{"a": 2, "b": 2}, {"a": 2}]
    )


def test_named_value():
    """The name of what is compared stands before each place."""
    changes = value_changes({"a": 1}, {"a": 2}, "batch_metadata")
    assert [("batch_metadata.a", "", None)] == [(change.what, change.node, change.item) for change in changes]


def test_deep_value():
    """What differs deeper than is looked is a difference all the same."""

    def deep(value):
        for _ in range(500):
            value = [value]
        return value

    (change,) = value_changes(deep(1), deep(2))
    assert change.how.startswith("differs further down")
    assert [] == value_changes(deep(1), deep(1))
