"""Params of a node, held against the JSON Schema of its type."""

from __future__ import annotations

import pytest

from pflow_engine.document.load import from_data
from pflow_engine.nodes import Interface, NodeType, Registry
from pflow_engine.validation import find_problems

OPEN = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "names": {"type": "array", "items": {"type": "string"}},
        "how": {"enum": ["all", "some"]},
        "who": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "when": {"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "null"}]},
        "anything": True,
    },
    "required": ["count"],
}
CLOSED = {**OPEN, "additionalProperties": False}


def _found(schema, params, ids=("n",)):
    registry = Registry.default()
    interface = Interface(open_params=True, outputs={"x": "any"}, schema=schema)
    registry.add(NodeType("tool", interface, lambda *_: None))
    nodes = [{"id": each, "type": "tool", "params": params} for each in ids]
    return [
        (one.severity, one.code, one.path.removeprefix("nodes[0].params").removeprefix("."), one.message, one.hint)
        for one in find_problems(from_data({"inputs": {"x": {"required": False}}, "nodes": nodes}), registry)
        if one.code != "unused-input"
    ]


@pytest.mark.parametrize("schema", [OPEN, CLOSED])
@pytest.mark.parametrize(
    "params",
    [
        {"count": 1},
        {"count": "${x}", "how": "${x}", "names": ["${x}"], "when": "${x}"},
        {"count": 1, "names": '["a"]', "who": '{"name": "a"}'},
        {"count": 1, "names": None, "how": None, "when": None},
        {"count": 1, "who": {"name": "${x}", "more": [1]}, "anything": [1]},
        {"count": 1, "names": "${x}", "who": "${x}"},
    ],
)
def test_sound(schema, params):
    """What fits is no problem, nor is what only running can tell."""
    assert [] == _found(schema, params)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, ("missing-param", "", "it needs 'count'", "add count (integer)")),
        ({"count": None}, ("param-type", "count", "'count' must be an integer, not null", "take it out, or give it")),
        ({"count": 0}, ("param-type", "count", "'count' must be at least 1, not 0", "give it a number at least 1")),
        ({"count": 1, "names": "a, b"}, ("param-type", "names", "'names' must be an array, not 'a, b'", "put it in")),
        (
            {"count": 1, "names": [1]},
            ("param-type", "names[0]", "'names[0]' must be a string, not integer 1", "put it"),
        ),
        ({"count": 1, "how": "al"}, ("param-type", "how", "'how' cannot be 'al'", "did you mean 'all'? one of:")),
        (
            {"count": 1, "who": {"nam": "${x}"}},
            ("missing-param", "who", "it needs 'name' in 'who'", "add name (string)"),
        ),
        ({"count": 1, "when": "x"}, ("param-type", "when", "'x' is not valid under any of the given schemas", "")),
    ],
)
def test_wrong(params, said):
    """What does not fit is an error at its place."""
    ((severity, code, path, message, hint),) = _found(OPEN, params)
    assert "error" == severity
    assert (*said[:2], f"'n' (tool): {said[2]}") == (code, path, message)
    assert hint.startswith(said[3])


def test_closed():
    """A name that the schema forbids is an error, with the nearest."""
    ((severity, code, path, message, hint),) = _found(CLOSED, {"count": 1, "cuont": 2})
    assert ("error", "unknown-param", "cuont") == (severity, code, path)
    assert "'n' (tool): it takes no 'cuont'" == message
    assert hint.startswith("did you mean 'count'? its parameters: anything, count")


def test_unspoken():
    """A name that the schema only does not speak of is a warning."""
    ((severity, code, path, message, _),) = _found(OPEN, {"count": 1, "cuont": 2})
    assert ("warning", "unknown-param", "cuont") == (severity, code, path)
    assert "'n' (tool) takes no parameter 'cuont'" == message


def test_more_allowed():
    """Where the schema takes more than it names, nothing is unknown."""
    assert [] == _found({**OPEN, "additionalProperties": {"type": "integer"}}, {"count": 1, "more": 2})


def test_all_at_once():
    """Everything that is wrong is told."""
    found = _found(CLOSED, {"cuont": 2, "how": "al", "names": [1, 2]})
    assert ["missing-param", "param-type", "param-type", "param-type", "unknown-param"] == sorted(
        one[1] for one in found
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"count": {"$ref": "https://schemas.example/count"}}},
        {"type": "object", "properties": {"count": {"type": "string", "pattern": "(?<a>x)"}}},
    ],
)
def test_not_to_be_told(schema):
    """A schema of several files, or with another language's patterns, is not held against anything."""
    assert [] == _found(schema, {"count": "x"})
