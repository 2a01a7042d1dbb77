"""Entries of ``__llm_calls__``."""

import pytest

from pflow_engine.wrappers.usage import attributed, untold


@pytest.mark.parametrize(
    ("usage", "calls", "expected"),
    [
        ({"a": 1}, [], True),
        ({"a": 1}, [{"a": 1, "b": [2]}], False),
        ({"a": [1]}, [{"a": [1]}], False),
        ({"a": 1}, [{"a": 2}], True),
        ({"a": 1}, [{"a": 1}, {"b": 1}], True),
        ({"a": 1}, ["odd"], True),
        (5, [], False),
    ],
)
def test_untold(usage, calls, expected):
    """Usage is of another call where the last entry does not say as much."""
    assert expected == untold(usage, calls)


def test_attributed():
    """An entry says where it was made, and keeps what it says itself."""
    assert {"node_id": "sub/ask", "attempt": 1} == attributed({"node_id": "sub/ask"}, {"node_id": "sub", "attempt": 1})
    assert "odd" == attributed("odd", {"node_id": "sub"})
