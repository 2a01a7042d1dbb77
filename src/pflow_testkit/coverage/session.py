"""A pytest session to its coverage: counted in each process, put together and told in the first one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest

from pflow_engine.trace import write_text
from pflow_testkit.coverage.counting import count_on
from pflow_testkit.coverage.formats import as_json, as_lcov
from pflow_testkit.coverage.page import as_html
from pflow_testkit.coverage.report import percent, table
from pflow_testkit.coverage.tally import Coverage, Tally
from pflow_testkit.options import WATCHERS
from pflow_testkit.options.coverage import CoverageOptions

_SENT: Final = "pflow_coverage"
_WRITERS: Final = {"html": as_html, "json": as_json, "lcov": as_lcov}


class CoverageSession:
    """A plugin of one session under ``--pflow-cov``."""

    def __init__(self, config: pytest.Config, options: CoverageOptions) -> None:
        self._config, self._options = config, options
        self._tally = Tally()
        self._coverage: Coverage | None = None
        self._told: list[str] = []
        self._unwritten = False
        config.stash[WATCHERS].append(self._tally.watch)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of xdist counted; one that was killed sends nothing."""
        sent = getattr(node, "workeroutput", {}).get(_SENT)
        if sent is not None:
            self._tally.receive(sent)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put it together; a session that reached too little fails."""
        if self._config.getoption("collectonly", default=False):
            return
        count_on(self._tally, self._config)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_SENT] = self._tally.to_send()
            return
        self._coverage = self._tally.result()
        self._told = [self._written(kind, file.path) for kind, file in self._options.reports if file is not None]
        if (self._is_short() or self._unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if self._coverage is None:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("pflow coverage", sep="-")
        if not (self._coverage.files or self._coverage.not_counted):
            terminalreporter.write_line("no workflow was collected: name a folder with --pflow-workflows")
        elif any(kind == "term" for kind, _ in self._options.reports):
            for line in table(self._coverage):
                terminalreporter.write_line(line)
        for line in self._told:
            terminalreporter.write_line(line)
        if self._is_short():
            total = self._coverage.totals()["total"]
            under = f"--pflow-cov-fail-under={self._options.fail_under:g}"
            said = f"{percent(total)} reached ({total}), which is less than {under}"
            terminalreporter.write_line(said, red=True, bold=True)

    def _is_short(self) -> bool:
        under = self._options.fail_under
        return under is not None and self._coverage is not None and self._coverage.totals()["total"].percent < under

    def _written(self, kind: str, file: Path) -> str:
        assert self._coverage is not None
        shown = os.path.relpath(file)
        try:
            write_text(file, _WRITERS[kind](self._coverage))
        except OSError as error:
            self._unwritten = True
            return f"{kind}: {shown} could not be written: {error.strerror}"
        return f"{kind}: {shown}"
