"""Changes of nodes and edges: what runs, and in what order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from pflow_testkit.mutation.model import DROP, Edits, Idea, Subject, arrow, next_of, nodes_at


def drop_node(subject: Subject) -> Iterator[Idea]:
    """A node is gone, and those before it lead to the one after it."""
    for path, node in nodes_at(subject) if len(subject.nodes) > 1 else ():
        after = next_of(subject, node["id"])
        edges = [_past(edge, node["id"], after) for edge in subject.edges if edge["from"] != node["id"]]
        kept = [edge for edge in edges if edge is not None]
        edits: Edits = ((("edges",), kept), (path, DROP))
        if subject.ir.get("start_node") == node["id"]:
            edits = (*edits, (("start_node",), after or subject.nodes[0]["id"]))
        yield Idea(path, f"{node['id']} ({node['type']})", "no such node", edits, node["id"])


def _past(edge: Mapping[str, Any], node_id: str, after: str | None) -> Mapping[str, Any] | None:
    if edge["to"] != node_id:
        return edge
    return None if after is None or after == edge["from"] else {**edge, "to": after}


def swap_neighbours(subject: Subject) -> Iterator[Idea]:
    """Two nodes that follow each other run the other way round."""
    for index, edge in enumerate(subject.edges):
        one, other = edge["from"], edge["to"]
        if edge.get("action", "default") != "default" or one == other:
            continue
        swap = {one: other, other: one}
        edges = [_renamed(each, swap) for each in subject.edges]
        start = subject.ir.get("start_node", subject.nodes[0]["id"])
        edits: Edits = ((("edges",), edges), (("start_node",), swap.get(start, start)))
        yield Idea(("edges", index), arrow(edge), f"{other} -> {one}", edits, one)


def _renamed(edge: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    if edge["from"] not in names and edge["to"] not in names:
        return edge
    return {**edge, "from": names.get(edge["from"], edge["from"]), "to": names.get(edge["to"], edge["to"])}


def move_start(subject: Subject) -> Iterator[Idea]:
    """The run begins one node later."""
    start = subject.ir.get("start_node", subject.nodes[0]["id"])
    after = next_of(subject, start)
    if after is not None:
        yield Idea(("start_node",), start, after, ((("start_node",), after),), start)


def drop_edge(subject: Subject) -> Iterator[Idea]:
    """An edge is gone: there the run ends, or fails."""
    for index, edge in enumerate(subject.edges):
        path = ("edges", index)
        yield Idea(path, arrow(edge), "no such edge", ((path, DROP),), edge["from"])


def retarget_edge(subject: Subject) -> Iterator[Idea]:
    """An edge leads past its target, to the node after it."""
    for index, edge in enumerate(subject.edges):
        after = next_of(subject, edge["to"])
        if after is not None and after != edge["from"]:
            edits: Edits = ((("edges", index, "to"), after),)
            yield Idea(("edges", index), arrow(edge), arrow({**edge, "to": after}), edits, edge["from"])


def swap_edges(subject: Subject) -> Iterator[Idea]:
    """Two actions of a node lead where the other did."""
    for (first, one), (second, other) in combinations(enumerate(subject.edges), 2):
        if one["from"] == other["from"] and one["to"] != other["to"]:
            edits: Edits = ((("edges", first, "to"), other["to"]), (("edges", second, "to"), one["to"]))
            now = f"{arrow({**one, 'to': other['to']})}, {arrow({**other, 'to': one['to']})}"
            yield Idea(("edges", first), f"{arrow(one)}, {arrow(other)}", now, edits, one["from"])
