"""The command line to what is wanted of mutants. Loaded in every pytest run, hence light."""

from __future__ import annotations

from typing import NamedTuple

import pytest

KEY: pytest.StashKey[MutationOptions | None] = pytest.StashKey()


class MutationOptions(NamedTuple):
    """``fail_under`` is a percentage of mutants that must be noticed."""

    fail_under: float | None


def add_mutation_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    group.addoption(
        "--pflow-mutate",
        action="store_true",
        default=False,
        help="change each workflow one step at a time and run its cases again: item mutant[…]. Lists the changes that "
        "no case notices",
    )
    group.addoption(
        "--pflow-mutate-fail-under",
        type=float,
        metavar="N",
        help="fail if the cases notice less than N percent of the mutants; counts as --pflow-mutate",
    )


def read_mutation_options(config: pytest.Config) -> MutationOptions | None:
    """What was asked for, checked; None where nothing was.

    Raises:
        pytest.UsageError: a share of over 100 percent.
    """
    under = config.getoption("pflow_mutate_fail_under")
    if under is not None and not 0 <= under <= 100:  # noqa: PLR2004  # percent
        raise pytest.UsageError(f"--pflow-mutate-fail-under: a percentage from 0 to 100, not {under:g}")
    return MutationOptions(under) if under is not None or config.getoption("pflow_mutate") else None
