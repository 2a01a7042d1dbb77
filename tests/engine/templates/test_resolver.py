"""The names pflow's users know."""

import pytest

from pflow_engine.templates import MISSING, TemplateResolver


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${a}", True), ("x ${a.b} y", True), (["x", {"k": "${a}"}], True), ("$${a}", False), ("${x:-y}", False),
        ("$a", False), (5, False), (None, False), ({"${a}": 1}, False), ("${", False),
    ],
)  # fmt: skip
def test_has_templates(value, expected):
    """A value has templates if any text inside it does."""
    assert expected is TemplateResolver.has_templates(value)


def test_extract_variables():
    """The paths a text refers to, each once, as written."""
    assert {"a.b[0]", "c", "d"} == TemplateResolver.extract_variables("${a.b[0]} ${c ?? d} ${c} $${e} ${f:-g}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", True), ("a.b", True), ("a.c", False), ("x", False), ("a.b[0]", False), ("", False), ("a} ${a", False)],
)
def test_variable_exists(name, expected):
    """A variable whose value is None exists."""
    assert expected is TemplateResolver.variable_exists(name, {"a": {"b": None}})


@pytest.mark.parametrize(("name", "expected"), [("a.b", [1]), ("a.b[0]", 1), ("q", MISSING), ("a.", MISSING)])
def test_resolve_value(name, expected):
    """A value comes with its type; what leads nowhere is MISSING."""
    assert expected == TemplateResolver.resolve_value(name, {"a": {"b": [1]}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${a}", "[1]"), ("${a} ${b} $${a}", "[1] ${b} ${a}"), ("${n}", ""), ("${t}", "${a}"), ("", "")],
)
def test_resolve_string(text, expected):
    """A text is filled in as text; what leads nowhere stays as written."""
    assert expected == TemplateResolver.resolve_string(text, {"a": [1], "n": None, "t": "${a}"})


def test_resolve_nested():
    """Maps and lists are filled in with their types; what leads nowhere stays as written."""
    assert {"x": [1], "y": ["${b}", 2]} == TemplateResolver.resolve_nested({"x": "${a}", "y": ["${b}", 2]}, {"a": [1]})
