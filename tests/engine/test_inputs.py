"""Values given at run time."""

import pytest

from pflow_engine.document.load import from_data
from pflow_engine.errors import InvalidInput
from pflow_engine.inputs import bind_inputs
from pflow_engine.validation.build import build_workflow


def _workflow(inputs):
    return build_workflow(from_data({"nodes": [{"id": "a", "type": "echo"}], "inputs": inputs}))


def _messages(inputs, given):
    with pytest.raises(InvalidInput) as caught:
        bind_inputs(_workflow(inputs), given)
    return [(problem.code, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ({"type": "integer"}, {"x": "5"}, 5),
        ({}, {"x": None}, None),
        ({"type": "string", "default": "d"}, {"x": ""}, ""),
        ({"default": None}, {}, None),
        ({"type": "integer", "default": "7"}, {}, 7),
        ({"required": False}, {}, None),
        ({"type": "boolean", "default": True}, {"x": False}, False),
    ],
)
def test_values(declared, given, expected):
    """A value is coerced; a default stands in only for one that is absent."""
    assert {"x": expected} == bind_inputs(_workflow({"x": declared}), given)


def test_undeclared_inputs():
    """A workflow that declares no inputs takes any."""
    assert {"b": 1} == bind_inputs(_workflow({}), {"b": 1})


@pytest.mark.parametrize("name", ["a", "__index__", "__llm_calls__"])
def test_undeclared_name_taken(name):
    """A name that is a node's or the engine's cannot be given."""
    with pytest.raises(InvalidInput, match="that name is") as caught:
        bind_inputs(_workflow({}), {name: 1})
    assert "input-name" == caught.value.code


def test_all_problems():
    """Every unknown name, missing input and wrong type is reported at once."""
    inputs = {"repo": {"type": "string", "description": "owner/name"}, "count": {"type": "integer"}}
    expected = [
        ("unknown-input", "the workflow declares no input 'rpo'"),
        ("missing-input", "required input 'repo' is missing (owner/name)"),
        ("input-type", "input 'count' takes integer, got string 'many'"),
    ]
    assert expected == _messages(inputs, {"rpo": "x", "count": "many"})


def test_nearest_input():
    """An unknown name gets the nearest one as its hint."""
    with pytest.raises(InvalidInput) as caught:
        bind_inputs(_workflow({"repo": {"required": False}}), {"rpo": 1})
    assert "did you mean 'repo'? its inputs: repo" == caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("n", "x" * 100, f"got string '{'x' * 56}..."),
        ("n", [1], "got array"),
        ("api_key", "sk-1234567890", "got string"),
        ("n", None, "got null"),
        ("n", 1.5, "got number 1.5"),
    ],
)
def test_value_shown(name, value, shown):
    """A value in a message is short, never a container and never a secret."""
    ((_, message),) = _messages({name: {"type": "integer"}}, {name: value})
    assert f"input '{name}' takes integer, {shown}" == message


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("object", '{"password": "s3cr3t"', "that is no JSON: expecting ',' delimiter, line 1 column 22"),
        ("array", ' ["s3cr3t"', "that is no JSON: expecting ',' delimiter, line 1 column 11"),
        ("array", '{"password": "s3cr3t"}', "that is JSON of another type"),
        ("array", "[" * 100_000, "that is no JSON we can read"),
        ("array", f"[{'9' * 5000}]", "that is no JSON we can read"),
        ("integer", '{"password": "s3cr3t"}', ""),
    ],
)
def test_text_of_a_container(kind, value, shown):
    """Of text that was to be a container the reason is shown and nothing of what is in it."""
    ((_, message),) = _messages({"n": {"type": kind}}, {"n": value})
    assert f"input 'n' takes {kind}, got string {shown}".rstrip() == message


def test_huge_integer():
    """An integer too long to be written is refused like any other value of a wrong type."""
    assert [("input-type", "input 'n' takes array, got integer")] == _messages(
        {"n": {"type": "array"}}, {"n": 10**5000}
    )


def test_values_are_copies():
    """A run cannot change the caller's values."""
    value = [1]
    assert value is not bind_inputs(_workflow({"x": {}}), {"x": value})["x"]
