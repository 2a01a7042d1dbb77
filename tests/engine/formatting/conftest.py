"""A workflow that nests another, with a batch in each."""

import json

import pytest

from pflow_engine import Registry, load, validate

INNER = {
    "name": "inner",
    "inputs": {"xs": {"type": "array", "description": "What to double"}},
    "nodes": [{"id": "each", "type": "double", "params": {"value": "${x}"}, "batch": {"items": "${xs}", "as": "x"}}],
    "outputs": {"doubled": {"type": "array", "source": "${each.results}"}},
}
OUTER = {
    "name": "outer",
    "description": "Doubles\n  numbers.",
    "inputs": {
        "lists": {"type": "array"},
        "api_key": {"type": "string", "default": "sk-s3cr3t-one"},
        "limit": {"type": "integer", "default": 3, "required": False},
    },
    "nodes": [
        {"id": "first", "type": "emit", "purpose": "Begin.", "params": {"key": "${api_key}", "limit": "${limit}"}},
        {
            "id": "sub",
            "type": "workflow",
            "params": {"workflow_ref": "inner.json", "param_mapping": {"xs": "${item}"}},
            "batch": {"items": "${lists}", "parallel": True, "error_handling": "continue", "max_retries": 2},
        },
        {"id": "mend", "type": "emit"},
    ],
    "edges": [{"from": "first", "to": "sub"}, {"from": "sub", "to": "mend", "action": "error"}],
    "outputs": {"count": {"type": "integer", "source": "${sub.count}", "description": "How many"}},
}


@pytest.fixture
def outer(tmp_path, registry, monkeypatch):
    """The outer workflow, validated, from a file in the current folder."""
    registry.add(Registry.default().get("workflow"))
    monkeypatch.chdir(tmp_path)
    for name, ir in (("inner", INNER), ("outer", OUTER)):
        (tmp_path / f"{name}.json").write_text(json.dumps(ir, indent=1))
    return validate(load("outer.json"), registry)
