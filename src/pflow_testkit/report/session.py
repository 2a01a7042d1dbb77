"""A pytest session to its page: what each test ran is noted in its own process, and told in the first one.

What a test ran travels with its report, as text, so that a worker of xdist that is killed takes nothing else along.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import pytest

from pflow_engine.clock import Clock
from pflow_engine.document.model import NO_FILES, Workflow
from pflow_engine.result import RunResult
from pflow_engine.trace import Event, Redactor, environment_secrets, write_text
from pflow_testkit.coverage.counting import count_on
from pflow_testkit.coverage.places import with_nested
from pflow_testkit.coverage.report import told_of_lost
from pflow_testkit.coverage.sharing import Sharing
from pflow_testkit.coverage.tally import Tally
from pflow_testkit.items import WorkflowItem
from pflow_testkit.options import OBSERVERS, Redact
from pflow_testkit.registry import registry_for
from pflow_testkit.report.graph import graph_of
from pflow_testkit.report.model import Case, Graph, Run, Seen
from pflow_testkit.report.page import Report, page
from pflow_testkit.report.runs import Private, seen_run
from pflow_testkit.report.timing import Times

_MOST_RUNS: Final = 5
"""Runs of one test that are kept; one of hypothesis may make hundreds."""
_MOST_FAILURE: Final = 20_000


class _Kept:
    """What is kept of a test while it runs."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.private: list[Private] = []
        self.more = 0


@dataclass(frozen=True)
class _Watched:
    """Hears one run of a test."""

    session: ReportSession
    nodeid: str
    redact: Redact
    times: Times

    def on_event(self, event: Event, /) -> None:
        """Note when items were at work."""
        self.times.on_event(event)

    def ended(self, result: RunResult, /) -> None:
        """Keep what is shown of it."""
        self.session.keep(self.nodeid, result, self.times, self.redact)


