"""Schedules with fewer switches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_testkit.stress.schedule import Switch
from pflow_testkit.stress.shrink import shrink, single

MANY = tuple(Switch(1, at, 2) for at in range(1, 33))


@pytest.mark.parametrize("needed", [(), (5,), (1, 32), (3, 4, 20)])
def test_fewest_left(needed):
    """What is not needed is left out, whatever is."""

    def attempt(switches):
        return switches if set(needed) <= {switch.at for switch in switches} else None

    assert needed == tuple(switch.at for switch in shrink(MANY, attempt))


@given(st.sets(st.integers(1, 32), max_size=5))
def test_any_set_is_minimal(needed):
    """Of any set of switches that are needed, just these are left."""

    def attempt(switches):
        return switches if needed <= {switch.at for switch in switches} else None

    assert needed == {switch.at for switch in shrink(MANY, attempt)}


def test_takes_what_took_effect():
    """A run that tells of fewer switches that took effect goes on from these."""
    assert 1 == len(shrink(MANY, lambda switches: switches[:1] or None))


def test_single_looked_for():
    """One switch that is enough is looked for at every point of every thread."""
    assert (Switch(2, 3, 1),) == single(
        [4, 4, 4], lambda switches: switches if switches == (Switch(2, 3, 1),) else None
    )
    assert single([4, 4, 4], lambda _: None) is None
