"""Runs to snapshots, through syrupy: what is compared, where it is kept, and how a difference reads.

syrupy itself deletes what the tests of a session did not use, and takes a test that was deselected, or is no Python
function, for gone. So it is never told of our files (``discover_snapshots`` finds none), and what is left over is
found in ``orphans.py``. Each file is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from syrupy.assertion import DiffMode, SnapshotAssertion
from syrupy.data import SnapshotCollection, SnapshotCollections
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import PropertyFilter, PropertyMatcher, SnapshotIndex

from pflow_engine.document.load import parse
from pflow_engine.document.model import Workflow
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.trace import write_text
from pflow_testkit.changes import changes_report, trace_changes, value_changes
from pflow_testkit.hooks import failing_in_words
from pflow_testkit.normalise import canonical_text
from pflow_testkit.options import TRACES, rerun_command
from pflow_testkit.snapshots.seen import Seen, bounded, in_bounds
from pflow_testkit.storage import USED, folder_of, of_kept_file, slug, snapshot_name


class _Location(PyTestLocation):
    """Where a Python test's snapshots are."""

    space: ClassVar[str] = " "
    """What stands for a space: nothing checks that ``test[a b]`` and ``test[a-b]`` are not both there."""

    def matches_snapshot_name(self, snapshot_name: str) -> bool:
        """Every name that is asked for is of this test: it has a file of its own."""
        return bool(snapshot_name)


@dataclass(frozen=True)
class _CaseLocation(_Location):
    """The same for a case of a workflow; the names of a file's cases are checked."""

    space: ClassVar[str] = "-"
    case: str = ""

    @property
    def snapshot_name(self) -> str:
        """The case's name, without the ``run[…]`` around it."""
        return self.case


class TraceExtension(JSONSnapshotExtension):
    """syrupy's part of a snapshot of a trace: a file for each, strict JSON."""

    kind: ClassVar[str] = "trace"
    snapshot_dirname = TRACES
    file_extension = "trace.json"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of the test's file."""
        return str(folder_of(TRACES, Path(test_location.filepath)))

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        """The same: there is nothing to discover."""
        return cls.dirname(test_location=test_location)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """The test's name as a file name; later snapshots of a test have a number or a name behind it."""
        suffix = f"[{slug(index, space=' ')}]" if isinstance(index, str) else f".{index}" if index else ""
        return f"{slug(test_location.snapshot_name, space=_space(test_location))}{suffix}"

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Whether the file is in the folder of the test's file."""
        return Path(snapshot_location).parent == Path(cls.dirname(test_location=test_location))

    def discover_snapshots(
        self, *, test_location: PyTestLocation, ignore_extensions: list[str] | None = None
    ) -> SnapshotCollections:
        """None: what syrupy knows of and no test of this session used, it deletes."""
        del test_location, ignore_extensions
        return SnapshotCollections()

    def serialize(
        self,
        data: Any,
        *,
        exclude: PropertyFilter | None = None,
        include: PropertyFilter | None = None,
        matcher: PropertyMatcher | None = None,
    ) -> str:
        """Canonical text, after syrupy's own filters where a test has some (``trace_snapshot(exclude=props("x"))``)."""
        if exclude or include or matcher:
            data = self._filter(data=data, path=(), exclude=exclude, include=include, matcher=matcher)
        return canonical_text(data)

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        """Whether both mean the same: a formatter may have been at work on the file."""
        return bool(serialized_data == snapshot_data) or self.compare(serialized_data, snapshot_data)

    def compare(self, now: str, before: str) -> bool:
        """The same for texts that differ."""
        try:
            return _meaning(json.loads(before)) == _meaning(json.loads(now))
        except ValueError:
            return False

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Write the file whole or not at all."""
        del name_order
        write_text(snapshot_collection.location, cls.kept(str(next(iter(snapshot_collection)).data)))

    @classmethod
    def kept(cls, text: str) -> str:
        """What is written of what was seen."""
        return text


class OutputsExtension(TraceExtension):
    """The same for the outputs of a workflow."""

    kind = "outputs"
    file_extension = "outputs.json"


class BatchExtension(TraceExtension):
    """The same for counts and metadata of batches."""

    kind = "batch_metadata"
    file_extension = "batch_metadata.json"


class TimedBatchExtension(BatchExtension):
    """With timing: the file holds bounds, ten times what it took when it was written."""

    def compare(self, now: str, before: str) -> bool:
        """Whether all but timing is the same, and that within the bounds."""
        try:
            seen, expected = json.loads(now), json.loads(before)
        except ValueError:
            return False
        return _meaning(in_bounds(seen, expected)) == _meaning(seen)

    @classmethod
    def kept(cls, text: str) -> str:
        """Bounds instead of what was measured."""
        return canonical_text(bounded(json.loads(text)))


EXTENSIONS: Mapping[str, type[TraceExtension]] = {
    each.kind: each for each in (TraceExtension, OutputsExtension, BatchExtension)
}


@dataclass(eq=False, order=False, repr=False)
class RunSnapshot(SnapshotAssertion):
    """A snapshot of a run: ``assert result == trace_snapshot``."""

    workflow: Workflow | None = None

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        item, extension = self.test_location.item, self.extension
        seen = Seen.of(other, item)
        self.workflow = seen.workflow
        location = extension.get_location(test_location=self.test_location, index=self.index)
        item.config.stash.setdefault(USED, set()).add(Path(location))
        timed = isinstance(extension, TimedBatchExtension)
        return bool(super().__eq__(failing_in_words(lambda: seen.data(self._kind, timed=timed))))

    __hash__ = None  # type: ignore[assignment]  # as the class it comes from

    def __repr__(self) -> str:
        return f"<snapshot of {self._kind}>"

    def _serialize(self, data: Any) -> Any:
        # Without the matcher that syrupy always puts around a test's own: most tests have none, and need no filter.
        return self.extension.serialize(data, exclude=self._exclude, include=self._include, matcher=self._matcher)

    def __call__(self, *, timing: bool = False, **options: Any) -> RunSnapshot:
        """With options for the next comparison: syrupy's, and ``timing`` for snapshots of batches."""
        __tracebackhide__ = True
        if timing and self._kind != BatchExtension.kind:
            raise TypeError("timing is an option of batch_snapshot")
        if timing:
            options["extension_class"] = TimedBatchExtension
        super().__call__(**options)
        return self

    def get_assert_diff(self, *, diff_mode: DiffMode = DiffMode.DETAILED) -> list[str]:
        """What accepts the run, first since pytest cuts what is long; and what changed in it."""
        del diff_mode
        return [accepting(self.test_location.item), *self.said().splitlines()]

    @property
    def is_missing(self) -> bool:
        """Whether there was nothing to compare the run with, and nothing was written."""
        result = self.executions.get(self.num_executions - 1)
        return result is not None and not result.success and result.recalled_data is None and result.exception is None

    def said(self, *, missing: bool = True) -> str:
        """What is wrong with the last comparison; empty where it matched, or one that is ``missing`` is no matter."""
        result = self.executions[self.num_executions - 1]
        if result.success or (self.is_missing and not missing):
            return ""
        shown = os.path.relpath(result.snapshot_location)
        if result.exception is not None:
            return str(_cannot(shown, result.exception))
        if result.recalled_data is None:
            hint = "look at what the run gave, then accept it"
            return str(Problem("no-snapshot", "there is no such snapshot yet", hint=hint, file=shown))
        try:
            old = parse(str(result.recalled_data), "json", shown)
        except InvalidWorkflow as error:
            return "\n".join(str(of_kept_file(problem, "snapshot")) for problem in error.problems)
        return self._changes(old, json.loads(str(result.asserted_data)))

    def _changes(self, old: Any, new: Any) -> str:
        if self._kind == "trace":
            return changes_report(trace_changes(old, new, self.workflow), self.workflow, new)
        if self._kind == "batch_metadata":
            old = in_bounds(new, old)
        return changes_report(value_changes(old, new, self._kind), self.workflow, None)

    @property
    def _kind(self) -> str:
        kind: str = self.extension.kind  # type: ignore[attr-defined]  # only ours are used here
        return kind


