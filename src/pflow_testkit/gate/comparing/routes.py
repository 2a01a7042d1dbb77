"""The edges of one version to where each node that both versions have leads, past the nodes that only one has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pflow_engine.document.model import Workflow
from pflow_testkit.gate.comparing.meaning import Names

_DEFAULT = "default"

Step = tuple[str, str]
"""A node, and the action that it returns."""


@dataclass(frozen=True)
class Routes:
    """Every node goes by its id in the head. ``names`` has those that both versions have, by their id here."""

    workflow: Workflow
    names: Names

    @cached_property
    def steps(self) -> Mapping[Step, str]:
        """Where the actions of the nodes that both have lead to; one that ends past the last of them is left out."""
        steps: dict[Step, str] = {}
        for (source, action), target in self._edges.items():
            known = self._known(target) if source in self.names else None
            if known is not None:
                steps[self.names[source], action] = known
        return steps

    @cached_property
    def start(self) -> str | None:
        """The first node that both have."""
        return self._known(self.workflow.start)

    @cached_property
    def line(self) -> tuple[str, ...]:
        """The nodes that run when all goes well, in order, each once."""
        return tuple(self.names[node] for node in self._walk(self.workflow.start) if node in self.names)

    @cached_property
    def handles_error(self) -> frozenset[str]:
        """The nodes whose error an edge takes care of."""
        return frozenset(
            self.names[source] for source, action in self._edges if action == "error" and source in self.names
        )

    @cached_property
    def _edges(self) -> Mapping[Step, str]:
        return {(edge.source, edge.action): edge.target for edge in self.workflow.edges}

    def _known(self, node: str) -> str | None:
        return next((self.names[each] for each in self._walk(node) if each in self.names), None)

    def _walk(self, node: str) -> Iterator[str]:
        seen: set[str] = set()
        at: str | None = node
        while at is not None and at not in seen:
            seen.add(at)
            yield at
            at = self._edges.get((at, _DEFAULT))
