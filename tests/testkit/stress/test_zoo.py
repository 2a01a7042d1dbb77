"""Every kind of race is found, and no sound twin is accused.

This is the short form; ``tests/benchmarks/stress.py`` runs 21 seeds and 5,000 schedules.
"""

import pytest
from zoo import KINDS

from pflow_testkit.stress import explore

SEEDS = (0, 1, 2)
SOUND = 300
BY_CHANCE = {
    "exception", "deadlock", "write after return",
}  # fmt: skip


def test_zoo_is_large():
    """There are at least sixteen kinds."""
    assert 16 <= len(KINDS)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_broken_found(kind, seed):
    """A broken one is found within 200 schedules, and fails in the same way each time it is replayed."""
    found = explore(KINDS[kind].broken, seed=seed).found
    assert found.failure.kind in BY_CHANCE
    assert (10, 10) == (found.replayed, found.replays)
    assert found.switches <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_sound_clean(kind):
    """A sound one is not accused."""
    found = explore(KINDS[kind].sound, schedules=SOUND).found
    assert found is None, found.report()


@pytest.mark.parametrize("kind", ["lost_update", "lock_order_inversion", "write_after_return"])
def test_walk_finds(kind):
    """The random walk finds them too, and accuses no sound one."""
    assert explore(KINDS[kind].broken, strategy="random").found.replayed == 10
    assert explore(KINDS[kind].sound, strategy="random", schedules=50).found is None
