"""Names to node types."""

import pytest

from pflow_engine import Interface, NodeType, Registry, node


@node("one")
def _one() -> dict:
    return {"one": 1}


@node("two")
def _two() -> dict:
    return {"two": 2}


class _Plugin:
    def __init__(self, name, source):
        self.name, self.source = name, source

    def pflow_register_nodes(self, registry):
        registry.register(self.name, self.source)


def test_empty():
    """A new registry has no types."""
    assert [] == list(Registry())


def test_register():
    """A type goes by the name it was registered under."""
    registry = Registry()
    registry.register("uno", _one)
    assert ("uno" in registry, "one" in registry) == (True, False)
    assert ("uno", None) == (registry.get("uno").name, registry.get("one"))


def test_sorted():
    """Names come in order."""
    registry = Registry()
    registry.register("b", _one)
    registry.register("a", _two)
    assert ["a", "b"] == list(registry)


def test_later_wins(registry, flow_of):
    """A later type of the same name wins."""
    registry.register("emit", _one)
    assert flow_of([{"id": "n", "type": "emit"}]).run().outputs == {"one": 1}


def test_add():
    """A type that is already made goes by its own name."""
    registry, kind = Registry(), NodeType("made", Interface(), lambda *_: None)
    registry.add(kind)
    assert registry.get("made") is kind


def test_plug():
    """A plugin adds its types when it is plugged."""
    registry = Registry()
    registry.plug(_Plugin("one", _one))
    assert ["one"] == list(registry)


def test_plug_each_once():
    """A plugin adds its types once, and does not make the ones before it add theirs again."""
    registry, first = Registry(), _Plugin("one", _one)
    registry.plug(first)
    registry.register("one", _two)
    kept = registry.get("one")
    registry.plug(_Plugin("two", _two))
    registry.plug(first)
    assert registry.get("one") is kept


def test_same_name_of_plugins():
    """Two plugins may have the same name, as two conftest.py files do."""
    registry = Registry()
    for source in ("one", "two"):
        plugin = _Plugin(source, _one)
        plugin.__name__ = "conftest"
        registry.plug(plugin)
    assert ["one", "two"] == list(registry)


def test_default_builtins():
    """The default registry has the built-in types."""
    assert {"shell", "code", "http", "read-file", "write-file", "echo"} <= set(Registry.default())


def test_default_is_new():
    """It is a new one each time: what is added to one is not in another."""
    Registry.default().register("one", _one)
    assert "one" not in Registry.default()


@pytest.mark.parametrize("registry", [Registry(), Registry.default()], ids=["empty", "default"])
def test_wrap_without_plugins(registry):
    """Without plugins that wrap it a leaf stays as it is."""
    leaf = object()
    assert registry.wrap(None, leaf) is leaf
