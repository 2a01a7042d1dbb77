"""What a session learns while it goes on: the tests it collected, those that passed, what xdist's workers sent.

Registered in every pytest run, so it only takes notes; what they mean is found out at the end, in ``leftovers.py``,
and only where something of ours is kept.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pflow_testkit.options import FOLDERS, KEY

SENT = "pflow_ledger"
"""Where a worker leaves what it sends."""


class Ledger:
    """A plugin of one session."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._items: list[pytest.Item] = []
        self._folders: set[Path] = set()
        self._passed: set[str] = set()
        self._workers: list[Any] = []
        self._lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note what was collected, before anything is deselected."""
        self._items = list(items)
        self._folders.update(item.path.parent for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note where the tests are that workers of xdist collected; their controller collects none."""
        self._folders.update((self._config.rootpath / each.partition("::")[0]).parent for each in ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what passed."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Where a session stops early, keep what the tests that did not run would have used."""
        try:
            return (yield)
        except BaseException:
            self._keep_unused()
            raise

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Note what a worker of xdist sent when it ended; one that was killed sends nothing."""
        if error:
            self._keep_unused()
        sent = getattr(node, "workeroutput", {}).get(SENT)
        if sent is not None:
            self._workers.append(sent)

    def pytest_sessionfinish(self) -> None:
        """Find what is left over, or send what is known to xdist's controller."""
        on_worker = hasattr(self._config, "workeroutput")
        options = self._config.stash[KEY]
        if options.init or not (options.folders or self._workers or self._keeps_something()):
            return
        from pflow_testkit.snapshots.leftovers import report, to_send  # noqa: PLC0415  # for start-up time

        if on_worker:
            self._config.workeroutput[SENT] = to_send(self._config, self._items, self._passed)  # type: ignore[attr-defined]  # xdist's
        else:
            self._lines = report(self._config, self._items, self._passed, self._workers)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is left over."""
        if self._lines:
            terminalreporter.ensure_newline()
            terminalreporter.section("pflow snapshots and cassettes", sep="-")
            for line in self._lines:
                terminalreporter.write_line(line)

    def _keep_unused(self) -> None:
        # syrupy takes a test that was to run for one that ran, and deletes its snapshots when it updates others.
        if self._config.stash[KEY].folders or self._keeps_something():
            self._config.option.no_cleanup = True

    def _keeps_something(self) -> bool:
        return any((folder / name).is_dir() for folder in self._folders for name in FOLDERS)
