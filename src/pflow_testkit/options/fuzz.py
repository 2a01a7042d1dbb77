"""The command line and a case file to how a workflow is fuzzed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest


class FuzzOptions(NamedTuple):
    """How a workflow is fuzzed. Without ``max_examples`` as many as the profile of hypothesis says, or few.

    ``schedules`` of its threads are tried for each example, ``faults`` are let loose, and a node may raise what is
    named under ``allow``.
    """

    max_examples: int | None = None
    schedules: int = 4
    faults: bool = True
    allow: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Any) -> FuzzOptions:
        """Those that stand under ``fuzz`` in a case file."""
        if not isinstance(written, Mapping):
            return cls()
        return cls(**{**written, "allow": tuple(written.get("allow", ()))})


def add_fuzz_options(parser: pytest.Parser) -> None:
    """Declare the option; its help is what ``pytest --help`` prints."""
    parser.getgroup("pflow", "pflow workflows (pflow-testkit)").addoption(
        "--pflow-fuzz",
        action="store_true",
        default=False,
        help="fuzz every workflow: run it with generated inputs and faults (hypothesis; its options hold, too)",
    )


def is_fuzzed(written: Any, config: pytest.Config) -> bool:
    """Whether a workflow has an item ``fuzz``: its case file says so, or says nothing and every one is fuzzed."""
    every: bool = config.getoption("pflow_fuzz")
    return every if written is None else written is not False
