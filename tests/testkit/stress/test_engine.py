"""The engine's own threads under the schedule, opcode by opcode; the long form is ``tests/benchmarks/stress.py``."""

import pytest
from engine_twins import PLANTED, SOUND, planted

SCHEDULES = 100


@pytest.mark.parametrize("part", SOUND)
def test_engine_is_sound(part):
    """No schedule of the batch, its window, cancellation, recorder and events comes to anything else."""
    explored = SOUND[part](SCHEDULES)
    assert explored.found is None, explored.found.report()
    assert SCHEDULES == explored.schedules


@pytest.mark.parametrize("part", PLANTED)
def test_planted_bug_found(part):
    """With one lock of it left out, some schedule does."""
    with planted(part) as run:
        found = run(400).found
    assert found is not None
    assert 10 == found.replayed, found.report()
