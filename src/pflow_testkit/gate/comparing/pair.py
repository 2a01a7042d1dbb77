"""Two versions of a workflow, with which node is which, to the words and places of what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path
from pflow_engine.errors import Position
from pflow_engine.templates import MISSING
from pflow_engine.trace.redact import looks_secret, redact
from pflow_testkit.changes.align import same
from pflow_testkit.changes.values import Difference
from pflow_testkit.changes.words import showable, told
from pflow_testkit.gate.comparing.alignment import same_nodes
from pflow_testkit.gate.comparing.meaning import ITEM, NO_NAMES, Names
from pflow_testkit.gate.model import RULES, Finding, Side


class Both(NamedTuple):
    """A node on both sides."""

    was: NodeIR
    now: NodeIR


class Place(NamedTuple):
    """Where a change is: the path of its side, and whether the key is meant, or which words of the value."""

    path: Path
    side: Side = "head"
    key: bool = False
    within: str = ""


@dataclass(frozen=True)
class Pair:
    """Two versions. ``names`` are the ids in the head of the nodes of the base that are still there."""

    base: Workflow
    head: Workflow
    names: Names

    @classmethod
    def of(cls, base: Workflow, head: Workflow) -> Pair:
        """Find out which node is which."""
        return cls(base, head, same_nodes(base, head))

    @cached_property
    def indices(self) -> Mapping[str, Mapping[str, int]]:
        """The place of each node in its document, by side and id."""
        sides = (("base", self.base), ("head", self.head))
        return {side: {node.id: index for index, node in enumerate(found.nodes)} for side, found in sides}

    @cached_property
    def both(self) -> tuple[Both, ...]:
        """The nodes that are on both sides, in the order of the base."""
        heads = {node.id: node for node in self.head.nodes}
        return tuple(Both(node, heads[self.names[node.id]]) for node in self.base.nodes if node.id in self.names)

    @cached_property
    def removed(self) -> tuple[NodeIR, ...]:
        """The nodes of the base that are gone."""
        return tuple(node for node in self.base.nodes if node.id not in self.names)

    @cached_property
    def added(self) -> tuple[NodeIR, ...]:
        """The nodes that the base did not have."""
        known = set(self.names.values())
        return tuple(node for node in self.head.nodes if node.id not in known)

    @cached_property
    def old_names(self) -> Names:
        """The ids in the base of the nodes of the head that were there."""
        return {new: old for old, new in self.names.items()}

    def names_in(self, node: Both) -> tuple[Names, Names]:
        """What the names in the params of a node stand for, on both sides: the item of its batch among them."""
        if node.was.batch is None or node.now.batch is None:
            return self.names, NO_NAMES
        return {**self.names, node.was.batch.alias: ITEM}, {node.now.batch.alias: ITEM}

    def at(self, node_id: str, *below: str | int, side: Side = "head", key: bool = False) -> Place:
        """A place in a node."""
        return Place(("nodes", self.indices[side][node_id], *below), side, key)

    def tell(  # noqa: PLR0913  # a change has that many sides, half of them optional
        self, code: str, message: str, place: Place, *, base: Any = MISSING, head: Any = MISSING, node: str = ""
    ) -> Finding:
        """What changed, with its place; the message goes on with both values, where there are two."""
        workflow = self.head if place.side == "head" else self.base
        was, now = (_safe(place.path, value) for value in (base, head))
        return Finding(
            RULES[code],
            showable(message + _became(was, now)),
            workflow.document.file,
            place.path,
            position_in(workflow, place.path, key=place.key, within=place.within),
            place.side,
            was,
            now,
            node,
        )


def position_in(workflow: Workflow, path: Path, *, key: bool = False, within: str = "") -> Position | None:
    """The line and column of a path, of those words of its value, or of what is closest above it; None of data."""
    return workflow.document.problem("", "", path, key=key, within=within).position


def is_written(workflow: Workflow, path: Path) -> bool:
    """Whether a path stands in the text, and does not only follow from what does."""
    document = workflow.document
    return document.span(path) is None or document.span(path) != document.span(())


def _became(was: Any, now: Any) -> str:
    if was is MISSING or now is MISSING or same(was, now):
        return ""
    return f": {told(Difference((), was, now)).how}"


def _safe(path: Path, value: Any) -> Any:
    if value is MISSING:
        return value
    above = next((step for step in _values(path) if looks_secret(step)), None)
    return redact(value) if above is None else redact({above: value})[above]


def _values(path: Path) -> Path:
    # Of an input called api_key only the default is the secret, not its type.
    match path:
        case ("nodes", _, "params", *below):
            return tuple(below)
        case ("inputs", name, "default"):
            return (name,)
        case _:
            return ()
