"""A mutant and the cases of its workflow to a verdict: which case notices it, or that none does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Literal, NamedTuple

import pytest

from pflow_engine.clock import CancelToken
from pflow_engine.document.model import Document
from pflow_engine.errors import PflowError
from pflow_testkit.cases import Case
from pflow_testkit.mutation.baselines import Baseline, Passed, reached_by
from pflow_testkit.mutation.model import Mutant
from pflow_testkit.mutation.sources import Source
from pflow_testkit.mutation.telling import CHANGING, SAME, SNAPSHOT, UNSEEN, assertion, difference_of
from pflow_testkit.runner import Ran, Ready

Outcome = Literal["killed", "timed out", "survived", "the same", "not the same", "untested"]

NO_CASE: Final = "the workflow has no case of its own: write a case file beside it"
NONE_PASSES: Final = "no case of the workflow passes as it is"
LIVE_APART: Final = ", but for those that are live, which no mutant is put to"
ONLY_LIVE: Final = (
    "all cases that might run it are live, and a mutant reaches nothing: write one with stubs or a cassette"
)
NONE_RUNS_IT: Final = "no case of its own passes, nor does one of {callers} that runs it: write a case file beside it"
TELLS: Final = "its batch_metadata, which says how items were run, are outputs: only a case of its own can judge"
_PATIENCE: Final = 5.0
_MANY_TIMES: Final = 10
_MOST_NAMES: Final = 5


class Verdict(NamedTuple):
    """What became of a mutant: ``by`` is the case that noticed it, or what a case could say to notice it."""

    outcome: Outcome
    by: str = ""


Prepare = Callable[[Source, Document, Case, Path], Ready]
See = Callable[[Ran, str, Path], Any]
Keeps = Callable[[Source, Case, str, Any], bool]


@dataclass(frozen=True)
class Judge:
    """Runs cases on a workflow and on its mutants: its own, and then those of ``callers``, which nest it.

    ``see`` gives what a snapshot of a kind holds of a run in a folder, and ``keeps`` says whether that is what the kept
    one holds. ``whole``: folders are collected, not files. ``known`` are the baselines so far, by the number of the
    case; only the thread that runs tests adds to it. A case that fails says nothing of a mutant: of it there is none.
    """

    source: Source
    callers: tuple[Source, ...]
    prepare: Prepare
    see: See
    keeps: Keeps
    whole: bool
    known: dict[int, Baseline | None]

    def verdict(self, mutant: Mutant, folder: Path) -> Verdict:
        """Run the mutant through the cases that reach what was changed, until one notices."""
        # Nobody reads where the problems of a mutant stand.
        document = replace(self.source.document, ir=mutant.ir, text="", locate=None)
        judge = self._equal if mutant.idea.equivalent else self._noticed
        asked, found = [], []
        for number, base in enumerate(self._able(mutant, folder / "as it is")):
            asked.append(base)
            found.append(judge(document, base, folder / str(number)))
            if found[-1].outcome not in ("survived", "the same"):
                break
        if not asked:
            return self._unasked(mutant)
        return _survived(found, asked) if found[-1].outcome == "survived" else found[-1]

    def _able(self, mutant: Mutant, folder: Path) -> Iterator[Baseline]:
        only_own = mutant.idea.equivalent and _tells(mutant)
        return (each for each in self._baselines(folder) if each.reaches(mutant) and not (only_own and each.of))

    def _baselines(self, folder: Path) -> Iterator[Baseline]:
        # One by one, for most mutants are noticed before any caller is asked. A case that reaches out is none.
        sources = (self.source, *self.callers)
        given = [(source, case) for source in sources for case in source.cases if not case.live]
        for number, (source, case) in enumerate(given):
            if number not in self.known:
                self.known[number] = self._baseline(source, case, folder / str(number))
            base = self.known[number]
            if base is not None:
                yield base

    def _unasked(self, mutant: Mutant) -> Verdict:
        known = [each for each in self.known.values() if each is not None]
        if not known:
            return Verdict("untested", self._none())
        if any(each.reaches(mutant) for each in known):
            return Verdict("untested", TELLS)
        return Verdict("survived", f"no case reaches node '{mutant.idea.node}'")

    def _none(self) -> str:
        live = [case.live for source in (self.source, *self.callers) for case in source.cases]
        if live and all(live):
            said = ONLY_LIVE
        elif self.callers:
            said = NONE_RUNS_IT.format(callers=_some([caller.document.file for caller in self.callers]))
        else:
            said = NONE_PASSES + LIVE_APART * any(live) if live else NO_CASE
        return said if self.whole or self.callers else f"{said}; or collect the workflows that nest it, too"

    def _baseline(self, source: Source, case: Case, folder: Path) -> Baseline | None:
        started = perf_counter()
        first = self._passed(source, case, folder / "first")
        seconds = perf_counter() - started
        reached = first and reached_by(first.result, self.source.file)
        # A case that passes by chance would notice what is no change.
        again = self._passed(source, case, folder / "again") if reached is not None else None
        if first is None or again is None or reached is None:
            return None
        of = "" if source is self.source else f" of {source.document.file}"
        return Baseline(source, of, case, first, again, seconds, reached)

    def _passed(self, source: Source, case: Case, folder: Path) -> Passed | None:
        try:
            ran = self.prepare(source, source.document, case, folder).ran(folder)
            seen = {kind: self.see(ran, kind, folder) for kind in ("trace", *case.snapshot)}
        except (PflowError, pytest.FixtureLookupError):  # a caller's fixtures may not be known in this folder
            return None
        passes = not ran.problems and all(self.keeps(source, case, kind, seen[kind]) for kind in case.snapshot)
        return Passed(ran.result, seen) if passes else None

    def _noticed(self, document: Document, base: Baseline, folder: Path) -> Verdict:
        first = base.first
        try:
            ran, in_time = self._in_time(document, base, folder)
            seen = {kind: self.see(ran, kind, folder) for kind in base.case.snapshot}
        except PflowError:
            return Verdict("killed", base.name)
        if not in_time:
            return Verdict("timed out", base.name)
        if ran.problems or any(seen[kind] != first.seen[kind] for kind in seen):
            return Verdict("killed", base.name)
        said = assertion(f"case {base.quoted}", first.result, base.again.result, ran.result)
        if SNAPSHOT in said:
            is_seen = self.see(ran, "trace", folder) != first.seen["trace"]
            said = CHANGING if not base.is_steady else said if is_seen else UNSEEN
        return Verdict("survived", said)

    def _equal(self, document: Document, base: Baseline, folder: Path) -> Verdict:
        ran, _ = self._in_time(document, base, folder)
        found = difference_of(ran.result, base.first.result, base.again.result)
        return Verdict("not the same", f"{base.name}: {found}") if found else Verdict("the same")

    def _in_time(self, document: Document, base: Baseline, folder: Path) -> tuple[Ran, bool]:
        cancel = CancelToken()
        timer = threading.Timer(_PATIENCE + _MANY_TIMES * base.seconds, cancel.cancel)
        timer.start()
        try:
            ready = self.prepare(base.source, base.source.with_mutant(document), base.case, folder)
            return ready.judged(ready.run(folder, cancel=cancel)), not cancel.cancelled
        finally:
            timer.cancel()


def _tells(mutant: Mutant) -> bool:
    # Where no outputs are declared, those of the node that runs last are the workflow's.
    node = mutant.idea.node
    return not mutant.ir.get("outputs") and not any(edge["from"] == node for edge in mutant.ir["edges"])


def _survived(found: list[Verdict], asked: list[Baseline]) -> Verdict:
    # What the first case would have to say that came out otherwise; and who else ran it, if not its own cases alone.
    said = max(found, key=lambda verdict: verdict.by != SAME).by
    ran = f"not noticed by {_some([each.quoted for each in asked])}" if any(each.of for each in asked) else ""
    return Verdict("survived", "\n".join(filter(None, [said, ran])))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
