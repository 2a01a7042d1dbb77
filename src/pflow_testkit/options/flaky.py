"""The command line to how often each case is run."""

from __future__ import annotations

import pytest

KEY: pytest.StashKey[int] = pytest.StashKey()
"""How many times; 0 where it was not asked for."""


def add_flaky_options(parser: pytest.Parser) -> None:
    """Declare the option; its help is what ``pytest --help`` prints."""
    parser.getgroup("pflow", "pflow workflows (pflow-testkit)").addoption(
        "--pflow-flaky",
        type=int,
        default=0,
        metavar="N",
        help="run each case N times in order and under N schedules, each with another hash seed: item flaky[case]. "
        "Says whether a difference comes from a node, the schedule or the cassette",
    )


def read_flaky_options(config: pytest.Config) -> int:
    """How many times, checked.

    Raises:
        pytest.UsageError: once is not enough to see a difference.
    """
    times: int = config.getoption("pflow_flaky")
    if times < 0 or times == 1:
        raise pytest.UsageError(f"--pflow-flaky: at least 2 runs, not {times}")
    return times
