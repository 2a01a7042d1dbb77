"""A pytest session to its page: what each test ran is noted in its own process, and told in the first one.

What a test ran travels with its report, as text, so that a worker of xdist that is killed takes nothing else along.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import pytest

from pflow_engine.clock import Clock
from pflow_engine.document.model import NO_FILES, Workflow
from pflow_engine.errors import PflowError
from pflow_engine.result import RunResult
from pflow_engine.trace import Event, Redactor, environment_secrets, write_text
from pflow_testkit.coverage.counting import count_on
from pflow_testkit.coverage.places import with_nested
from pflow_testkit.coverage.tally import Tally
from pflow_testkit.options import OBSERVERS, Redact
from pflow_testkit.registry import registry_for
from pflow_testkit.report.graph import graph_of
from pflow_testkit.report.model import Case, Graph, Run, Seen
from pflow_testkit.report.page import Report, page
from pflow_testkit.report.runs import Private, seen_run
from pflow_testkit.report.timing import Times

_SENT: Final = "pflow_report"
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
            file = _shown(result.workflow)
            self._workflows.setdefault(file, result.workflow)
            kept.runs.append(seen_run(result, file, times, private))
        else:
            kept.more += 1
        self._tally.watch(nodeid, result)

    def _plain(graph: Graph) -> list[Any]:
    # What xdist sends may be of plain types only.
    edges = [list(edge) for edge in graph.edges]
    return [graph.name, graph.start, [list(node) for node in graph.nodes], edges]


def _case(report: pytest.TestReport, seen: Seen, before: Case | None) -> Case:
    outcome = _outcome(report)
    if before is not None:
        # What comes after the call adds to it, and what comes before it has run nothing.
        failure = "\n\n".join(filter(None, (before.seen.failure, seen.failure)))
        seen = seen._replace(failure=failure if report.when != "call" else seen.failure)
    file, line, _ = report.location
    duration = report.duration if report.when == "call" or before is None else before.duration
    return Case(report.nodeid, (file, line or 0), outcome, duration, seen)


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "error" if report.failed and report.when != "call" else report.outcome