def run_snapshot(request: pytest.FixtureRequest, kind: str) -> RunSnapshot:
    """The snapshot of a Python test."""
    return _snapshot(request, kind, _Location(request.node))


def case_snapshots(
    request: pytest.FixtureRequest, case: str, kinds: Sequence[str], *, update: bool
) -> Iterator[RunSnapshot]:
    """The snapshots of a case, in the order it names them. Without ``update`` none is written."""
    for kind in kinds:
        snapshot = _snapshot(request, kind, _CaseLocation(request.node, case))
        snapshot.update_snapshots &= update
        snapshot.update_new_snapshots_only &= update
        yield snapshot


def is_kept(file: Path, case: str, kind: str, data: Any) -> bool:
    """Whether the snapshot of a case of the workflow ``file`` is there, and holds what was seen."""
    extension = EXTENSIONS[kind]()
    try:
        before = (folder_of(TRACES, file) / snapshot_name(case, kind)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # told by the case's own test
        return False
    return extension.matches(serialized_data=extension.serialize(data), snapshot_data=before)


def accepting(item: pytest.Item) -> str:
    """The line that says how to accept what a test gave."""
    return f"  accept: {rerun_command(item, '--snapshot-update')}"


def _snapshot(request: pytest.FixtureRequest, kind: str, location: PyTestLocation) -> RunSnapshot:
    if not request.config.pluginmanager.hasplugin("syrupy"):
        pytest.fail("snapshots need the plugin syrupy, which is switched off in this run", pytrace=False)
    # syrupy's own fixture knows its session and options.
    like: SnapshotAssertion = request.getfixturevalue("snapshot")
    return RunSnapshot(
        session=like.session,
        extension_class=EXTENSIONS[kind],
        test_location=location,
        update_snapshots=like.update_snapshots,
        update_new_snapshots_only=like.update_new_snapshots_only,
    )


def _space(location: PyTestLocation) -> str:
    return location.space if isinstance(location, _Location) else " "


def _cannot(shown: str, error: Exception) -> Problem:
    if isinstance(error, OSError):
        said, hint = f"{error.strerror or error}", "make the folder writable, and the file readable"
    elif isinstance(error, UnicodeDecodeError):
        said, hint = "it is not UTF-8", "take it anew with --snapshot-update"
    else:
        said, hint = f"{type(error).__name__}: {error}", ""
    return Problem("snapshot", f"the snapshot cannot be compared: {said}", hint=hint, file=shown)


def _meaning(value: Any) -> str:
    # 1, 1.0 and true are three values to JSON and one to Python.
    return json.dumps(value, sort_keys=True)
