"""A workflow's file to an item for each of its mutants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from pflow_engine.document.model import Document
from pflow_engine.errors import PflowError, did_you_mean
from pflow_engine.nodes import Registry
from pflow_testkit.cases import Case
from pflow_testkit.coverage.lines import line_of
from pflow_testkit.hooks import hooks_for
from pflow_testkit.mutation.baselines import Baseline
from pflow_testkit.mutation.judge import Judge, Verdict
from pflow_testkit.mutation.model import Mutant
from pflow_testkit.mutation.mutants import mutants_of
from pflow_testkit.mutation.sources import Source, callers_of
from pflow_testkit.mutation.words import Redact, change_in_short
from pflow_testkit.runner import Ran, Ready
from pflow_testkit.sandbox import own_places
from pflow_testkit.secrecy import redactor_of
from pflow_testkit.snapshots import is_kept
from pflow_testkit.snapshots.seen import TEST_FOLDER, Seen

VERDICT: Final = "pflow_mutant"
"""The property of an item that tells the controller, and JUnit, what became of its mutant."""

Test = Callable[..., None]


class Told(NamedTuple):
    """What the controller is told of a mutant, as JSON."""

    file: str
    line: int
    name: str
    was: str
    now: str
    outcome: str
    by: str
    reason: str

    @classmethod
    def of(cls, text: str) -> Told:
        """Read it back."""
        return cls(*json.loads(text))


@dataclass(frozen=True)
class Mutants:
    """Those of one file.

    Each of its cases, and of those of the workflows that nest it, is run on the files as they are once in each process,
    when it is first asked.
    """

    source: Source
    _known: dict[int, Baseline | None] = field(default_factory=dict)

    def tests(self, known: Registry) -> Iterator[tuple[str, Test]]:
        """The name and the test of each mutant; a workflow that is not sound has none."""
        try:
            mutants = list(mutants_of(self.source.document, known))
        except PflowError:
            return
        yield from ((f"mutant[{mutant.name}]", self._test(mutant)) for mutant in mutants)
        yield from _unmatched(self.source.beside, [mutant.name for mutant in mutants])

    def _test(self, mutant: Mutant) -> Test:
        def test(request: pytest.FixtureRequest, tmp_path: Path) -> None:
            verdict = self._judge(request, tmp_path).verdict(mutant, tmp_path)
            told = self._told(mutant, verdict, self._redact(request))
            request.node.user_properties.append((VERDICT, json.dumps(told, ensure_ascii=False)))
            if verdict.outcome == "not the same":
                said = f"the engine promises that this makes no difference: {_diff(told)}\n{told.by}"
                pytest.fail(said, pytrace=False)

        return test

    def _judge(self, request: pytest.FixtureRequest, place: Path) -> Judge:
        def prepare(source: Source, document: Document, case: Case, folder: Path) -> Ready:
            return source.ready(request, document, case, folder)

        def see(ran: Ran, kind: str, folder: Path) -> Any:
            # As the case's own test sees its run, which has the folder of the test to itself.
            places = {**own_places(folder), str(folder): TEST_FOLDER, str(place): TEST_FOLDER}
            return Seen(ran.hooks, places, ran.result.trace.to_dict(), workflow=ran.result.workflow).data(kind)

        callers = tuple(callers_of(self.source, request.config))
        whole = all(Path(argument).is_dir() for argument in request.config.args)
        return Judge(self.source, callers, prepare, see, _keeps, whole, self._known)

    def _told(self, mutant: Mutant, verdict: Verdict, redact: Redact) -> Told:
        document = self.source.document
        was, now = change_in_short(mutant.idea, redact)
        line = line_of(document, mutant.idea.path)
        reason = explained(self.source.beside).get(mutant.name, "")
        return Told(document.file, line, mutant.name, was, now, verdict.outcome, redact(verdict.by), reason)

    def _redact(self, request: pytest.FixtureRequest) -> Redact:
        hooks = hooks_for(request.config, request.node.path)
        redactors = [self._written, *(base.redact for base in self._known.values() if base is not None)]
        return lambda value: hooks.redact(reduce(lambda found, redactor: redactor(found), redactors, value))

    @cached_property
    def _written(self) -> Redact:
        return redactor_of(self.source.document.ir)


def _keeps(source: Source, case: Case, kind: str, data: Any) -> bool:
    return is_kept(Path(source.document.file).absolute(), case.name, kind, data)


def _unmatched(beside: Document | None, names: list[str]) -> Iterator[tuple[str, Test]]:
    if beside is None:
        return
    for number, entry in enumerate(_survivors(beside)):
        if entry["mutant"] not in names:
            yield f"mutant[{entry['mutant']}]", _no_such(beside, number, entry["mutant"], names)


def _no_such(file: Document, number: int, name: str, names: list[str]) -> Test:
    said = f"the case file explains why '{name}' survives, and there is no such mutant"
    hint = did_you_mean(name, names, otherwise="take it out; its mutants: ")
    problem = file.problem("unknown-mutant", said, ("survivors", number, "mutant"), hint=hint)

    def test() -> None:
        pytest.fail(str(problem), pytrace=False)

    return test


def _diff(told: Told) -> str:
    return f"{told.file}:{told.line}  {told.name}: {told.was} -> {told.now}"


def explained(beside: Document | None) -> dict[str, str]:
    """The survivors that the case file explains, by the mutant's name, with the reasons."""
    return {entry["mutant"]: entry["because"] for entry in _survivors(beside)}


def _survivors(beside: Document | None) -> list[dict[str, str]]:
    found: list[dict[str, str]] = beside.ir.get("survivors", []) if beside is not None else []
    return found
