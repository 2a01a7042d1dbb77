from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.trace import revivable_json, revive

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
KEYS = st.text() | st.integers() | st.dates() | st.sampled_from(["$date", "$map", "$object", "$"])
VALUES = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside) | st.dictionaries(KEYS, inside) | st.frozensets(st.integers() | st.text()),
    max_leaves=15,
)


@given(VALUES)
def test_there_and_back(value):
    """What was written comes back equal, whatever it was."""
    assert value == revive(revivable_json(value))


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        date(2026, 1, 2),
        PurePosixPath("a/b"),
        Decimal("1.50"),
        UUID(int=7),
        b"\x00\xff",
        {1: "one", (2, 3): "pair"},
        "half \ud800",
        1 << 9000,
        float("inf"),
        {3, 1, 2},
    ],
)
def test_each_form(value):
    """Each written form has its way back."""
    revived = revive(revivable_json(value))
    assert value == revived
    assert type(revived) is type(value) or isinstance(revived, type(value))


@pytest.mark.parametrize("value", [object(), "x" * 1_000_001], ids=["object", "long"])
def test_what_is_lost(value):
    """What was only described cannot be brought back, and says so."""
    with pytest.raises(ValueError, match="cannot be brought back"):
        revive(revivable_json([{"a": value}]))
