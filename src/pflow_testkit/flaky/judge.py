"""Runs of one case, in order and in the same place, to the first thing that differs and where that comes from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pflow_engine.document.model import Document
from pflow_testkit.cases import Case
from pflow_testkit.changes import Change, trace_changes
from pflow_testkit.runner import Ran, Ready
from pflow_testkit.stress.flows import InOrder

_SEED: Final = "PYTHONHASHSEED"

Prepare = Callable[[Document, Case, Path], Ready]
See = Callable[[Ran], Mapping[str, Any]]


@dataclass(frozen=True)
class Repeated:
    """A case that is run again and again in one folder, made anew each time. ``see`` gives a canonical trace."""

    document: Document
    case: Case
    prepare: Prepare
    see: See
    folder: Path

    def report(self, times: int) -> str:
        """What differs between runs that should be the same, and why; "" where nothing does."""
        ran = self._run(1)
        first = self.see(ran)
        for number in range(2, times + 1):
            ran = self._run(number)
            changes = trace_changes(first, self.see(ran), ran.result.workflow)
            if changes:
                head = f"run {number} of {times} came to something else, though its items ran in the same order:"
                return "\n".join([head, f"  {_told(changes[0])}", f"  {self._cause(changes[0], first, ran)}"])
        return f"not flaky: each of {times} runs came to the same, and fails\n{ran.report()}" if ran.problems else ""

    def _run(self, seed: int) -> Ran:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        case = replace(self.case, env={_SEED: str(seed), **self.case.env})
        ready = self.prepare(self.document, case, self.folder)
        return ready.judged(ready.run(self.folder, executor=InOrder))

    def _cause(self, change: Change, first: Mapping[str, Any], other: Ran) -> str:
        if not change.node:
            return "it comes from what the run is given: an input that is made anew each time"
        if self._is_taped(change.node):
            told = "gives something else than was recorded" if other.complete else "does not have what it was asked"
            return f"it comes from the cassette, which {told} at node '{change.node}'"
        if change.what.startswith("params"):
            return f"it comes from what node '{change.node}' is given: an input that is made anew each time"
        return f"it comes from node '{change.node}', which makes something else of the same params{self._seeded(first)}"

    def _is_taped(self, node: str) -> bool:
        tape = self.prepare(self.document, self.case, self.folder).tape
        return tape is not None and node in tape.cassette.nodes

    def _seeded(self, first: Mapping[str, Any]) -> str:
        # With the first run's seed it comes out as in the first run, time and again: then the seed is what did it.
        same = _SEED not in self.case.env and all(not trace_changes(first, self.see(self._run(1))) for _ in range(2))
        return f" when {_SEED} is another: the order of a set, most likely" if same else ""


def _told(change: Change) -> str:
    where = f"node '{change.node}'" if change.node else "the run"
    item = f", item {change.item}" if change.item is not None else ""
    return " ".join(filter(None, [f"{where}{item}:", change.what, change.how]))
