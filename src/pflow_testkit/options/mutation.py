"""The command line to what is wanted of mutants."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pflow_testkit.options.shares import add_share, read_share

_UNDER = "--pflow-mutate-fail-under"
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
    add_share(
        group,
        _UNDER,
        "fail if the cases notice less than N percent of the mutants that are not explained under survivors; counts as "
        "--pflow-mutate",
    )


def read_mutation_options(config: pytest.Config) -> MutationOptions | None:
    """What was asked for, checked; None where nothing was.

    Raises:
        pytest.UsageError: a share of over 100 percent.
    """
    under = read_share(config, _UNDER)
    return MutationOptions(under) if under is not None or config.getoption("pflow_mutate") else None
