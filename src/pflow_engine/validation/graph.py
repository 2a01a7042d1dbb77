"""Edges to who comes before whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pflow_engine.document.model import Workflow
from pflow_engine.errors import nearest

_Steps = Mapping[str, Iterable[str]]

_MOST_TYPOS = 50
"""Unknown names that are looked up for what they may mean."""


@dataclass(frozen=True)
class Graph:
    """The edges of a workflow, by node."""

    after: Mapping[str, frozenset[str]]
    before: Mapping[str, frozenset[str]]
    start: str

    @classmethod
    def of(cls, workflow: Workflow) -> Graph:
        """An end that is no node counts as the one it is a typo of, or as a node: one mistake is one problem."""
        ids = {node.id: None for node in workflow.nodes}
        ends = {workflow.start: None, **{name: None for edge in workflow.edges for name in (edge.source, edge.target)}}
        meant = _meant(ends, ids)
        after: dict[str, set[str]] = {name: set() for name in (*ids, *meant.values())}
        before: dict[str, set[str]] = {name: set() for name in after}
        for edge in workflow.edges:
            after[meant[edge.source]].add(meant[edge.target])
            before[meant[edge.target]].add(meant[edge.source])
        return cls(_frozen(after), _frozen(before), meant[workflow.start])

    def reachable(self) -> frozenset[str]:
        """The start node and all that comes after it."""
        return frozenset(_spread(self.start, self.after, set()))

    def is_upstream(self, node: str, of: str) -> bool:
        """Whether ``node`` may run before ``of``; a node in a loop runs before itself."""
        return bool(self._upstream[of] >> self._number[node] & 1)

    def place_of(self, node: str) -> int:
        """How many nodes stand before it in the document."""
        return self._number[node]

    def cycles(self) -> list[frozenset[str]]:
        """The sets of nodes that reach each other, each set once, in a steady order."""
        return sorted((loop for loop in self._components if self._is_loop(loop)), key=sorted)

    def leaves(self, nodes: frozenset[str]) -> bool:
        """Whether any edge leads out of a set of nodes."""
        return any(self.after[node] - nodes for node in nodes)

    @cached_property
    def _number(self) -> Mapping[str, int]:
        return {node: number for number, node in enumerate(self.before)}

    @cached_property
    def _upstream(self) -> Mapping[str, int]:
        # The nodes before each, as the bits of a number: sets would take memory square in the nodes.
        upstream: dict[str, int] = {}
        for component in self._components:
            bits = 0
            for other in {other for node in component for other in self.before[node]}:
                bits |= upstream.get(other, 0) | 1 << self._number[other]
            upstream.update(dict.fromkeys(component, bits))
        return upstream

    @cached_property
    def _components(self) -> list[frozenset[str]]:
        # Kosaraju's: what reaches each other, what comes before first.
        seen: set[str] = set()
        found = (frozenset(_spread(node, self.before, seen)) for node in reversed(_finished(self.after)))
        return [component for component in found if component]

    def _is_loop(self, component: frozenset[str]) -> bool:
        return len(component) > 1 or bool(component & self.after[next(iter(component))])


def _meant(names: Iterable[str], ids: Mapping[str, None]) -> dict[str, str]:
    meant = {name: name for name in names}
    unknown = [name for name in meant if name not in ids]
    if len(unknown) <= _MOST_TYPOS:
        meant.update((name, near) for name in unknown for near in nearest(name, ids))
    return meant


def _frozen(steps: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {node: frozenset(others) for node, others in steps.items()}


def _spread(start: str, steps: _Steps, seen: set[str]) -> Iterator[str]:
    todo = [start]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(steps[node])
            yield node


def _finished(steps: _Steps) -> list[str]:
    finished: list[str] = []
    seen: set[str] = set()
    todo = [(node, False) for node in steps]
    while todo:
        node, left = todo.pop()
        if left:
            finished.append(node)
        elif node not in seen:
            seen.add(node)
            todo.append((node, True))
            todo.extend((other, False) for other in steps[node])
    return finished
