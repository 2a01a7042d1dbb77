"""A folder of workflows to who nests whom, and whom a change meets."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.errors import Position
from pflow_testkit.gate.comparing.effects import Spot, spot_met
from pflow_testkit.gate.comparing.pair import position_in
from pflow_testkit.gate.model import Caller, Finding, Side

Workflows = Mapping[str, Workflow | None]
"""By their paths in the folder, with ``/``; None for a file that is no sound workflow."""

_GONE: Final = ("workflow-removed", "nested-workflow-renamed")
"""Whoever is sound after these no longer needs what is gone."""


class Nest(NamedTuple):
    """A node that runs a workflow, and the file that it stands in."""

    file: str
    workflow: Workflow
    node: NodeIR


class Met(NamedTuple):
    """A node that is met by a change, and the place in its file: in the version that ``side`` names."""

    nest: Nest
    spot: Spot
    side: Side

    @property
    def position(self) -> Position | None:
        """The line and column."""
        return position_in(self.nest.workflow, self.spot.path, within=self.spot.within)

    def caller(self, through: str = "") -> Caller:
        """What is told of it."""
        return Caller(self.nest.file, self.position, self.nest.node.id, self.side, through)


@dataclass(frozen=True, slots=True)
class Nesting:
    """Who nests whom, by files. ``unknown`` are the nodes whose workflow a template names at run time."""

    nests: Mapping[str, tuple[Nest, ...]]
    unknown: tuple[Nest, ...]

    @classmethod
    def of(cls, workflows: Workflows) -> Nesting:
        """Read it off the workflows."""
        nests: dict[str, list[Nest]] = defaultdict(list)
        unknown: list[Nest] = []
        for file, workflow in workflows.items():
            for node in workflow.nodes if workflow is not None else ():
                ref = node.params.get("workflow_ref")
                if workflow is not None and isinstance(ref, str) and _nests(workflow, node):
                    (unknown if "${" in ref else nests[target_of(file, ref)]).append(Nest(file, workflow, node))
        return cls({file: tuple(found) for file, found in nests.items()}, tuple(unknown))

    def runs(self, file: str, node: str) -> str | None:
        """The file that a node of a file runs, where it is known."""
        return next((child for child, nests in self.nests.items() if _has(nests, file, node)), None)

    def direct(self, file: str | None) -> tuple[Nest, ...]:
        """The nodes that run a workflow."""
        return self.nests.get(file, ()) if file is not None else ()

    def all_above(self, file: str) -> Iterator[tuple[Nest, str]]:
        """Every node that runs a workflow, or one that nests it in turn, with the file it runs; the nearest first."""
        found = {file}
        for each in (todo := [file]):
            for nest in self.direct(each):
                yield nest, each
                if nest.file not in found:
                    found.add(nest.file)
                    todo.append(nest.file)

    def above(self, file: str) -> tuple[str, ...]:
        """The files of all that nest a workflow, the nearest first."""
        return tuple(dict.fromkeys(nest.file for nest, _ in self.all_above(file)))


@dataclass(frozen=True, slots=True)
class Callers:
    """Those of two versions. ``files`` says what a file of the base is in the head, where it is there."""

    base: Nesting
    head: Nesting
    files: Mapping[str, str]
    sound: frozenset[str]

    @classmethod
    def of(cls, base: Workflows, head: Workflows, files: Mapping[str, str]) -> Callers:
        """Read both off the workflows."""
        sound = frozenset(file for file, workflow in head.items() if workflow is not None)
        return cls(Nesting.of(base), Nesting.of(head), files, sound)

    def met(self, finding: Finding, file: str) -> tuple[Met, ...]:
        """The nodes that run ``file``, which is its name in the base, and are met by what changed in it.

        Who is sound at hand is asked as it is at hand: it may have been mended along. Who is not, as it was.
        """
        return tuple(self._met(finding, file))

    def told(self, finding: Finding, file: str) -> tuple[Caller, ...]:
        """What is told of them, each followed by those who nest it in turn."""
        direct = self.met(finding, file)
        said = {each.caller(): None for each in direct}
        for each in direct:
            said |= dict.fromkeys(self._through(each))
        return tuple(said)

    def _met(self, finding: Finding, file: str) -> Iterator[Met]:
        before = self.base.direct(file)
        broken = [nest for nest in before if self._is_there(nest.file) and not self._is_sound(nest.file)]
        yield from _places(finding, broken, "base")
        known = {self.files.get(nest.file) for nest in before}
        still = self.head.direct(self.files.get(file)) if finding.rule.code not in _GONE else ()
        yield from _places(finding, [nest for nest in still if nest.file in known], "head")

    def _through(self, met: Met) -> Iterator[Caller]:
        nesting = self.base if met.side == "base" else self.head
        for nest, file in nesting.all_above(met.nest.file):
            if met.side == "head" or self._is_there(nest.file):
                yield Met(nest, _ref(nest), met.side).caller(through=file)

    def _is_there(self, file: str) -> bool:
        return file in self.files

    def _is_sound(self, file: str) -> bool:
        return self.files.get(file) in self.sound


def target_of(file: str, ref: str) -> str:
    """The path in the folder of what ``file`` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), ref))


def _places(finding: Finding, nests: Iterable[Nest], side: Side) -> Iterator[Met]:
    for nest in nests:
        spot = spot_met(finding, nest.workflow, nest.node)
        if spot is not None:
            yield Met(nest, spot, side)


def _has(nests: Iterable[Nest], file: str, node: str) -> bool:
    return any(nest.file == file and nest.node.id == node for nest in nests)


def _nests(workflow: Workflow, node: NodeIR) -> bool:
    return node.type == "workflow" or node.id in workflow.children


def _ref(nest: Nest) -> Spot:
    return Spot((*nest.workflow.node_path(nest.node.id), "params", "workflow_ref"))
