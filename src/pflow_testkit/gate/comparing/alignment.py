"""Two versions of a workflow to which node of one is which of the other.

By their ids; of those whose id is on one side only by what they do and where they stand. What is taken for the same
is compared in full afterwards, so that a wrong guess tells too much, never too little.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pflow_engine.document.model import NodeIR, Workflow
from pflow_testkit.gate.comparing.meaning import ITEM, batch_meaning, meaning

_MOST_ROUNDS = 40
"""Each finds at least one node; where that is not enough, the rest is taken in the order of the file."""

_UNKNOWN = "?"
"""No id: in place of a node that is not known yet."""


@dataclass(frozen=True)
class _Left:
    """The nodes of one side that are still alone, and what the others are called in the head."""

    workflow: Workflow
    nodes: tuple[NodeIR, ...]
    names: Mapping[str, str]

    @cached_property
    def shown(self) -> dict[str, str]:
        """Each node's name, as far as it is known."""
        return {node.id: self.names.get(node.id, _UNKNOWN) for node in self.workflow.nodes}

    @cached_property
    def around(self) -> Mapping[str, tuple[tuple[str, str, str], ...]]:
        """What each node's edges lead to and come from."""
        found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for edge in self.workflow.edges:
            found[edge.target].append(("from", self.shown[edge.source], edge.action))
            found[edge.source].append(("to", self.shown[edge.target], edge.action))
        return {node: tuple(sorted(edges)) for node, edges in found.items()}


_Signature = Callable[[_Left, NodeIR], Hashable]


def same_nodes(base: Workflow, head: Workflow) -> dict[str, str]:
    """The id that each node of the base has in the head, of those that are there.

    Without namespacing templates name outputs, not nodes, so that nothing says who uses whom: there, only ids count.
    """
    others = {node.id for node in head.nodes}
    names = {node.id: node.id for node in base.nodes if node.id in others}
    is_sure = len(names) in (len(base.nodes), len(head.nodes)) or not (base.namespacing and head.namespacing)
    return names if is_sure else _with_renamed(base, head, names)


def _with_renamed(base: Workflow, head: Workflow, names: dict[str, str]) -> dict[str, str]:
    for number in range(_MOST_ROUNDS + 1):
        known = {name: name for name in names.values()}
        old = _Left(base, tuple(node for node in base.nodes if node.id not in names), names)
        new = _Left(head, tuple(node for node in head.nodes if node.id not in known), known)
        found = _found(old, new, is_last=number == _MOST_ROUNDS)
        if not found:
            break
        names |= found
    return names


def _found(old: _Left, new: _Left, *, is_last: bool) -> dict[str, str]:
    for signature in (_whole, _content, _place, _batch):
        found = _only_ones(old, new, signature) if not is_last else {}
        if found:
            return found
    return _in_order(old, new)


def _only_ones(old: _Left, new: _Left, signature: _Signature) -> dict[str, str]:
    was, now = _by(old, signature), _by(new, signature)
    both = [(was[key], now[key]) for key in was if key is not None and key in now]
    return {one[0]: other[0] for one, other in both if len(one) == len(other) == 1}


def _in_order(old: _Left, new: _Left) -> dict[str, str]:
    # Nodes that nothing tells apart: whoever renames does not shuffle.
    was, now = _by(old, _whole), _by(new, _whole)
    return {one: other for key in was for one, other in zip(was[key], now.get(key, ()), strict=False)}


def _by(side: _Left, signature: _Signature) -> dict[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for node in side.nodes:
        found[signature(side, node)].append(node.id)
    return found


def _whole(side: _Left, node: NodeIR) -> Hashable:
    return _content(side, node), _around(side, node)


def _content(side: _Left, node: NodeIR) -> Hashable:
    item = {node.batch.alias: ITEM} if node.batch is not None else {}
    return node.type, meaning(node.params, ChainMap(item, side.shown)), batch_meaning(node.batch, side.shown)


def _place(side: _Left, node: NodeIR) -> Hashable:
    around = _around(side, node)
    # Among nodes that are not known either, a place says nothing.
    return None if any(name == _UNKNOWN for _, name, _ in around[1]) else (node.type, around)


def _batch(_side: _Left, node: NodeIR) -> Hashable:
    # The one batch of its type: what becomes of failed items must not get lost under a new name.
    return node.type if node.batch is not None else None


def _around(side: _Left, node: NodeIR) -> tuple[bool, tuple[tuple[str, str, str], ...]]:
    return side.workflow.start == node.id, side.around.get(node.id, ())
