"""The command line to how often each case is run."""

from __future__ import annotations

from typing import Final

import pytest

KEY: pytest.StashKey[int] = pytest.StashKey()
"""How many times; 0 where it was not asked for."""
_LEAST: Final = 2


def add_flaky_options(parser: pytest.Parser) -> None:
    """Declare the option; its help is what ``pytest --help`` prints."""
    parser.getgroup("pflow", "pflow workflows (pflow-testkit)").addoption(
        "--pflow-flaky",
        type=int,
        default=None,
        metavar="N",
        help="run each case N times in order and under N schedules, its processes with other hash seeds: flaky[case]. "
        "Says whether a difference comes from a node, the schedule or the cassette",
    )


def read_flaky_options(config: pytest.Config) -> int:
    """How many times, checked.

    Raises:
        pytest.UsageError: once is not enough to see a difference.
    """
    times: int | None = config.getoption("pflow_flaky")
    if times is not None and times < _LEAST:
        raise pytest.UsageError(f"--pflow-flaky: at least {_LEAST} runs, not {times}")
    return times or 0
