"""Two runs of a case on the workflow as it is, to what its runs on mutants are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pflow_engine.result import RunResult
from pflow_engine.validation import absolute
from pflow_testkit.cases import Case
from pflow_testkit.coverage.hits import Written, keys_of, runs_in
from pflow_testkit.coverage.places import node_key
from pflow_testkit.mutation.model import Mutant
from pflow_testkit.mutation.sources import Source
from pflow_testkit.mutation.words import Redact


class Passed(NamedTuple):
    """A run that came to what the case expects and its snapshots hold; ``seen`` is what these see, and the trace."""

    result: RunResult
    seen: Mapping[str, Any]


@dataclass(frozen=True)
class Baseline:
    """A case run twice on the workflow as it is: what came of it, and the places that it reached.

    ``source`` is whose case it is: the workflow that is mutated, or one that nests it, which ``of`` names then.
    """

    source: Source
    of: str
    case: Case
    first: Passed
    again: Passed
    seconds: float
    reached: frozenset[str]

    @cached_property
    def redact(self) -> Redact:
        """Takes the secrets of the run out of what is told of it."""
        return self.first.result.trace.redactor()

    @property
    def name(self) -> str:
        """What the case is called, and whose it is."""
        return f"{self.case.name}{self.of}"

    @property
    def quoted(self) -> str:
        """The same, to be read in a sentence."""
        return f"'{self.case.name}'{self.of}"

    @property
    def is_steady(self) -> bool:
        """Whether both runs came to the same."""
        return bool(self.first.seen["trace"] == self.again.seen["trace"])

    def reaches(self, mutant: Mutant) -> bool:
        """Whether it may notice."""
        return not mutant.idea.node or node_key(mutant.idea.node) in self.reached


def reached_by(result: RunResult, file: Path) -> frozenset[str] | None:
    """The places of one workflow that a run reached, be it its own or a nested one; None where it did not run it."""
    found = runs_in(result.workflow, result.trace)
    runs = [(workflow, trace) for workflow, trace in found if absolute(workflow.document) == file]
    written = {id(workflow): Written(workflow) for workflow, _ in runs}
    seen = {written[id(workflow)].seen(trace) for workflow, trace in runs}
    return frozenset(key for each in seen for key in keys_of(each)) if runs else None
