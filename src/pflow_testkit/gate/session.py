"""The options of a session to its gate; and what the gate found, wherever it did, to the terminal."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.errors import Problem
from pflow_testkit.gate.approvals import Approval, approvals_of_ini
from pflow_testkit.gate.before.baseline import Baseline, Project, baseline_of
from pflow_testkit.gate.before.git import InvalidBase
from pflow_testkit.gate.before.selection import Selection
from pflow_testkit.gate.gate import JUDGED, Gate
from pflow_testkit.gate.reports.files import GateFiles
from pflow_testkit.gate.reports.told import Told
from pflow_testkit.gate.row import Judged, Row
from pflow_testkit.gate.table import counted, table, unreadable
from pflow_testkit.options import KEY
from pflow_testkit.options.gate import GATE, GateOptions
from pflow_testkit.options.gate import KEY as GATE_KEY

_COMMITS = "pflow_commits"
"""Where xdist's workers find which commits are the base: a branch may move while they start."""

_NOTHING_LEFT = "pflow_nothing_left"
"""Where they say that ``--pflow-changed`` left out every test."""


def open_gate(config: pytest.Config) -> None:
    """Find the base, and let the session have its gate.

    Raises:
        pytest.UsageError: the base cannot be had, or an approval of the ini file is none.
    """
    options, folders = config.stash[GATE_KEY], _folders(config)
    bases = _bases(config, options, folders)
    approvals = approvals_of_ini(options.allow, config.inipath, config.rootpath)
    if approvals.problems:
        raise pytest.UsageError("\n".join(map(str, approvals.problems)))
    selections, reports = {}, tuple(file.path for file in options.files)
    for base in dict.fromkeys(bases.values()):
        of_base = tuple(folder for folder in folders if bases[folder] is base)
        selections.update(dict.fromkeys(of_base, Selection(base, of_base, reports)))
    gate = Gate(config, selections, approvals.given, options.against is not None, options.changed, options.draws)
    try:
        gate.look()
    except InvalidBase as error:
        raise pytest.UsageError("\n".join(_said(problem, options) for problem in error.problems)) from None
    config.stash[GATE] = gate
    report = GateReport(gate, approvals.given)
    config.pluginmanager.register(report, "pflow_gate")
    if gate.judges and not hasattr(config, "workerinput"):
        config.pluginmanager.register(GateFiles(config, options, report.told), "pflow_gate_files")


