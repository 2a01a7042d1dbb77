"""Params against what their types take."""

import pytest

from pflow_engine import Interface, Node, Param, Registry
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems


class Typed(Node):
    """One parameter of each type."""

    interface = Interface(
        params={
            "text": Param("string", required=True),
            "count": Param("integer"),
            "list": Param("array"),
            "map": Param("object"),
            "flag": Param("boolean"),
            "free": Param(),
        }
    )


def _found(params, kind=Typed):
    registry = Registry()
    registry.register("typed", kind)
    return find_problems(from_data({"nodes": [{"id": "a", "type": "typed", "params": params}]}), registry)


@pytest.mark.parametrize(
    "params",
    [
        {"count": 1, "list": [], "map": {}, "flag": False, "free": object},
        {"count": None, "list": None},
        {"count": "${__llm_calls__}", "flag": "x ${__llm_calls__}"},
        {"list": "[1]", "map": ' {"a": 1}\n'},
    ],
)
def test_sound(params):
    """A value of the type, null, a template, and JSON text for a list or a map are taken."""
    assert [] == _found({"text": "", **params})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("text", 5, "parameter 'text' of 'a' (typed) takes string, not integer"),
        ("count", "5", "takes integer, not string"),
        ("count", True, "takes integer, not boolean"),
        ("list", "{}", "takes array, not string"),
        ("list", "a, b", "takes array, not string"),
        ("map", [], "takes object, not array"),
        ("flag", "true", "takes boolean, not string"),
    ],
)
def test_wrong_type(name, value, message):
    """A literal of another type is an error."""
    (problem,) = _found({"text": "", name: value})
    assert ("param-type", "error", f"nodes[0].params.{name}") == (problem.code, problem.severity, problem.path)
    assert message in problem.message


def test_missing():
    """A required parameter that is missing is a warning: older nodes took it from the store."""
    (problem,) = _found({})
    assert ("missing-param", "warning", "add text (string) to its params") == (
        problem.code,
        problem.severity,
        problem.hint,
    )


def test_unknown():
    """A parameter the type does not take is a warning with the nearest one."""
    (problem,) = _found({"text": "", "cuont": 1})
    assert ("unknown-param", "warning", "nodes[0].params.cuont") == (problem.code, problem.severity, problem.path)
    assert problem.hint.startswith("did you mean 'count'? its parameters: count")


def test_open():
    """A type that takes any parameter takes any."""

    class Open(Node):
        """Open."""

    assert [] == _found({"whatever": 1}, Open)
