"""What one change to a workflow is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pflow_engine.document.positions import Path
from pflow_engine.nodes import Interface, Registry

DROP: Final = object()
"""In place of a value: the key, or the item of the list, is taken away."""

Edits = tuple[tuple[Path, Any], ...]


class Idea(NamedTuple):
    """A change that may make a mutant. ``was`` and ``now`` are one line each.

    Only a case that reaches ``node`` can notice it; "" where any may. ``equivalent``: none may, for the engine
    promises that it makes no difference.
    """

    path: Path
    was: str
    now: str
    edits: Edits
    node: str = ""
    equivalent: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The workflow that is changed: its normalised IR, which is sound, and the node types that it may use."""

    ir: Mapping[str, Any]
    registry: Registry

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """Its nodes."""
        nodes: list[dict[str, Any]] = self.ir["nodes"]
        return nodes

    @property
    def edges(self) -> list[dict[str, Any]]:
        """Its edges."""
        edges: list[dict[str, Any]] = self.ir["edges"]
        return edges

    def interface(self, node: Mapping[str, Any]) -> Interface:
        """That of a node's type."""
        kind = self.registry.get(node["type"])
        return kind.interface if kind else Interface(open_params=True, open_outputs=True)

    def node(self, node_id: str) -> dict[str, Any] | None:
        """The node with that id."""
        return next((node for node in self.nodes if node["id"] == node_id), None)


Operator = Callable[[Subject], Iterable[Idea]]


@dataclass(frozen=True)
class Mutant:
    """A valid workflow that differs from the one in the file in one thing."""

    operator: str
    idea: Idea
    ir: Mapping[str, Any]
    number: int = 1

    @property
    def name(self) -> str:
        """What it is called in the test id and in case files: ``drop-edge edges.1``."""
        place = ".".join(map(str, self.idea.path))
        return f"{self.operator} {place}" + (f" #{self.number}" if self.number > 1 else "")


def edited(ir: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """The IR with the edits made, one after the other. What is not on the way to one is shared, not copied."""
    made: dict[str, Any] = dict(ir)
    for path, value in edits:
        made = _with(made, path, value)
    return made


def _with(held: Any, path: Path, value: Any) -> Any:
    step, *below = path
    made = copy(held)
    if value is DROP and not below:
        del made[step]
    else:
        made[step] = _with(held[step], tuple(below), value) if below else value
    return made


def arrow(edge: Mapping[str, Any]) -> str:
    """An edge as people write it."""
    action = edge.get("action", "default")
    return f"{edge['from']} {'->' if action == 'default' else f'-[{action}]->'} {edge['to']}"


def next_of(subject: Subject, node_id: str) -> str | None:
    """Where a node leads to by default."""
    ends = [edge["to"] for edge in subject.edges if edge["from"] == node_id and _is_default(edge)]
    return ends[0] if ends else None


def _is_default(edge: Mapping[str, Any]) -> bool:
    return bool(edge.get("action", "default") == "default")


def nodes_at(subject: Subject) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each node with its path."""
    return ((("nodes", index), node) for index, node in enumerate(subject.nodes))