class ReportSession:
    """A plugin of one session under ``--pflow-report``. Only the thread that runs tests writes to it."""

    def __init__(self, config: pytest.Config, file: Path) -> None:
        self._config, self._file = config, file
        self._started = perf_counter()
        self._tally = Tally()
        self._sharing = Sharing(config, self._tally, "pflow_report", self._rows)
        self._kept: dict[str, _Kept] = defaultdict(_Kept)
        self._workflows: dict[str, Workflow] = {}
        self._graphs: dict[str, Graph] = {}
        self._cases: dict[str, Case] = {}
        self._unread: dict[str, str] = {}
        self._told = ""
        config.stash[OBSERVERS].append(self._observe)

    def _observe(self, nodeid: str, clock: Clock, redact: Redact) -> _Watched:
        return _Watched(self, nodeid, redact, Times(clock.now))

    def keep(self, nodeid: str, result: RunResult, times: Times, redact: Redact) -> None:
        """Take a run that ended."""
        kept = self._kept[nodeid]
        private = Private(result.trace.redactor(), redact)
        kept.private.append(private)
        if len(kept.runs) < _MOST_RUNS:
            result = self._named(result, nodeid)
            file = self._shown(result.workflow)
            if file not in self._workflows:
                self._workflows[file] = _filed(result.workflow, os.path.abspath(result.workflow.document.file))  # noqa: PTH100  # keeps symbolic links as written
            kept.runs.append(seen_run(result, file, times, private))
        else:
            kept.more += 1
        self._tally.watch(nodeid, result)

    def _named(self, result: RunResult, nodeid: str) -> RunResult:
        # Of a workflow that a test writes itself there is no file: it goes by the test's own name.
        if result.workflow.document.file not in NO_FILES:
            return result
        return replace(result, workflow=_filed(result.workflow, str(self._config.invocation_params.dir / nodeid)))

    def _shown(self, workflow: Workflow) -> str:
        # From where pytest was started: a test may be somewhere else.
        return os.path.relpath(workflow.document.file, self._config.invocation_params.dir)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the report of a test of ours carry what its process knows."""
        report = yield
        own = isinstance(item, WorkflowItem)
        if own or item.nodeid in self._kept or "pflow" in getattr(item, "fixturenames", ()):
            kept = self._kept[item.nodeid] if report.when != "teardown" else self._kept.pop(item.nodeid, _Kept())
            file = os.path.relpath(item.path) if own else ""
            failure = self._failure(report.longreprtext, kept) if report.failed else ""
            runs = kept.runs if report.when != "setup" else []
            report.pflow_seen = Seen(file, failure, runs, kept.more).to_text()  # type: ignore[attr-defined]  # travels with it
        self._sharing.attach(report)
        return report

    def _failure(self, said: str, kept: _Kept) -> str:
        for private in [*kept.private, Private(Redactor.of(environment_secrets()), lambda value: value)]:
            said = private.text(said, _MOST_FAILURE)
        return said

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test carried: its call, and what went wrong before or after."""
        self._add(self._sharing.received(report))
        carried = getattr(report, "pflow_seen", None)
        if carried is None:
            return
        before = self._cases.get(report.nodeid)
        if report.when == "call" or report.outcome != "passed" or before is None:
            outcome = self._config.hook.pytest_report_teststatus(report=report, config=self._config)[0]
            self._cases[report.nodeid] = _case(report, outcome or report.outcome, Seen.of_text(carried), before)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a workflow that could not be collected."""
        if report.failed:
            self._unread[report.nodeid] = self._failure(report.longreprtext, _Kept())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Note a worker of xdist that has begun."""
        self._sharing.ready(node)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what else it knows of workflows."""
        self._add(self._sharing.down(node))

    def _add(self, sent: Mapping[str, Any]) -> None:
        self._graphs.update({file: Graph.of_row(row) for file, row in sent.get("graphs", {}).items()})

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the page, whole or not at all; one that cannot be written fails the session."""
        if self._config.getoption("collectonly", default=False):
            return
        if self._sharing.on_worker:
            self._sharing.end()
            return
        self._draw()
        shown = os.path.relpath(self._file)
        try:
            write_text(self._file, page(self._report(exitstatus)), errors="backslashreplace")
        except OSError as error:
            self._told = f"{shown} could not be written: {error.strerror}"
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            self._told = f"{shown} ({self._file.stat().st_size / 1024:,.0f} KB)"

    def _rows(self) -> dict[str, Any]:
        self._draw()
        return {"graphs": {file: _plain(graph) for file, graph in self._graphs.items()}}

    def _draw(self) -> None:
        collected = count_on(self._tally, self._config)
        for workflow in self._workflows.values():
            # Run by a test, of no folder that was opted in to: its types are those that it ran with.
            self._tally.add_workflow(workflow, registry_for(self._config, Path(workflow.document.file)))
        for workflow in [*collected, *self._workflows.values()]:
            for each in with_nested(workflow):
                self._graphs.setdefault(self._shown(each), graph_of(each, self._shown))

    def _report(self, exitstatus: int) -> Report:
        early = "The session was interrupted: this is what it came to until then."
        ended = [early] if exitstatus == pytest.ExitCode.INTERRUPTED else []
        missing = [f"Of workflows {told_of_lost(self._sharing.lost)}."] if self._sharing.lost else []
        return Report(
            cases=list(self._cases.values()),
            coverage=self._tally.result(),
            graphs=self._graphs,
            unread=sorted(self._unread.items()),
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            seconds=perf_counter() - self._started,
            ended=" ".join([*ended, *missing]),
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it is."""
        if self._told:
            terminalreporter.ensure_newline()
            terminalreporter.section("pflow report", sep="-")
            terminalreporter.write_line(self._told)


def _filed(workflow: Workflow, file: str) -> Workflow:
    return replace(workflow, document=replace(workflow.document, file=file))


def _plain(graph: Graph) -> list[Any]:
    # What xdist sends may be of plain types only.
    edges = [list(edge) for edge in graph.edges]
    return [graph.name, graph.start, [list(node) for node in graph.nodes], edges]


def _case(report: pytest.TestReport, outcome: str, seen: Seen, before: Case | None) -> Case:
    if before is not None:
        # What comes after the call adds to it, and what comes before it has run nothing.
        failure = "\n\n".join(filter(None, (before.seen.failure, seen.failure)))
        seen = seen._replace(failure=failure if report.when != "call" else seen.failure)
    file, line, _ = report.location
    duration = report.duration if report.when == "call" or before is None else before.duration
    return Case(report.nodeid, (file, line or 0), outcome, duration, seen)
