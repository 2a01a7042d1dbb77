"""A workflow that changed, and the cases of its base, to what comes out differently.

Each case is run on both versions, with the code of today, and these runs are compared. The stored trace of the base
serves where it cannot be run itself any more: held against a run of now it would tell what changed in nodes, hooks
and the engine as well, which is no doing of the workflow, and not every case has one. Whether a stored trace still
holds is what the case's own test says.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pflow_engine.document.load import load
from pflow_engine.document.model import Workflow
from pflow_engine.errors import PflowError
from pflow_testkit.cases import Case
from pflow_testkit.cassettes.recordings import read_recordings, write_recordings
from pflow_testkit.changes import Change, Severity
from pflow_testkit.changes.runs import are_runs
from pflow_testkit.gate.comparing.compare import compare
from pflow_testkit.gate.model import Finding
from pflow_testkit.gate.replaying.diverged import Diverged, Place, says_more, told_of_case, told_of_none, written
from pflow_testkit.gate.replaying.firsts import first_changes, in_item
from pflow_testkit.gate.replaying.playing import Came, Player, Unplayable, Version, in_words
from pflow_testkit.gate.replaying.renaming import Renaming
from pflow_testkit.options import CASSETTES, TRACES
from pflow_testkit.snapshots.orphans import written_cases
from pflow_testkit.storage import cassette_name, folder_of, snapshot_name

Redact = Callable[[Any], Any]
"""Takes secrets out of strict JSON."""


class Side(NamedTuple):
    """One version of a workflow: what it means, its file, and the folder of the project that this is in."""

    workflow: Workflow
    file: Path
    top: Path


class _NoReference(Unplayable):
    """A case that could not be run on the base either."""


class _Reference(NamedTuple):
    """What comes out of a case of the base; ``came`` is None where that is known from a stored trace alone."""

    trace: Mapping[str, Any]
    came: Came | None = None


@dataclass(frozen=True)
class Replay:
    """The cases of ``base`` on ``head``, each for so many ``seconds``.

    The file of ``base`` is in a folder with everything that was beside it. ``above`` are the files of workflows that
    nest this one: a change of it is a change of theirs, and comes out in their cases.
    """

    request: pytest.FixtureRequest
    seconds: float
    base: Side
    head: Side
    above: tuple[str, ...] = ()

    def findings(self) -> Iterator[Finding]:
        """A finding for each case that does not come out as it did; none where nothing but looks has changed.

        None either of a case that tells only which params read differently, as the files themselves do.
        """
        if all(each.severity is Severity.COSMETIC for each in self._read):
            return
        try:
            cases = written_cases(self.base.file)
        except PflowError as error:
            yield self._none(f"its case file had errors: {error.problems[0].message}")
            return
        with tempfile.TemporaryDirectory(prefix="pflow-replay-") as folder:
            for number, case in enumerate(cases):
                yield from self._case(case, Path(folder).resolve() / str(number))

    def _case(self, case: Case, folder: Path) -> Iterator[Finding]:
        try:
            found = self._diverged(case, folder)
        except _NoReference as error:
            if case.file is None:
                yield self._none(f"it has no case, and {error}")
                return
            found = Diverged((), str(error))
        except Unplayable as error:
            found = Diverged((), str(error))
        if found is not None and says_more(found, written(self._read)):
            yield told_of_case(self._place, case.name, found)

    def _none(self, why: str) -> Finding:
        others = f"; replayed are those that nest it: {', '.join(self.above)}" if self.above else ""
        return told_of_none(self._place, f"{why}{others}")

    def _diverged(self, case: Case, folder: Path) -> Diverged | None:
        reference = self._reference(case, folder / "base")
        renamed, cassette = self._renaming.case(self._own(case)), self._cassette_of_head(case, folder)
        came = self._player.came(self._now, renamed, cassette, folder / "head")
        redact = _redactors(came, reference.came)
        was, now = self._seen(reference, redact), self._of_run(came, redact)
        changes = _changes(was, now)
        if changes and reference.came is not None:
            again = self._as_it_was(case, folder / "again")
            changes = _without_noise(changes, _changes(was, self._of_run(again, redact)))
        why = came.kept_out[0].why if came.kept_out else ""
        changes = _before(changes, came, now) if why else changes
        first = [in_item(change, was, now) for change in changes[:1]]
        found = Diverged((*first, *changes[1:]), why, fails=not why and _fails(was, now))
        return found if found.changes or why else None

    def _reference(self, case: Case, folder: Path) -> _Reference:
        try:
            return _Reference({}, self._as_it_was(case, folder))
        except Unplayable as error:
            stored = self._stored(case)
            if stored is None:
                raise _NoReference(f"as it was, {error}") from error
            return _Reference(stored)

    def _as_it_was(self, case: Case, folder: Path) -> Came:
        came = self._player.came(self._was, self._own(case), self._cassette(case), folder)
        if came.kept_out:
            raise Unplayable(came.kept_out[0].why)
        if case.file is None and came.result.status == "failed":
            raise Unplayable("it fails")
        return came

    def _own(self, case: Case) -> Case:
        return self._player.with_stubs_of_hooks(self._was, case)

    def _stored(self, case: Case) -> Mapping[str, Any] | None:
        file = folder_of(TRACES, self.base.file) / snapshot_name(case.name, "trace")
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and are_runs(found.get("nodes")) else None

    def _cassette(self, case: Case) -> Path:
        return folder_of(CASSETTES, self.base.file) / cassette_name(case.name)

    def _cassette_of_head(self, case: Case, folder: Path) -> Path:
        kept = self._cassette(case)
        if not kept.exists():
            return kept
        with in_words(case):
            recordings = self._renaming.recordings(read_recordings(kept, kept.name))
            write_recordings(folder / "cassette.json", recordings)
        return folder / "cassette.json"

    def _seen(self, reference: _Reference, redact: Redact) -> dict[str, Any]:
        if reference.came is not None:
            return self._of_run(reference.came, redact)
        return _with_outputs(redact(self._renaming.trace(reference.trace)))

    def _of_run(self, came: Came, redact: Redact) -> dict[str, Any]:
        with in_words(Case("")):  # hooks have a say in what a trace is
            return _with_outputs(came.canonical(redact(self._renaming.trace(came.result.trace.to_dict()))))

    @cached_property
    def _read(self) -> tuple[Finding, ...]:
        return tuple(compare(self.base.workflow, self.head.workflow))

    @cached_property
    def _player(self) -> Player:
        return Player(self.request, self.seconds, (self.base.top, self.head.top))

    @cached_property
    def _renaming(self) -> Renaming:
        return Renaming.of(self.base.workflow, self.head.workflow)

    @cached_property
    def _place(self) -> Place:
        return Place(self.base.workflow, self.head.workflow)

    @cached_property
    def _was(self) -> Version:
        return Version.of_base(load(self.base.file), self.head.file, self.base.top, self.head.top)

    @cached_property
    def _now(self) -> Version:
        return Version.at_hand(self.head.workflow, self.head.file)


def _redactors(*runs: Came | None) -> Redact:
    # What is a secret in one run, by the name that it has there, is one in the other.
    redactors = [came.result.trace.redactor() for came in runs if came is not None]

    def redact(value: Any) -> Any:
        for each in redactors:
            value = each(value)
        return value

    return redact


def _with_outputs(trace: dict[str, Any]) -> dict[str, Any]:
    # A snapshot does not say them again where they are those of the last node, which need not be so on both sides.
    last = trace["nodes"][-1].get("outputs", {}) if trace.get("nodes") and trace.get("status") != "failed" else {}
    return {"outputs": last, **trace}


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    # An input that came or went is no outcome; what nodes make of it is.
    inputs, others = was.get("inputs", {}), now.get("inputs", {})
    shared = inputs.keys() & others.keys()
    before, after = ({name: each[name] for name in each if name in shared} for each in (inputs, others))
    return first_changes({**was, "inputs": before}, {**now, "inputs": after})


def _without_noise(changes: list[Change], noise: list[Change]) -> list[Change]:
    known = {(change.node, change.what) for change in noise}
    return [change for change in changes if (change.node, change.what) not in known]


def _before(changes: list[Change], came: Came, now: Mapping[str, Any]) -> list[Change]:
    # What came after a node that was not run, or did not come, says nothing.
    kept_out = {each.node for each in came.kept_out}
    ran = {run["id"] for run in now.get("nodes", [])}
    sound = takewhile(lambda change: change.node and not _is_met(change.node, kept_out), changes)
    return [change for change in sound if change.node.partition("/")[0] in ran]


def _is_met(node: str, kept_out: set[str]) -> bool:
    return any(node == path or path.startswith(f"{node}/") for path in kept_out)


def _fails(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return now.get("status") == "failed" != was.get("status")
