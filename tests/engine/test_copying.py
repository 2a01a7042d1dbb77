"""Copies of plain data."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.copying import copy_data

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _containers(value):
    if isinstance(value, dict | list):
        yield id(value)
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)


@given(_JSON)
def test_shares_nothing(value):
    """A copy is equal and shares no container with its original."""
    copied = copy_data(value)
    assert value == copied
    assert set() == set(_containers(value)) & set(_containers(copied))


@pytest.mark.parametrize("wrap", [lambda lock: lock, lambda lock: [lock], lambda lock: {"lock": lock}])
def test_uncopyable(wrap):
    """What cannot be copied is handed on as it is."""
    value = wrap(threading.Lock())
    assert value == copy_data(value)


def test_other_types():
    """Containers of other types are copied too."""
    value = ([1],)
    copied = copy_data(value)
    assert value == copied
    assert value[0] is not copied[0]


def test_contains_itself():
    """A list that contains itself gives a copy that contains itself."""
    value = []
    value.append(value)
    copied = copy_data(value)
    assert copied is copied[0]
    assert copied is not value
