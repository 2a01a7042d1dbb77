"""Words for types, and values held against them."""

import math

import pytest

from pflow_engine.value_types import coerce, is_of_type, type_name


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({}, "object"), ([], "array"), ((), "array"), ("", "string"), (True, "boolean"),
        (1, "integer"), (1.0, "number"), (None, "null"), (b"", "bytes"),
    ],
)  # fmt: skip
def test_type_name(value, word):
    """A value's type goes by JSON Schema's word, or by Python's where there is none."""
    assert word == type_name(value)


@pytest.mark.parametrize(
    ("value", "word", "expected"),
    [
        (True, "integer", False),
        (True, "number", False),
        (1, "number", True),
        (1.0, "integer", False),
        (None, "any", True),
        (None, "string", False),
        ([], "array", True),
    ],
)
def test_is_of_type(value, word, expected):
    """A boolean is no number, an integer is one, and nothing but any takes null."""
    assert expected is is_of_type(value, word)


@pytest.mark.parametrize(
    ("value", "word", "expected"),
    [
        ("5", "integer", 5),
        (" +5\n", "integer", 5),
        (5.0, "integer", 5),
        ("5", "number", 5),
        ("-.5e1", "number", -5.0),
        ("TRUE", "boolean", True),
        ("false", "boolean", False),
        (True, "string", "true"),
        (5, "string", "5"),
        ('[1, "a"]\n', "array", [1, "a"]),
        ('{"a": 1}', "object", {"a": 1}),
        ("x", "any", "x"),
    ],
)
def test_coerce(value, word, expected):
    """What can be said in another type without loss is."""
    found = coerce(value, word)
    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("x", "integer"), ("007", "integer"), (math.nan, "string"), ("1.0", "integer"), (1.5, "integer"), ("1_000", "integer"), ("٣", "integer"),
        ("9" * 5000, "integer"), (math.inf, "integer"), (math.nan, "integer"), (None, "integer"), (True, "integer"),
        ("nan", "number"), ("1e999", "number"), ("yes", "boolean"), (1, "boolean"), ("{}", "array"), ("[NaN]", "array"),
        ("[" * 100_000, "array"), ("x", "object"), ([], "string"), (None, "string"),
    ],
)  # fmt: skip
def test_coerce_refused(value, word):
    """What would lose something is refused."""
    with pytest.raises(ValueError):  # noqa: PT011  # the message is Python's or none: callers write their own
        coerce(value, word)
