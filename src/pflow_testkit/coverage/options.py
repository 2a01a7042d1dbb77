"""The command line to what is wanted of coverage. Loaded in every pytest run, hence light."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pflow_testkit.options import add_share, read_share

_UNDER = "--pflow-cov-fail-under"
_FILES = {"term": "", "html": "pflow-coverage.html", "json": "pflow-coverage.json", "lcov": "pflow-coverage.lcov"}


class Report(NamedTuple):
    """One way to tell it; ``file`` is empty for the terminal."""

    kind: str
    file: str


class CoverageOptions(NamedTuple):
    """What was asked for. ``fail_under`` is a percentage."""

    reports: tuple[Report, ...]
    fail_under: float | None


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
        pytest.UsageError: a report of no known kind, into a folder that is not there, or a share of over 100 percent.
    """
    under = read_share(config, _UNDER)
    given = config.getoption("pflow_cov") or ([] if under is None else ["term"])
    if not given:
        return None
    base = config.invocation_params.dir
    return CoverageOptions(tuple(_report(text, base) for text in dict.fromkeys(given)), under)


def _report(text: str, base: Path) -> Report:
    kind, colon, file = text.partition(":")
    if kind not in _FILES or (colon and (not file or kind == "term")):
        hint = f"; if it is what to test, write --pflow-cov=term {text}" if Path(text).exists() else ""
        raise pytest.UsageError(f"--pflow-cov: term, html, json or lcov (these also with :FILE), not '{text}'{hint}")
    path = base / (file or _FILES[kind])
    if kind != "term" and not path.parent.is_dir():
        raise pytest.UsageError(f"--pflow-cov={text}: there is no folder {path.parent}")
    return Report(kind, "" if kind == "term" else str(path))
