"""A mutant and the cases of its workflow to a verdict: which case notices it, or that none does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Literal, NamedTuple

from pflow_engine.clock import CancelToken
from pflow_engine.document.model import Document
from pflow_engine.errors import PflowError
from pflow_engine.result import RunResult
from pflow_testkit.cases import Case
from pflow_testkit.coverage.hits import Written, keys_of
from pflow_testkit.coverage.places import node_key
from pflow_testkit.mutation.model import Mutant
from pflow_testkit.mutation.telling import SAME, SNAPSHOT, UNSEEN, assertion, difference_of
from pflow_testkit.runner import Ran, Ready

Outcome = Literal["killed", "timed out", "survived", "the same", "not the same", "untested"]

NO_CASE: Final = "the workflow has no case of its own: write a case file beside it"
_PATIENCE: Final = 5.0
_MANY_TIMES: Final = 10


class Verdict(NamedTuple):
    """What became of a mutant: ``by`` is the case that noticed it, or what a case could say to notice it."""

    outcome: Outcome
    by: str = ""


Prepare = Callable[[Document, Case, Path], Ready]
See = Callable[[Ran, str], Any]


@dataclass(frozen=True)
class Baseline:
    """A case run on the workflow as it is: what its snapshots hold, and the places that it reached."""

    case: Case
    ran: Ran
    seconds: float
    snapshots: Mapping[str, Any]
    reached: frozenset[str]

    def reaches(self, mutant: Mutant) -> bool:
        """Whether it may notice."""
        return not mutant.idea.node or node_key(mutant.idea.node) in self.reached


@dataclass(frozen=True)
class Judge:
    """Runs cases on a workflow and on its mutants. ``see`` gives what a snapshot of a kind holds of a run."""

    document: Document
    prepare: Prepare
    see: See

    def baselines(self, cases: Iterable[Case], folder: Path) -> list[Baseline]:
        """Those of the cases that pass; one that fails says nothing of a mutant, nor does one that reaches out."""
        given = [case for case in cases if not case.live]
        found = [self._baseline(case, folder / str(number)) for number, case in enumerate(given)]
        return [each for each in found if each is not None]

    def verdict(self, mutant: Mutant, baselines: list[Baseline], folder: Path) -> Verdict:
        """Run the mutant through the cases that reach what was changed, until one notices."""
        if not baselines:
            return Verdict("untested", "no case of the workflow passes as it is")
        able = [each for each in baselines if each.reaches(mutant)]
        if not able:
            return Verdict("survived", f"no case reaches node '{mutant.idea.node}'")
        document = replace(self.document, ir=mutant.ir)
        judge = self._equal if mutant.idea.equivalent else self._noticed
        verdicts = (judge(document, each, folder / str(number)) for number, each in enumerate(able))
        found = [*_until(lambda verdict: verdict.outcome not in ("survived", "the same"), verdicts)]
        # Of the survivor, what the first case would have to say that came out otherwise.
        return found[-1] if found[-1].outcome != "survived" else max(found, key=lambda verdict: verdict.by != SAME)

    def _baseline(self, case: Case, folder: Path) -> Baseline | None:
        started = perf_counter()
        try:
            ran = self.prepare(self.document, case, folder).ran(folder)
        except PflowError:
            return None
        if ran.problems:
            return None
        snapshots = {kind: self.see(ran, kind) for kind in case.snapshot}
        seen = Written(ran.result.workflow).seen(ran.result.trace)
        return Baseline(case, ran, perf_counter() - started, snapshots, frozenset(keys_of(seen)))

    def _noticed(self, document: Document, base: Baseline, folder: Path) -> Verdict:
        try:
            ran, in_time = self._in_time(document, base, folder)
        except PflowError:
            return Verdict("killed", base.case.name)
        if not in_time:
            return Verdict("timed out", base.case.name)
        differs = ran.problems or any(self.see(ran, kind) != kept for kind, kept in base.snapshots.items())
        if differs:
            return Verdict("killed", base.case.name)
        said = assertion(base.case, base.ran.result, ran.result)
        is_seen = SNAPSHOT not in said or self.see(ran, "trace") != self.see(base.ran, "trace")
        return Verdict("survived", said if is_seen else UNSEEN)

    def _equal(self, document: Document, base: Baseline, folder: Path) -> Verdict:
        ran, _ = self._in_time(document, base, folder)
        found = difference_of(ran.result, base.ran.result, lambda: self._again(base, folder / "again"))
        return Verdict("not the same", f"{base.case.name}: {found}") if found else Verdict("the same")

    def _again(self, base: Baseline, folder: Path) -> RunResult:
        return self.prepare(self.document, base.case, folder).run(folder)

    def _in_time(self, document: Document, base: Baseline, folder: Path) -> tuple[Ran, bool]:
        cancel = CancelToken()
        timer = threading.Timer(_PATIENCE + _MANY_TIMES * base.seconds, cancel.cancel)
        timer.start()
        try:
            ready = self.prepare(document, base.case, folder)
            return ready.judged(ready.run(folder, cancel=cancel)), not cancel.cancelled
        finally:
            timer.cancel()


def _until(done: Callable[[Verdict], bool], verdicts: Iterator[Verdict]) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        if done(verdict):
            return
