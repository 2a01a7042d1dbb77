"""Values with templates, compiled and resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.templates import Unresolved, compile_value
from pflow_engine.templates.plan import to_text

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _resolve(value, scope, *, permissive=False):
    return compile_value(value, permissive=permissive).resolve(scope)


@given(_JSON)
def test_exact_keeps_value(value):
    """A template alone gives the very object it leads to."""
    assert value is _resolve("${a}", {"a": value})


@given(st.text())
def test_never_rescanned(text):
    """Templates in resolved text stay as they are."""
    scope = {"a": f"${{b}}{text}${{c.d}}", "b": "no"}
    assert f"<{scope['a']}>" == _resolve("<${a}>", scope)
    assert [scope["a"]] == _resolve(["${a}"], scope, permissive=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""), ("x", "x"), ("", ""), (True, "True"), (False, "False"), (0, "0"), (1.5, "1.5"),
        ({"a": [1, "é"]}, '{"a": [1, "é"]}'), ([None, True], "[null, true]"), ((1,), "[1]"), ({1 }, "{1}"),
        ({(1, 2): 3}, "{(1, 2): 3}"), ([b"x"], '["b\'x\'"]'),
    ],
)  # fmt: skip
def test_text_around(value, expected):
    """With text around it a value is text: nothing for None, JSON for maps and lists."""
    assert f"<{expected}>" == _resolve("<${a}>", {"a": value})


def test_list_in_itself():
    """A list that contains itself still has a text."""
    value = []
    value.append(value)
    assert "[[...]]" == to_text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"x": "${a}"}, {"x": 1}),
        ({"x": "${a}", "y": ["${b}", "-${a}-", "$${a}"], "z": 2}, {"x": 1, "y": ["two", "-1-", "${a}"], "z": 2}),
        ([], []),
        ({}, {}),
        ({"a": {"b": []}}, {"a": {"b": []}}),
        (5, 5),
        (None, None),
        ("$${a} ${", "${a} ${"),
        ("${a}${b}", "1two"),
        ("${x ?? a}", 1),
        ('<${x.y ?? "z"}>', "<z>"),
        ({"${a}": 1}, {"${a}": 1}),
    ],
)
@pytest.mark.parametrize("permissive", [False, True])
def test_nested(value, expected, permissive):
    """Templates are filled in wherever they stand in maps and lists; keys are left alone."""
    assert expected == _resolve(value, {"a": 1, "b": "two"}, permissive=permissive)


@given(_JSON)
def test_constants(value):
    """A value without templates is the same each time, and never the same containers."""
    plan = compile_value(value)
    if plan.references:
        return
    first, second = plan.resolve({}), plan.resolve({})
    assert first == second
    assert first is not second or not isinstance(value, dict | list)


def test_unresolved():
    """Every template that leads nowhere is named, with the nearest name there is."""
    with pytest.raises(Unresolved) as caught:
        _resolve({"x": "${fetchh.a}", "y": "${fetch} ${b ?? c}"}, {"fetch": {"a": 1}, "__index__": 0})
    expected = [
        ("${fetchh.a} does not resolve: there is no 'fetchh'", "did you mean 'fetch'? there is: fetch"),
        ("${b ?? c} does not resolve: there is no 'b'; there is no 'c'", "there is: fetch"),
    ]
    assert expected == [(problem.message, problem.hint) for problem in caught.value.problems]
    assert ("fetchh.a", "b", "c") == caught.value.names


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${a.nme}", "a has no 'nme'", "did you mean 'name'? there is: list, name, text"),
        ("${a.list[5]}", "a.list has 2 items, no [5]", ""),
        ("${a.list[1].x}", "a.list[1] is integer, which has no 'x'", ""),
        ("${a.text.x}", "a.text is string, which has no 'x'", "its text is not JSON"),
        ("${a.list[${i}]}", "there is no 'i'", "there is: a"),
        ("${a.list[${a.text}]}", "a.list is array, which has no 'hello'", ""),
    ],
)
def test_why(text, message, hint):
    """Why a path leads nowhere is told from the step where it ends."""
    with pytest.raises(Unresolved) as caught:
        _resolve(text, {"a": {"name": 1, "list": [1, 2], "text": "hello"}})
    (problem,) = caught.value.problems
    assert (f"{text} does not resolve: {message}", hint) == (problem.message, problem.hint)


def test_permissive():
    """In permissive mode what does not resolve stays as written, and the rest is filled in."""
    plan = compile_value({"x": "${a}", "y": "${b.c}", "z": ["<${b}${a}>"], "n": 1}, permissive=True)
    assert {"x": 1, "y": "${b.c}", "z": ["<${b}1>"], "n": 1} == plan.resolve({"a": 1})
    assert ["${b.c}", "${b}"] == [reference.text for reference in plan.missing({"a": 1})]


def test_foreign_error():
    """An error of a value's own is no missing template."""

    class Odd(dict):
        def __getitem__(self, _key):
            raise TypeError("odd")

    class Found(Odd):
        calls = 0

        def __getitem__(self, key):
            Found.calls += 1
            return super().__getitem__(key) if Found.calls == 1 else 1

    with pytest.raises(TypeError, match="odd"):
        _resolve("${a}", Found())
