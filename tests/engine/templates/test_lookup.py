"""References to the values they lead to."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.templates import MISSING, lookup, parse
from pflow_engine.templates.lookup import NOT_THERE, descend, reference_resolver


def _lookup(text, scope):
    return lookup(parse(text).exact, scope)


@pytest.mark.parametrize("value", [0, "", False, None, [], {}, 0.0])
@pytest.mark.parametrize("text", ["${a}", "${b.a}", "${c[0]}", '${a ?? "x"}', "${d[${i}]}"])
def test_presence(text, value):
    """What is there is a value, true or not."""
    scope = {"a": value, "b": {"a": value}, "c": [value], "d": {"k": value}, "i": "k"}
    assert value is _lookup(text, scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${m[0][1]}", 2),
        ("${m[${i}][0]}", 3),
        ("${m[${o.i}][0]}", 3),
        ("${o.list[1].name}", "n"),
        ("${o.t[1]}", 6),
        ("${o[0]}", "zero"),
        ("${o.0}", "zero"),
        ("${o[${k}]}", 1),
        ("${missing ?? o.i}", 1),
        ("${o.missing ?? missing.x ?? m[9] ?? m[0][0]}", 1),
        ('${missing ?? "literal"}', "literal"),
        ("${none ?? o.i}", None),
        ("${shell.stdout.items[0]}", 7),
        ("${shell.list[1].a}", 8),
        ("${shell.nested.text.deep}", 9),
    ],
)
def test_values(text, expected):
    """Fields, indices and templates in brackets lead on; text that is JSON is parsed on the way."""
    scope = {
        "m": [[1, 2], [3]],
        "i": 1,
        "k": "i",
        "none": None,
        "o": {"i": 1, "list": [0, {"name": "n"}], "t": (5, 6), "0": "zero"},
        "shell": {
            "stdout": '{"items": [7]}\n',
            "list": ' [0, {"a": 8}]',
            "nested": '{"text": "{\\"deep\\": 9}"}',
        },
    }
    assert expected == _lookup(text, scope)


@pytest.mark.parametrize(
    "text",
    [
        "${x}", "${o.x}", "${l[3]}", "${l.a}", "${l.0}", "${n.x}", "${i.x}", "${b[0]}", "${t.x}", "${t[0]}", "${j.x}",
        "${l[${t}]}", "${l[${b}]}", "${l[${neg}]}", "${l[${x}]}", "${o[${n}]}", "${o[${l}]}", "${deep.x}",
    ],
)  # fmt: skip
def test_missing(text):
    """What leads nowhere is missing: no character of a text, no negative index, no guess."""
    scope = {
        "o": {"a": 1, "None": 1, "True": 1}, "l": [1, 2, 3], "n": None, "i": 1, "b": True, "t": "text", "j": "{broken",
        "neg": -1, "deep": "[" * 100_000,
    }  # fmt: skip
    assert MISSING is _lookup(text, scope)


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_identity(value):
    """An exact template leads to the very object."""
    assert value is _lookup("${a.b[0]}", {"a": {"b": [value]}})


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
)
def test_descend(value, step):
    """A step from any value by any key gives a value or one of three errors."""
    with contextlib.suppress(NOT_THERE):
        descend(value, step)


def test_resolver_raises():
    """A resolver of choices raises where none of them leads anywhere."""
    with pytest.raises(KeyError):
        reference_resolver(parse("${a ?? b}").exact)({})
