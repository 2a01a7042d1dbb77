"""Any value to strict JSON."""

import base64
import collections
import enum
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath, PureWindowsPath
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.trace import strict, strict_json
from pflow_engine.trace.strict import encodable


class _Colour(enum.IntEnum):
    RED = 1


class _Plain(enum.Enum):
    ONE = 1


class _Name(str):
    __slots__ = ()


class _Half(float):
    pass


class _Broken(collections.UserDict):
    def items(self):
        raise RuntimeError("no")


PLAIN = {"a": [1, 2.5, "x", None, True, False, {"b": []}], "": {}}


def test_plain():
    """What JSON has words for stays as it is."""
    assert strict_json(PLAIN) == PLAIN


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), {"$float": "nan"}),
        (float("-inf"), {"$float": "-inf"}),
        (b"\x00\xff", {"$bytes": "AP8="}),
        (bytearray(b"a"), {"$bytes": "YQ=="}),
        ({3, 1, 2}, {"$set": [1, 2, 3]}),
        (frozenset({"b", "a"}), {"$set": ["a", "b"]}),
        ((1, 2), [1, 2]),
        (collections.deque([1]), {"$object": "collections.deque"}),
        ({1: "a"}, {"$map": [[1, "a"]]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (collections.UserList([1]), {"$object": "collections.UserList"}),
        (ValueError("no"), {"$object": "builtins.ValueError"}),
        (_Colour.RED, 1),
        (_Name("x"), "x"),
        (_Half(0.5), 0.5),
        (_Half("nan"), {"$float": "nan"}),
        (10**700, {"$int": hex(10**700)}),
        (-(10**700), {"$int": hex(-(10**700))}),
        (10**300, 10**300),
        ("a\ud800é", {"$escaped": "a\\ud800\\u00e9"}),
        ({"\ud800": 1}, {"$map": [[{"$escaped": "\\ud800"}, 1]]}),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), {"$datetime": "2026-01-02T03:04:00+00:00"}),
        (date(2026, 1, 2), {"$date": "2026-01-02"}),
        (PurePosixPath("a/b"), {"$path": "a/b"}),
        (PureWindowsPath("c:\\a"), {"$path": "c:/a"}),
        (Decimal("1.50"), {"$decimal": "1.50"}),
        (UUID(int=1), {"$uuid": "00000000-0000-0000-0000-000000000001"}),
        (_Plain.ONE, {"$object": f"{__name__}._Plain"}),
        (_Broken(), {"$object": f"{__name__}._Broken"}),
    ],
)
def test_written_forms(value, expected):
    """What JSON has no word for has a written form."""
    assert strict_json(value) == expected


def test_inside():
    """So it has inside maps and lists."""
    assert strict_json([{"a": b"a"}, (float("inf"),)]) == [{"a": {"$bytes": "YQ=="}}, [{"$float": "inf"}]]


def test_long_text():
    """Very long text is told by its length, its digest and its start."""
    (told,) = strict_json("x" * 1_000_001).values()
    assert (1_000_001, "x" * 200, 64) == (told["length"], told["start"], len(told["sha256"]))


def test_long_bytes():
    """So are very many bytes."""
    (told,) = strict_json(bytes(1_000_000)).values()
    assert 4 * 333_334 == told["$text"]["length"]


def test_cycle():
    """A value that contains itself says how many levels up."""
    inner = {}
    inner["again"] = [inner]
    assert strict_json([inner]) == [{"again": [{"$cycle": 2}]}]


def test_shared_is_no_cycle():
    """A value that stands in two places is written twice."""
    shared = [1]
    assert strict_json([shared, shared]) == [[1], [1]]


def test_cycle_of_mappings():
    """A mapping of another kind that contains itself twice ends as soon."""
    mapping = collections.UserDict()
    mapping["a"] = mapping["b"] = mapping
    assert strict_json(mapping) == {"a": {"$cycle": 1}, "b": {"$cycle": 1}}


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"k": x}, lambda x: {1: x}, lambda x: (x,)])
def test_deep(wrap):
    """A value nested without end is cut, so that whoever reads it does not run out of stack."""
    value = 1
    for _ in range(5000):
        value = wrap(value)
    text = json.dumps(strict_json(value))
    assert "nested more than 100 deep" in text


def test_no_aliasing():
    """Nothing that is done to the value later reaches the copy."""
    value = {"a": [{"b": 1}]}
    copy = strict_json(value)
    value["a"][0]["b"] = 2
    value["a"].append(3)
    assert copy == {"a": [{"b": 1}]}


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner)
        | st.sets(st.integers() | st.text())
    ),
)


@given(_anything)
def test_always_strict(value):
    """Whatever the value, what comes out is strict JSON that any file can hold."""
    json.dumps(strict_json(value), allow_nan=False, ensure_ascii=False).encode()


@given(_anything)
def test_is_its_own_form(value):
    """Strict JSON is its own form."""
    once = strict_json(value)
    assert once == strict_json(once)


@pytest.mark.parametrize(("text", "expected"), [("é", "é"), ("a\ud800", "a\\ud800"), (None, None)])
def test_encodable(text, expected):
    """Words that no file can hold are spelled out."""
    assert encodable(text) == expected


def test_bytes_come_back():
    """Bytes can be read back."""
    assert base64.b64decode(strict_json(b"abc")["$bytes"]) == b"abc"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: [x, x],
        lambda x: (x, x),
        lambda x: {"a": x, "b": x},
        lambda x: {1: x, 2: x},
        lambda x: frozenset([(1, x), (2, x)]),
    ],
)
def test_very_many_values(monkeypatch, wrap):
    """A value that holds another one twice, and so on, is cut instead of written out."""
    monkeypatch.setattr(strict, "_MOST_VALUES", 1000)
    value = wrap(1)
    for _ in range(40):
        value = wrap(value)
    text = json.dumps(strict_json(value))
    assert (True, True) == ("more than 1000 values" in text, len(text) < 200_000)


def test_long_list(monkeypatch):
    """A list is written whole, however long; what comes after it is cut."""
    monkeypatch.setattr(strict, "_MOST_VALUES", 10)
    assert {"a": [1] * 20, "b": {"$object": "more than 10 values"}} == strict_json({"a": [1] * 20, "b": [1]})
