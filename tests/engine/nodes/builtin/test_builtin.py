from __future__ import annotations

from pflow_engine.nodes import builtin
from pflow_engine.nodes.registry import Registry


def test_registered_types():
    """The plugin brings every type that the engine runs by itself, with what it may touch."""
    registry = Registry()
    registry.plug(builtin)
    expected = {
        "code": "process",
        "copy-file": "files",
        "delete-file": "files",
        "echo": "none",
        "http": "network",
        "llm": "model",
        "move-file": "files",
        "read-file": "files",
        "shell": "process",
        "workflow": "none",
        "write-file": "files",
    }
    assert expected == {name: registry.get(name).interface.effects for name in registry}
