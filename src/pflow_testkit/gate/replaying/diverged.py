"""What came out of a case on two versions of a workflow to a finding: where it diverged first, in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from pflow_engine.document.model import Workflow
from pflow_engine.document.positions import Path
from pflow_engine.templates import MISSING
from pflow_testkit.changes import Change, first_in_words
from pflow_testkit.changes.words import place_of, showable
from pflow_testkit.gate.comparing.meaning import is_template
from pflow_testkit.gate.comparing.pair import position_in
from pflow_testkit.gate.model import RULES, Caller, Finding, Side

_LONGEST: Final = 400

_Level = tuple[Workflow, Path]
"""A workflow, and where in it a node or an output stands."""


@dataclass(frozen=True, slots=True)
class Diverged:
    """The changes of a run, up to where it could not go on: ``why``, "" where it came to its end."""

    changes: tuple[Change, ...]
    why: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Two versions of a workflow, to look up in what is told."""

    base: Workflow
    head: Workflow


def written(findings: Iterable[Finding]) -> frozenset[tuple[str, str]]:
    """The params that are told to read differently, each as a change of a run has it: by its node and its place.

    Not those with templates: what is filled in is known of a run alone.
    """
    params = [each for each in findings if each.path[:1] == ("nodes",) and each.path[2:3] == ("params",)]
    plain = [each for each in params if not (is_template(each.base) or is_template(each.head))]
    return frozenset((each.node, place_of(each.path[2:])) for each in plain)


def says_more(found: Diverged, known: frozenset[tuple[str, str]]) -> bool:
    """Whether a run tells anything that is not known from reading the files."""
    return bool(found.why) or found.fails or any((each.node, each.what) not in known for each in found.changes)


def told_of_none(place: Place, why: str) -> Finding:
    """That there is nothing to replay."""
    return _finding("replay-impossible", f"nothing is replayed: {why}", place, None)


def told_of_case(place: Place, case: str, found: Diverged) -> Finding:
    """What became of a case."""
    if not found.changes:
        return _finding("replay-impossible", f"case '{case}' cannot be replayed: {_cut(found.why)}", place, None)
    first, others = found.changes[0], len(found.changes) - 1
    more = f" (and {others} more)" if others else ""
    until = f"; it cannot be replayed any further: {_cut(found.why)}" if found.why else ""
    code, became = ("replay-fails", " fails now") if found.fails else ("replay-differs", "")
    return _finding(code, f"case '{case}'{became}: {first_in_words(found.changes)}{more}{until}", place, first)


def _finding(code: str, message: str, place: Place, change: Change | None) -> Finding:
    node, what, was, now = (change.node, change.what, change.was, change.now) if change else ("", "", "", "")
    side, levels = _place(place, node, what)
    workflow, path = levels[-1]
    return Finding(
        RULES[code],
        showable(message),
        _shown(workflow),
        path,
        position_in(workflow, path) if path else None,
        side,
        was or MISSING,
        now or MISSING,
        node,
        tuple(_callers(levels)),
    )


def _place(place: Place, node: str, what: str) -> tuple[Side, list[_Level]]:
    sides: tuple[tuple[Side, Workflow], ...] = (("head", place.head), ("base", place.base))
    for side, workflow in sides:
        # Of what is gone inside of a nested workflow the base has no file that is at hand.
        found = _nearest(workflow, node if side == "head" else node.partition("/")[0])
        found = found or [(workflow, path) for path in _outputs(workflow, what)]
        if found:
            return side, found
    return "head", [(place.head, ())]


def _nearest(workflow: Workflow, node: str) -> list[_Level]:
    # Of what is gone inside of a nested workflow, the node that runs that one.
    levels = list(_levels(workflow, node))
    return levels if levels or "/" not in node else _nearest(workflow, node.rpartition("/")[0])


def _levels(workflow: Workflow, node: str) -> Iterator[_Level]:
    # From the outermost workflow to that in which the node stands; nothing, where it is not there.
    above, _, below = node.partition("/")
    if not any(above == each.id for each in workflow.nodes):
        return
    child = workflow.children.get(above)
    inner = list(_levels(child, below)) if below and child is not None else []
    if below and child is not None and not inner:
        return
    yield workflow, workflow.node_path(above)
    yield from inner


def _outputs(workflow: Workflow, what: str) -> Iterator[Path]:
    yield from (("outputs", name) for name in workflow.outputs if what.startswith(f"output '{name}'"))


def _callers(levels: list[_Level]) -> Iterator[Caller]:
    # The nearest first. Who is not the nearest runs a workflow that is met itself.
    for number in range(len(levels) - 2, -1, -1):
        workflow, path = levels[number]
        through = _shown(levels[number + 1][0]) if number < len(levels) - 2 else ""
        node = workflow.nodes[int(path[1])].id
        yield Caller(_shown(workflow), position_in(workflow, path), node, "head", through)


def _shown(workflow: Workflow) -> str:
    # The file of a nested workflow is written as its caller names it.
    return FilePath(os.path.normpath(workflow.document.file)).as_posix()


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
