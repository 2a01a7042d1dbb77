"""What workflows and the ini file say of breaking changes to approvals, each with its reason and its place.

In a workflow it is ``metadata: {pflow_gate: {allow: [{rule, path, reason}]}}``, which in Markdown is ``pflow_gate``
in the frontmatter; in the ini file ``pflow_gate_allow``, a list of ``FILE::RULE[PATH]: the reason``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pflow_engine.document.model import Document
from pflow_engine.document.positions import Path as DataPath
from pflow_engine.document.positions import path_text, problem_at
from pflow_engine.errors import Problem, did_you_mean
from pflow_engine.value_types import type_name
from pflow_testkit.changes import Severity
from pflow_testkit.gate.model import RULES, Finding

_AT: DataPath = ("metadata", "pflow_gate")
_FIELDS = ("rule", "path", "reason")
_WRITTEN = re.compile(r"(?P<file>.+?)::(?P<rule>[^\[\]:\s]+)(?:\[(?P<path>[^:]*)\])?(?:\s*:(?P<reason>.*))?", re.DOTALL)
_FORM = "write 'FILE::RULE[PATH]: the reason'"

_Faults = Iterator[tuple[DataPath, str, str]]


@dataclass(frozen=True, slots=True)
class Approval:
    """One breaking change that may be. ``file`` is that of the workflow; ``where`` says where it is written."""

    file: Path
    rule: str
    path: str
    reason: str
    where: Problem

    def is_for(self, finding: Finding) -> bool:
        """Whether a change is the one that is meant."""
        broken = finding.severity is Severity.BREAKING
        return broken and (self.rule, self.path) == (finding.rule.code, path_text(finding.path))

    def stale(self) -> Problem:
        """That it matches nothing."""
        at = f" at '{self.path}'" if self.path else ""
        message = f"the approval of '{self.rule}'{at} matches no change of '{os.path.relpath(self.file)}'"
        return replace(self.where, message=message, severity="warning")


@dataclass(frozen=True, slots=True)
class Approvals:
    """Those of one place, and what is wrong with the others."""

    given: tuple[Approval, ...] = ()
    problems: tuple[Problem, ...] = ()


def approvals_in(document: Document) -> Approvals:
    """The approvals that a workflow has in itself."""
    said = _below(document.ir, _AT)
    faults = list(_faults(said))
    problems = [document.problem("bad-approval", message, (*_AT, *path), hint=hint) for path, message, hint in faults]
    if problems or not isinstance(said, Mapping):
        return Approvals(problems=tuple(problems))
    entries = enumerate(said.get("allow", []))
    return Approvals(tuple(_approval(document, entry, (*_AT, "allow", index)) for index, entry in entries))


def approvals_of_ini(entries: Iterable[str], ini: Path | None, root: Path) -> Approvals:
    """The approvals of the ini file; the files in them are as seen from its folder."""
    given, problems = [], []
    folder, text = (ini.parent, ini.read_text(encoding="utf-8")) if ini is not None else (root, "")
    for entry in entries:
        place = _place(entry, ini, text)
        found = _WRITTEN.fullmatch(entry.strip())
        if found is None:
            problems.append(place("bad-approval", f"'{entry}' is no approval", _FORM))
            continue
        wrong = list(_bad_words(found["rule"], (found["reason"] or "").strip()))
        problems += [place("bad-approval", f"'{entry}': {message}", hint) for _, message, hint in wrong]
        if not wrong:
            where = place("stale-approval", "", _TAKE_OUT)
            file = folder / found["file"]
            given.append(Approval(file, found["rule"], found["path"] or "", (found["reason"] or "").strip(), where))
    return Approvals(tuple(given), tuple(problems))


def _faults(said: Any) -> _Faults:
    if said is None:
        return
    if not isinstance(said, Mapping):
        yield (), f"'pflow_gate' is a map with 'allow', not {type_name(said)}", _EXAMPLE
        return
    for key in said:
        if key != "allow":
            yield (key,), f"'pflow_gate' knows no '{key}'", did_you_mean(str(key), ["allow"])
    entries = said.get("allow", [])
    if not isinstance(entries, list):
        yield ("allow",), f"'allow' is a list of approvals, not {type_name(entries)}", _EXAMPLE
        return
    for index, entry in enumerate(entries):
        for path, message, hint in _bad_entry(entry):
            yield ("allow", index, *path), message, hint


def _bad_entry(entry: Any) -> _Faults:
    if not isinstance(entry, Mapping):
        yield (), f"an approval is a map, not {type_name(entry)}", _EXAMPLE
        return
    for key, value in entry.items():
        if key not in _FIELDS:
            yield (key,), f"an approval knows no '{key}'", did_you_mean(str(key), _FIELDS)
        elif not isinstance(value, str):
            yield (key,), f"'{key}' is text, not {type_name(value)}", "put it in quotes"
    if all(isinstance(entry.get(key, ""), str) for key in _FIELDS):
        yield from _bad_words(entry.get("rule", ""), entry.get("reason", "").strip())


def _bad_words(rule: str, reason: str) -> _Faults:
    breaking = [code for code, each in RULES.items() if each.severity is Severity.BREAKING]
    if not rule:
        yield (), "an approval without a rule", _EXAMPLE
    elif rule not in RULES:
        yield ("rule",), f"there is no rule '{rule}'", did_you_mean(rule, breaking)
    elif rule not in breaking:
        kind = RULES[rule].severity.name
        yield ("rule",), f"the rule '{rule}' is {kind}, and needs no approval", "take it out"
    if not any(map(str.isalnum, reason)):  # "…" is what the gate prints for it
        yield (), "an approval without a reason", "say why it may break those who use the workflow"


def _approval(document: Document, entry: Mapping[str, str], path: DataPath) -> Approval:
    where = document.problem("stale-approval", "", path, hint=_TAKE_OUT)
    return Approval(Path(document.file), entry["rule"], entry.get("path", ""), entry["reason"], where)


def _below(data: Any, path: DataPath) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _place(entry: str, ini: Path | None, text: str) -> Callable[[str, str, str], Problem]:
    # TOML has no positions: the entry is looked for as it is, and as it stands in quotes. Another may have it in it.
    alone = (
        rf"(?:^|[\"'=])[^\S\n]*({re.escape(words)})[^\S\n]*(?:[\"']|$)" for words in (entry, json.dumps(entry)[1:-1])
    )
    found = [match.start(1) for each in alone if (match := re.search(each, text, re.MULTILINE))]

    def problem(code: str, message: str, hint: str) -> Problem:
        if ini is None or not found:  # as one of the command line: -o pflow_gate_allow=…
            return Problem(code, message, hint=hint, file="pflow_gate_allow")
        return problem_at(text, os.path.relpath(ini), found[0], code, message, hint=hint)

    return problem


_EXAMPLE = 'write {rule: input-removed, path: inputs.since, reason: "…"}'
_TAKE_OUT = "take it out: the change is not made any more, or is merged already"
