"""The command line to what is wanted of coverage."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pflow_testkit.options.files import OutputFile, output_file, refuse_wrong
from pflow_testkit.options.shares import add_share, read_share

_UNDER = "--pflow-cov-fail-under"
_FILES = {"term": "", "html": "pflow-coverage.html", "json": "pflow-coverage.json", "lcov": "pflow-coverage.lcov"}


Report = tuple[str, OutputFile | None]
"""One way to tell it: its kind, and the file; none for the terminal."""


class CoverageOptions(NamedTuple):
    """What was asked for. ``fail_under`` is a percentage."""

    reports: tuple[Report, ...]
    fail_under: float | None

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """Those to write."""
        return tuple(file for _, file in self.reports if file is not None)


def add_coverage_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    group.addoption(
        "--pflow-cov",
        action="append",
        nargs="?",
        const="term",
        default=[],
        metavar="REPORT",
        help="count what of each workflow the tests reach: nodes, edges, templates, what becomes of batches, errors. "
        "REPORT is term (the default), html, json or lcov, these with a file: html:FILE. Repeatable",
    )
    add_share(group, _UNDER, "fail if less than N percent is reached; counts as --pflow-cov")


def read_coverage_options(config: pytest.Config) -> CoverageOptions | None:
    """What was asked for, checked; None where nothing was.

    Raises:
        pytest.UsageError: reports of no known kind, or into files that cannot be written; a share of over 100 percent.
    """
    under = read_share(config, _UNDER)
    given = config.getoption("pflow_cov") or ([] if under is None else ["term"])
    if not given:
        return None
    wrong = list(filter(None, map(_wrong, given)))
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    options = CoverageOptions(tuple(_report(text, config) for text in dict.fromkeys(given)), under)
    refuse_wrong(options.files)
    return options


def _wrong(text: str) -> str:
    kind, colon, file = text.partition(":")
    if kind in _FILES and (not colon or (file and kind != "term")):
        return ""
    hint = f"; if it is what to test, write --pflow-cov=term {text}" if Path(text).exists() else ""
    return f"--pflow-cov: term, html, json or lcov (these also with :FILE), not '{text}'{hint}"


def _report(text: str, config: pytest.Config) -> Report:
    kind, _, named = text.partition(":")
    name = named or _FILES[kind]
    return kind, output_file(config, f"--pflow-cov={text}", name) if name else None