class GateReport:
    """A plugin of one session: carries what items found to where it is shown, and shows it."""

    def __init__(self, gate: Gate, allowed: tuple[Approval, ...]) -> None:
        self.judged: dict[Path, Judged] = {}
        self.unjudged: list[Path] = []
        self._gate, self._allowed = gate, allowed
        self._bases = list(dict.fromkeys(each.base for each in gate.selections.values()))

    def pytest_report_header(self) -> list[str]:
        """Say what is compared with what, and why everything is run if it is."""
        return [f"pflow gate: against {self._against}", *self._new_folders(), *self._run_all()]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Say the same of what is known only now."""
        unknown = self._gate.unknown if self._gate.selecting else []
        return [
            f"pflow gate: everything is run, since git does not know '{os.path.relpath(file)}'" for file in unknown[:1]
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist the commits."""
        node.workerinput[_COMMITS] = {str(base.top): base.commit for base in self._bases if base.commit}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, pytest.TestReport]:
        """Put what was found into the report of the item."""
        report = yield
        if self._gate.is_judged_by(item) and (call.when == "call" or not report.passed):
            judged = item.stash.get(JUDGED, None)
            report.pflow_gate = [item.path.as_posix(), judged.plain() if judged else None]
        assert isinstance(report, pytest.TestReport)
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from a worker of xdist that it was left nothing to run; the first process collects no tests."""
        self._gate.nothing_left |= getattr(node, "workeroutput", {}).get(_NOTHING_LEFT, False)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """That nothing may come out differently is no failure, as having no tests is."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_NOTHING_LEFT] = self._gate.nothing_left
        elif self._gate.nothing_left and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take it out of the report."""
        file, judged = getattr(report, "pflow_gate", ("", None))
        if judged is not None:
            self.judged[Path(file)] = Judged.of(judged)
        elif file:
            self.unjudged.append(Path(file))
        elif report.failed and report.nodeid.endswith("::gate") and report.when not in ("setup", "call", "teardown"):
            # xdist's word on a worker that died of it.
            self.unjudged.append(self._gate.config.rootpath / report.nodeid.removesuffix("::gate"))

    def told(self, complete: bool) -> Told:  # noqa: FBT001  # called by position alone
        """All of it, as other programs are told: files as seen from the top of the working tree."""
        judged = [self.judged[file].named(self._name) for file in sorted(self.judged)]
        unjudged = sorted({self._name(str(file)) for file in self.unjudged if file not in self.judged})
        return Told(self._against, tuple(judged), tuple(unjudged), complete)

    @property
    def rows(self) -> list[Row]:
        """All that was found."""
        return [row for judged in self.judged.values() for row in judged.rows]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table, and the approvals that are of no use."""
        stale = [str(approval.stale()) for approval in self._allowed if self._is_stale(approval)]
        if not self.judged and not stale:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("pflow gate", sep="-")
        compared = "1 workflow" if len(self.judged) == 1 else f"{len(self.judged)} workflows"
        terminalreporter.write_line(f"{compared} compared: {counted(self.rows) or 'no change'}")
        for line in (*table(self.rows), *unreadable(self.judged.values()), *stale):
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Take away what was written."""
        for base in self._bases:
            base.close()

    @property
    def _against(self) -> str:
        return ", ".join(dict.fromkeys(base.shown for base in self._bases))

    def _name(self, file: str) -> str:
        # Of a submodule's files too, as seen from the project that has it: that is what other programs know.
        path = Path(os.path.abspath(self._gate.config.invocation_params.dir / file))  # noqa: PTH100  # keeps symbolic links as written
        tops = sorted(self._bases, key=lambda base: len(base.top.parts))
        return next(filter(None, (base.name_of(path) for base in tops)), path.as_posix())

    def _new_folders(self) -> Iterator[str]:
        for folder, selection in self._gate.selections.items():
            if not selection.base.has(folder):
                yield f"pflow gate: '{os.path.relpath(folder)}' was not there, so all in it is new"

    def _run_all(self) -> Iterator[str]:
        if self._gate.selecting and self._gate.because:
            yield f"pflow gate: everything is run, since anything may depend on '{self._gate.because}', which changed"

    def _is_stale(self, approval: Approval) -> bool:
        file = Path(os.path.abspath(approval.file))  # noqa: PTH100  # keeps symbolic links as written
        used = any((row.rule, row.path) == (approval.rule, approval.path) and _is(row, file) for row in self.rows)
        if not self._gate.judges or used:
            return False
        return file in self.judged or _is_whole(self._gate.config)


def _is(row: Row, file: Path) -> bool:
    return Path(os.path.abspath(row.workflow)) == file and row.severity == "BREAKING"  # noqa: PTH100  # keeps symbolic links as written


def _is_whole(config: pytest.Config) -> bool:
    # With a part of the tests left out, what was not found says nothing.
    partly = any(config.getoption(name, default=None) for name in ("keyword", "markexpr", "lf", "deselect", "ignore"))
    narrow = any("::" in argument or Path(argument).is_file() for argument in config.args)
    return not (partly or narrow or config.getoption("collectonly", default=False))


def _folders(config: pytest.Config) -> tuple[Path, ...]:
    opted_in = config.stash[KEY].folders
    return tuple(dict.fromkeys(path if path.is_dir() else path.parent for path in opted_in))


def _bases(config: pytest.Config, options: GateOptions, folders: tuple[Path, ...]) -> dict[Path, Baseline]:
    commits = getattr(config, "workerinput", {}).get(_COMMITS, {})
    project = Project(config.invocation_params.dir, config.rootpath, tuple(config.getini("norecursedirs")))
    found: dict[Path, Baseline] = {}
    wrong: dict[str, None] = {}
    for folder in folders:
        try:
            base = baseline_of(folder, options.against, project, commits)
        except InvalidBase as error:
            wrong.update(dict.fromkeys(_said(problem, options) for problem in error.problems))
            continue
        found[folder] = next((each for each in found.values() if each.top == base.top), base)
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    return found


def _said(problem: Problem, options: GateOptions) -> str:
    option = "--pflow-changed" if options.against is None else f"--pflow-against={options.against}"
    return f"{option}: {problem.message}" + (f"\n  hint: {problem.hint}" if problem.hint else "")
