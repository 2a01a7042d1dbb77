"""What the gate found to files, to the summary of a step in GitHub Actions and to annotations in its log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pflow_engine.trace import write_text
from pflow_testkit.gate.reports.actions import as_annotations
from pflow_testkit.gate.reports.sarif import as_sarif
from pflow_testkit.gate.reports.summary import summary
from pflow_testkit.gate.reports.told import Told
from pflow_testkit.options.gate import GateOptions

_RAN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class GateFiles:
    """A plugin of one session, in its first process alone. ``told`` gives what was found; whether all was, is said."""

    def __init__(self, config: pytest.Config, options: GateOptions, told: Callable[[bool], Told]) -> None:
        self._config, self._options, self._told = config, options, told
        self._lines: list[str] = []

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write what was asked for; a session that could not fails."""
        if self._config.getoption("collectonly", default=False):
            return
        told = self._told(exitstatus in _RAN and not session.shouldfail and not session.shouldstop)
        unwritten = list(self._write(told))
        self._lines += unwritten
        if self._options.actions:
            self._lines += as_annotations(told.rows)
        if unwritten and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is to be said, below the table."""
        for line in self._lines:
            terminalreporter.write_line(line)

    def _write(self, told: Told) -> Iterator[str]:
        files = self._options
        if files.sarif is not None:
            text = json.dumps(as_sarif(told), indent=2, ensure_ascii=False) + "\n"
            yield from _tried(files.sarif.path, lambda file: write_text(file, text))
        if files.summary is not None:
            yield from _tried(files.summary.path, lambda file: write_text(file, summary(told)))
        if files.step_summary is not None and (told.judged or not told.whole):
            yield from _tried(files.step_summary, lambda file: _append(file, told))


def _append(file: Path, told: Told) -> None:
    # What other commands of the step wrote there counts, too; the line that parts the two as well.
    there = file.stat().st_size + 1 if file.exists() else 0
    text = summary(told, room=there)
    with file.open("a", encoding="utf-8", newline="\n") as opened:
        opened.write(("\n" if there > 1 else "") + text)


def _tried(file: Path, write: Callable[[Path], None]) -> Iterator[str]:
    try:
        write(file)
    except OSError as error:
        yield f"{os.path.relpath(file)} could not be written: {error.strerror or error}"
