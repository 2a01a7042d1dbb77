"""The command line to what the session wants of stress."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

MARKER = (
    "pflow_stress(schedules=200, strategy='pct', depth=3, seed=0, granularity='opcode', budget=None, include=()): "
    "run the test under that many schedules of its threads, until one breaks it."
)
KEY: pytest.StashKey[StressOptions] = pytest.StashKey()


class StressOptions(NamedTuple):
    """``every`` case is stressed, not just those that say so; what is None is up to each test."""

    every: bool = False
    schedules: int | None = None
    seed: int | None = None
    replay: str | None = None


def add_stress_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    group.addoption(
        "--pflow-stress", action="store_true", default=False, help="stress every case: its batches under many schedules"
    )
    group.addoption("--pflow-schedules", type=int, metavar="N", help="how many schedules to try, whatever a test says")
    group.addoption("--pflow-seed", type=int, metavar="N", help="the seed of the schedules; each gives others")
    group.addoption("--pflow-schedule", metavar="TOKEN", help="run just the schedule that a report names: pct:41:2a")


def read_stress_options(config: pytest.Config) -> StressOptions:
    """The options of a session, checked.

    Raises:
        pytest.UsageError: fewer than one schedule. Whether ``replay`` names one is for those to say who know them.
    """
    replay, schedules = config.getoption("pflow_schedule"), config.getoption("pflow_schedules")
    if schedules is not None and schedules < 1:
        raise pytest.UsageError(f"--pflow-schedules: at least 1, not {schedules}")
    return StressOptions(config.getoption("pflow_stress"), schedules, config.getoption("pflow_seed"), replay)


def is_stressed(case: Any, config: pytest.Config) -> bool:
    """Whether a case has an item ``stress[…]``: it says so, or says nothing and every case is to be stressed."""
    return bool(case.stress) or (case.stress is None and config.stash[KEY].every)
