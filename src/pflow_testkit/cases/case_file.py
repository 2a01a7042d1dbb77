"""A case file to its cases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pflow_engine.document.load import locate, parse, read_text
from pflow_engine.document.model import Document
from pflow_engine.document.positions import Path as DataPath
from pflow_engine.document.positions import first_problems, in_file_order
from pflow_engine.errors import InvalidWorkflow, PflowError, Problem
from pflow_engine.validation.structure import build_validator, schema_problems
from pflow_engine.value_types import type_name
from pflow_testkit.cases.places import (
    env_faults,
    error_faults,
    file_faults,
    fixture_faults,
    injection_faults,
    matcher_faults,
    name_faults,
    stubs_faults,
)
from pflow_testkit.expectations import Fault
from pflow_testkit.storage import clashes, slug

SUFFIX = ".test.yaml"
DEFAULTS = "defaults"
"""The case of a workflow that has none in a case file and runs by itself."""


class InvalidCase(PflowError):
    """A case file, or a case, that does not fit its workflow."""


@dataclass(frozen=True)
class Case:
    """One case: what the workflow is given, what stands in for its nodes, what goes wrong, what must come of it.

    ``path`` is where it stands in ``file``: ``("cases", 2)``. ``live`` names the nodes that may reach out, or
    is True for all. ``stress`` are the options of ``pflow_stress``, or whether to stress it at all.
    """

    name: str
    file: Document | None = None
    path: DataPath = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    stubs: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[Mapping[str, Any]] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)
    snapshot: Sequence[str] = ()
    stress: Mapping[str, Any] | bool | None = None
    live: bool | tuple[str, ...] = False

    def problem(self, code: str, message: str, path: DataPath = (), *, hint: str = "", key: bool = False) -> Problem:
        """A problem at a path inside the case."""
        if self.file is None:
            return Problem(code, message, hint=hint)
        return self.file.problem(code, message, (*self.path, *path), hint=hint, key=key)

    @property
    def line(self) -> int:
        """The line it starts at, from 0 as pytest counts; 0 without a file."""
        position = self.problem("", "", ("name",)).position
        return position.line - 1 if position else 0


def case_file_of(workflow: Path) -> Path:
    """The case file of a workflow: ``triage.test.yaml`` for ``triage.json`` and ``triage.pflow.json``."""
    return workflow.with_name(stem_of(workflow) + SUFFIX)


def stem_of(workflow: Path) -> str:
    """The name that a workflow and its case file share."""
    return workflow.stem.removesuffix(".pflow")


def load_cases(path: Path, shown_as: str) -> tuple[Case, ...]:
    """The cases of a file, in its order.

    Raises:
        InvalidCase: as ``load_case_file``.
    """
    return cases_in(load_case_file(path, shown_as))


def load_case_file(path: Path, shown_as: str) -> Document:
    """A case file: its cases, and what it says of the workflow beside them.

    Raises:
        InvalidCase: unreadable, not YAML, or with problems; all of them, each with its place.
    """
    document = _document(path, shown_as)
    problems = _problems(document)
    if problems:
        raise InvalidCase(problems)
    return document


def cases_in(document: Document) -> tuple[Case, ...]:
    """The cases of a case file, in its order; none where it has survivors or ``fuzz`` alone."""
    return tuple(_case(document, index, case) for index, case in enumerate(document.ir.get("cases", [])))


def case_schema() -> dict[str, Any]:
    """The published JSON Schema of case files."""
    text = resources.files("pflow_testkit").joinpath("case.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _document(path: Path, shown_as: str) -> Document:
    try:
        text = read_text(path)
        data = parse(text, "yaml", shown_as)
    except InvalidWorkflow as error:
        raise InvalidCase([_of_case_file(problem, path, shown_as) for problem in error.problems]) from None
    document = Document(shown_as, "yaml", text, data, (), lambda text: locate(text, "yaml"))
    if isinstance(data, dict) and isinstance(data.get("cases", []), list):
        return document
    at: DataPath = ("cases",) if isinstance(data, dict) else ()
    raise InvalidCase(document.problem(*_no_cases(data), at, hint=_WRITE_CASES))


def _of_case_file(problem: Problem, path: Path, shown_as: str) -> Problem:
    # The reader speaks of workflows.
    if problem.code == "empty":
        return replace(problem, message=_EMPTY, hint=_WRITE_CASES)
    message, hint = problem.message.replace("a workflow", "a case file"), problem.hint
    hint = hint.replace("one workflow", "one list of cases").replace("a workflow", "a case file")
    if problem.code == "unreadable" and path.is_dir():
        hint = "rename the folder: the name is that of a case file"
    return replace(problem, message=message, hint=hint, file=shown_as)


def _no_cases(data: Any) -> tuple[str, str]:
    if data is None:
        return "empty", _EMPTY
    if isinstance(data, dict):
        return "wrong-type", f"'cases' must be a list of cases, not {type_name(data['cases'])}"
    return "wrong-type", f"a case file is a map with 'cases', not {type_name(data)}"


def _case(document: Document, index: int, case: Mapping[str, Any]) -> Case:
    given = {**case, "live": tuple(case["live"])} if isinstance(case.get("live"), list) else case
    return Case(**given, file=document, path=("cases", index))


def _problems(document: Document) -> list[Problem]:
    found = [*schema_problems(_validator(), document.ir, document.problem), *_case_problems(document)]
    return first_problems(sorted(found, key=in_file_order), document.text, document.file)


@cache
def _validator() -> Any:
    schema = case_schema()
    schema["$defs"] |= _LOOSE
    return build_validator(schema)


def _case_problems(document: Document) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, case in enumerate(document.ir.get("cases", [])):
        if not isinstance(case, dict):
            continue
        for part, (wanted, code, faults) in _CHECKS:
            for path, message, hint in faults(case[part]) if isinstance(case.get(part), wanted) else ():
                at = ("cases", index, part, *path)
                yield document.problem(code, message, at, hint=hint, key=code not in _OF_VALUES)
        name = case.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            message = f"the name '{name}' is already taken by cases[{first[name]}]"
            hint = "give each case its own name"
            yield document.problem("duplicate-case", message, ("cases", index, "name"), hint=hint)
    yield from _shared_files(document)


def _shared_files(document: Document) -> Iterator[Problem]:
    cases = [case for case in document.ir.get("cases", []) if isinstance(case, dict)]
    names = [case.get("name") for case in cases]
    texts = [name for name in names if isinstance(name, str)]
    kept = {name for case, name in zip(cases, names, strict=True) if name in texts and case.get("snapshot")}
    for name, other in clashes(list(filter(None, texts))).items():
        # Where only the case differs, some file systems take two files for one.
        if slug(name) == slug(other) or {name, other} <= kept:
            message = f"'{name}' would have the same snapshots and cassette as '{other}'"
            hint = "give it a name that differs by more than spaces, hyphens or case"
            yield document.problem("duplicate-case", message, ("cases", names.index(name), "name"), hint=hint)


_EMPTY = "the case file is empty"
_WRITE_CASES = "write cases: [...]"

_LOOSE: dict[str, Any] = {
    "name": {"type": "string"},
    "file": {},
    "variable": {},
    "stub": {},
    "fault": {},
    "error": {"type": ["string", "object"]},
    "outcome": {},
}
"""Definitions of the schema whose faults the checks below put into better words."""

_CHECKS: tuple[tuple[str, tuple[type, str, Callable[[Any], Iterator[Fault]]]], ...] = (
    ("name", (str, "bad-name", name_faults)),
    ("inputs", (dict, "bad-fixture", fixture_faults)),
    ("files", (dict, "bad-fixture", fixture_faults)),
    ("files", (dict, "bad-file", file_faults)),
    ("env", (dict, "bad-fixture", fixture_faults)),
    ("env", (dict, "bad-env", env_faults)),
    ("stubs", (dict, "bad-fixture", fixture_faults)),
    ("stubs", (dict, "bad-stub", stubs_faults)),
    ("faults", (list, "bad-fixture", fixture_faults)),
    ("faults", (list, "bad-fault", injection_faults)),
    ("expect", (dict, "bad-matcher", matcher_faults)),
    ("expect", (dict, "bad-error", error_faults)),
)
"""Part of a case, its type, and what is looked for in it. A part of another type is the schema's."""

_OF_VALUES = ("bad-name", "bad-matcher", "bad-error")
"""Problems that are shown at the value; the others at its key."""
