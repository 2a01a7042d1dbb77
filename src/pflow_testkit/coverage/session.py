"""A pytest session to its coverage: counted in each process, put together and told in the first one."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from pflow_engine.trace import write_text
from pflow_testkit.coverage.counting import count_on
from pflow_testkit.coverage.formats import as_json, as_lcov
from pflow_testkit.coverage.page import as_html
from pflow_testkit.coverage.report import percent, table, told_of_lost
from pflow_testkit.coverage.sharing import Sharing
from pflow_testkit.coverage.tally import Coverage, Tally
from pflow_testkit.options import WATCHERS
from pflow_testkit.options.coverage import CoverageOptions

_WRITERS: Final = {"html": as_html, "json": as_json, "lcov": as_lcov}
_UNENCODABLE: Final = {"lcov": "surrogateescape"}
"""LCOV names files by their bytes; what is to be read by people or as JSON spells out what is no UTF-8."""


class CoverageSession:
    """A plugin of one session under ``--pflow-cov``."""

    def __init__(self, config: pytest.Config, options: CoverageOptions) -> None:
        self._config, self._options = config, options
        self._tally = Tally()
        self._coverage: Coverage | None = None
        self._told: list[str] = []
        self._unwritten = False
        self._sharing = Sharing(config, self._tally, "pflow_coverage", self._count)
        config.stash[WATCHERS].append(self._tally.watch)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the last report of each test carry what it reached."""
        report = yield
        self._sharing.attach(report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a test on a worker reached."""
        self._sharing.received(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Note a worker of xdist that has begun."""
        self._sharing.ready(node)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what else it counted."""
        self._sharing.down(node)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put it together; a session that reached too little fails."""
        if self._config.getoption("collectonly", default=False):
            return
        if self._sharing.on_worker:
            self._sharing.end()
            return
        self._count()
        self._coverage = replace(self._tally.result(), lost=self._sharing.lost)
        self._told = [self._written(kind, file.path) for kind, file in self._options.reports if file is not None]
        if (self._short() or self._unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if self._coverage is None:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("pflow coverage", sep="-")
        lost = told_of_lost(self._coverage.lost)
        if not (self._coverage.files or self._coverage.not_counted or lost):
            terminalreporter.write_line("no workflow was collected: name a folder with --pflow-workflows")
        elif any(kind == "term" for kind, _ in self._options.reports):
            for line in table(self._coverage):
                terminalreporter.write_line(line)
        for line in self._told:
            terminalreporter.write_line(line)
        for line in filter(None, (lost, self._short())):
            terminalreporter.write_line(line, red=True, bold=True)

    def _short(self) -> str:
        # Why too little is reached; "" where it is enough, or nobody asks.
        if self._options.fail_under is None or self._coverage is None:
            return ""
        total, under = self._coverage.totals()["total"], f"--pflow-cov-fail-under={self._options.fail_under:g}"
        if self._coverage.lost:
            return f"{under} is held against whole figures alone"
        if total.percent is None:
            return f"there was nothing to reach, which is less than {under}" if self._options.fail_under else ""
        less = total.percent < self._options.fail_under
        return f"{percent(total)} reached ({total}), which is less than {under}" if less else ""

    def _count(self) -> dict[str, Any]:
        count_on(self._tally, self._config)
        return {}

    def _written(self, kind: str, file: Path) -> str:
        assert self._coverage is not None
        shown = os.path.relpath(file)
        try:
            write_text(file, _WRITERS[kind](self._coverage), errors=_UNENCODABLE.get(kind, "backslashreplace"))
        except OSError as error:
            self._unwritten = True
            return f"{kind}: {shown} could not be written: {error.strerror}"
        return f"{kind}: {shown}"
