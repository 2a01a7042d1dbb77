"""Objects to bytes and back."""

import pickle
import threading
from datetime import date

import pytest

from pflow_engine.batch.pickles import arrive, carry, describe, from_bytes, references, to_bytes

pytest.importorskip("cloudpickle", reason="the extra [dask] is not installed")


@pytest.mark.parametrize("value", [None, 0, "“text”", {"a": [1, (2.5, b"\x93")]}, date(2026, 1, 2), {1, 2}], ids=repr)
def test_there_and_back(value):
    """What goes comes back."""
    assert value == from_bytes(to_bytes(value))


def test_plain_is_quick():
    """Plain data is pickled as the standard library does, and names nothing."""
    value = {"a": [1, 2.5, "x", None]}
    assert pickle.dumps(value, pickle.HIGHEST_PROTOCOL) == to_bytes(value)
    assert set() == references(to_bytes(value))


def test_function_by_value():
    """A function that has no name to be found by goes as it is."""
    assert 6 == from_bytes(to_bytes(lambda number: number * 3))(2)


def test_unpicklable():
    """What cannot be pickled says so."""
    with pytest.raises(TypeError, match="cannot pickle"):
        to_bytes([threading.Lock()])


def test_references():
    """What must be there to read the bytes is known before they are sent."""
    assert {("datetime", "date")} == references(to_bytes([date(2026, 1, 2)]))


@pytest.mark.parametrize(("value", "expected"), [(1, "int"), (date(2026, 1, 2), "datetime.date")])
def test_describe(value, expected):
    """A type is named with its module, a built-in one without."""
    assert expected == describe(value)


class _Picky(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class _Mute(Exception):
    def __reduce__(self):
        raise TypeError("no way")

    def __str__(self):
        raise ValueError("no words")


class _Impostor(Exception):
    def __reduce__(self):
        return str, ("something else",)


@pytest.mark.parametrize(
    ("error", "text"),
    [(KeyError("x"), "'x'"), (_Picky("a", "b"), "a and b"), (_Mute(), "_Mute"), (_Impostor("me"), "me")],
    ids=["plain", "picky", "mute", "impostor"],
)
def test_name_and_text_arrive(error, text):
    """An exception keeps its name and its text, whatever stands in for it."""
    arrived = arrive(from_bytes(to_bytes(carry(error))))
    assert (type(error).__name__, text) == (type(arrived).__name__, str(arrived))


def test_not_to_be_had_here():
    """An exception whose class is not here arrives under its name."""
    arrived = arrive(carry(ValueError("far"))._replace(data=b"no pickle", name="FarError"))
    assert ("FarError", "far") == (type(arrived).__name__, str(arrived))


def _fail(error):
    raise error


def _raise(cause):
    try:
        _fail(KeyError("inner"))
    except KeyError:
        if cause is ...:
            raise ValueError("outer")  # noqa: B904  # the context is what this is about
        raise ValueError("outer") from cause


def _raised(cause):
    with pytest.raises(ValueError, match="outer") as caught:
        _raise(cause)
    return caught.value


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (..., ("NoneType", "KeyError", False)),
        (OSError("why"), ("OSError", "NoneType", True)),
        (None, ("NoneType", "NoneType", True)),
    ],
    ids=["context", "cause", "from none"],
)
def test_what_led_to_it(cause, expected):
    """Causes and contexts arrive, each in its place."""
    carried = carry(_raised(cause))._replace(data=None)
    arrived = arrive(carried)
    found = type(arrived.__cause__).__name__, type(arrived.__context__).__name__, arrived.__suppress_context__
    assert expected == found


def test_circle():
    """Exceptions that lead to one another come to an end."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert "one" == str(arrive(carry(one)))


def test_traceback_is_noted():
    """Where it was raised is noted, for a pickled exception has no traceback."""
    arrived = arrive(carry(_raised(None))._replace(data=None))
    assert "in _raise" in arrived.__notes__[0]
