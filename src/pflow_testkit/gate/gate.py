"""A session to the workflows that are compared with those at the base, and to a verdict on each."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import pytest

from pflow_engine.document.folder import is_workflow_name
from pflow_engine.document.load import form_of, load
from pflow_engine.document.model import Document
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_testkit.cases import Case
from pflow_testkit.gate.approvals import Approval, Approvals, approvals_in
from pflow_testkit.gate.before.baseline import Baseline, is_elsewhere
from pflow_testkit.gate.before.git import InvalidBase
from pflow_testkit.gate.before.selection import Selection, is_workflow_text
from pflow_testkit.gate.before.versions import Compared, as_it_was, at_hand
from pflow_testkit.gate.comparing.callers import Nesting, Workflows
from pflow_testkit.gate.comparing.compare import compare_sets
from pflow_testkit.gate.comparing.pairing import matched
from pflow_testkit.gate.model import Finding
from pflow_testkit.gate.replaying.replay import Replay, Side
from pflow_testkit.gate.reports.told import properties_of
from pflow_testkit.gate.row import Judged, row_of
from pflow_testkit.gate.table import refusal
from pflow_testkit.options import FOLDERS
from pflow_testkit.options.gate import KEY as GATE_KEY

JUDGED: pytest.StashKey[Judged] = pytest.StashKey()
"""Of an item ``gate``: what it found."""


@dataclass
class Gate:
    """What one process knows of it. ``selections`` has for each folder of workflows what changed around it.

    ``judges`` says whether workflows are compared, ``selecting`` whether only what may differ is run, ``draws`` whether
    the graphs of those that changed are asked for. ``nothing_left`` is known when tests were collected: whether every
    one of them was left out.
    """

    config: pytest.Config
    selections: Mapping[Path, Selection]
    allowed: tuple[Approval, ...]
    judges: bool
    selecting: bool
    draws: bool = False
    nothing_left: bool = False
    _compared: dict[Path, Compared] = field(default_factory=dict)
    _read: dict[Path, Document] = field(default_factory=dict)
    _unread: dict[Path, InvalidBase] = field(default_factory=dict)

    def compares(self, path: Path, document: Document, cases: tuple[Case, ...]) -> bool:
        """Whether a workflow that was collected has to be compared: it, or what it nests, is another one now."""
        self._read[path] = document
        selection = self._selection(path)
        if not self.judges or selection is None or not selection.base.is_known(path):
            return False
        if not selection.is_met(path, document):
            return False
        self._compared[path] = Compared(path, selection.base, document, cases)
        return True

    def look(self) -> None:
        """Read what is needed before anything is collected.

        Raises:
            InvalidBase: it cannot be had.
        """
        _ = self._gone, self.selecting and self.because

    def removed(self) -> list[Path]:
        """The workflows that are gone, of those that would be collected."""
        found = sorted(path for path in self._gone if self._is_asked_for(path))
        for path in found:
            self._compared[path] = Compared(path, self._base(path))
        return found

    @cached_property
    def because(self) -> str:
        """The first file that changed and that anything may depend on, "" where there is none."""
        return next(filter(None, (each.because for each in self.selections.values())), "")

    @property
    def unknown(self) -> list[Path]:
        """The conftest.py files of which it cannot be told if they changed."""
        files = [getattr(plugin, "__file__", None) for plugin in self.config.pluginmanager.get_plugins()]
        conftests = [Path(file) for file in files if file and Path(file).name == "conftest.py"]
        bases = dict.fromkeys(each.base for each in self.selections.values())
        return sorted(file for file in conftests if not any(base.is_known(file) for base in bases))

    def deselect(self, items: list[pytest.Item]) -> None:
        """Leave out the tests of workflows that come out as they did."""
        if not self.selecting or self.unknown:
            return
        selected = {path: self._is_selected(path) for path in dict.fromkeys(item.path for item in items)}
        left_out = [item for item in items if not selected[item.path]]
        if left_out:
            items[:] = [item for item in items if selected[item.path]]
            self.nothing_left = not items
            self.config.hook.pytest_deselected(items=left_out)

    def judge(self, request: pytest.FixtureRequest) -> tuple[str, list[Problem]]:
        """What is wrong with how a workflow changed, "" if nothing is; and the approvals in it that are of no use.

        Raises:
            InvalidBase: what it was cannot be had.
        """
        item = request.node
        each = self._compared[item.path]
        findings = self._findings[each.shown]
        if item.path in self._unread:
            raise self._unread[item.path]
        findings += self._replayed(each, request)
        own = approvals_in(each.document) if each.document is not None else Approvals()
        approvals = [*own.given, *(other for other in self.allowed if _same(other.file, item.path))]
        rows = [row_of(finding, each.shown, _approval(finding, approvals), each.document) for finding in findings]
        chart = self._chart(each, self._findings[each.shown])
        item.stash[JUDGED] = Judged(each.shown, tuple(rows), chart, self._is_unreadable(each))
        item.user_properties += properties_of(tuple(rows))
        said = [*map(str, own.problems), refusal(rows, each.base.shown, each.document)]
        stale = [approval.stale() for approval in own.given if not any(map(approval.is_for, findings))]
        return "\n\n".join(filter(None, said)), stale

    def is_judged_by(self, item: pytest.Item) -> bool:
        """Whether an item is one that judges."""
        return item.name == "gate" and item.path in self._compared

    def _is_unreadable(self, each: Compared) -> bool:
        return all(each.shown in side and side[each.shown] is None for side in self._versions)

    def _chart(self, each: Compared, findings: tuple[Finding, ...]) -> str:
        base, head = (versions.get(each.shown) for versions in self._versions)
        if not self.draws or not findings or base is None or head is None:
            return ""
        from pflow_testkit.gate.chart import chart_of  # noqa: PLC0415  # only where it is asked for

        return chart_of(base, head, findings)

    @cached_property
    def _versions(self) -> tuple[Workflows, Workflows]:
        base, head = {}, {}
        for each in (*self._compared.values(), *self._beside()):
            try:
                base.update(as_it_was(each, self._folders_of(each), self.config))
            except InvalidBase as error:
                self._unread[each.path] = error
                continue
            head.update(at_hand(each, self.config))
        return base, head

    @cached_property
    def _findings(self) -> Mapping[str, tuple[Finding, ...]]:
        # All at once: what became of a workflow, and whom it meets, is seen among the others alone.
        found = defaultdict(list)
        for finding in compare_sets(*self._versions):
            found[finding.file].append(finding)
        return defaultdict(tuple, {file: tuple(findings) for file, findings in found.items()})

    def _replayed(self, each: Compared, request: pytest.FixtureRequest) -> tuple[Finding, ...]:
        seconds, file = self.config.stash[GATE_KEY].replay, self._matches.get(each.shown)
        if not seconds or file is None:
            return ()
        was, now = self._versions[0][file], self._versions[1][each.shown]
        name = each.base.name_of(Path(os.path.abspath(file)))  # noqa: PTH100  # keeps symbolic links as written
        if was is None or now is None or name is None:
            return ()
        top = each.base.folder(self._folders_of(each))
        sides = Side(was, top / name, top), Side(now, each.path, each.base.top)
        return tuple(Replay(request, seconds, *sides, self._nesting.above(each.shown)).findings())

    @cached_property
    def _matches(self) -> Mapping[str, str]:
        return {match.head: match.base for match in matched(*self._versions) if match.head and match.base}

    @cached_property
    def _nesting(self) -> Nesting:
        return Nesting.of(self._versions[1])

    def _folders_of(self, each: Compared) -> list[Path]:
        return [folder for folder in self.selections if self._base(folder) is each.base]

    def _beside(self) -> Iterator[Compared]:
        # Changed workflows that are not collected this time, as when one test was asked for.
        for folder, selection in self.selections.items():
            for path in _changed_below(folder, selection.base):
                if path not in self._compared:
                    yield Compared(path, selection.base)

    @cached_property
    def _gone(self) -> tuple[Path, ...]:
        if not self.judges:
            return ()
        changed = [path for folder, each in self.selections.items() for path in _changed_below(folder, each.base)]
        return tuple(path for path in dict.fromkeys(changed) if self._was(path) and _is_none(path))

    def _was(self, path: Path) -> bool:
        base, form = self._base(path), form_of(path)
        name = base.name_of(path) or ""
        if name not in base.names or form is None:
            return False
        content = base.content(name)
        return is_workflow_text(content, form) or (is_elsewhere(content) and not path.exists())

    def _is_asked_for(self, path: Path) -> bool:
        arguments = [Path(os.path.abspath(argument)) for argument in self.config.args if "::" not in argument]  # noqa: PTH100  # keeps symbolic links as written
        passed_over = self.config.getini("norecursedirs")
        if not any(path.is_relative_to(argument) for argument in arguments):
            return False
        if any(
            fnmatch(part, pattern) for part in path.relative_to(self._folder(path)).parts for pattern in passed_over
        ):
            return False
        return not self.config.hook.pytest_ignore_collect(collection_path=path, path=None, config=self.config)

    def _is_selected(self, path: Path) -> bool:
        document, selection = self._read.get(path), self._selection(path)
        if self.because or document is None or selection is None:
            return True
        return selection.selects(path, document)

    def _selection(self, path: Path) -> Selection | None:
        return next((each for folder, each in self.selections.items() if path.is_relative_to(folder)), None)

    def _folder(self, path: Path) -> Path:
        return next(folder for folder in self.selections if path.is_relative_to(folder))

    def _base(self, path: Path) -> Baseline:
        return self.selections[self._folder(path)].base


def _changed_below(folder: Path, base: Baseline) -> Iterator[Path]:
    prefix = base.prefix_of(folder)
    for name in sorted(base.now.changed):
        path = folder / name.removeprefix(prefix)
        kept = set(path.parts) & set(FOLDERS)
        if name.startswith(prefix) and is_workflow_name(path) and not kept:
            yield path


def _is_none(path: Path) -> bool:
    # By its exact name, where the file system takes "Triage.json" for "triage.json".
    if not path.exists() or path.name not in os.listdir(path.parent):  # noqa: PTH208  # names alone
        return True
    try:
        load(path)
    except InvalidWorkflow as error:
        return error.code == "no-nodes"
    return False


def _same(file: Path, other: Path) -> bool:
    return os.path.abspath(file) == os.path.abspath(other)  # noqa: PTH100  # keeps symbolic links as written


def _approval(finding: Finding, approvals: Iterable[Approval]) -> Approval | None:
    return next((approval for approval in approvals if approval.is_for(finding)), None)
