"""A workflow to what is drawn of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pflow_engine.document.model import BatchConfig, NodeIR, Workflow
from pflow_testkit.coverage.lines import line_of
from pflow_testkit.report.model import Graph, Node

FileOf = Callable[[Workflow], str]
"""How the page names the file of a workflow."""


def graph_of(workflow: Workflow, file_of: FileOf) -> Graph:
    """Its nodes, and an edge for each pair of them, with all actions that lead from one to the other."""
    places = {node.id: index for index, node in enumerate(workflow.nodes)}
    actions: dict[tuple[int, int], list[str]] = defaultdict(list)
    for edge in workflow.edges:
        actions[places[edge.source], places[edge.target]].append(edge.action)
    nodes = [_node(workflow, index, node, file_of) for index, node in enumerate(workflow.nodes)]
    edges = [(source, target, action) for (source, target), all_of in actions.items() for action in all_of]
    return Graph(workflow.name, places[workflow.start], nodes, edges)


def _node(workflow: Workflow, index: int, node: NodeIR, file_of: FileOf) -> Node:
    child = workflow.children.get(node.id)
    line = line_of(workflow.document, ("nodes", index))
    return Node(node.id, node.type, node.purpose, line, _batch(node.batch), file_of(child) if child else "")


def _batch(batch: BatchConfig | None) -> str:
    if batch is None:
        return ""
    items = batch.items if isinstance(batch.items, str) else f"{len(batch.items)} items"
    how = f"{batch.max_concurrent} at a time" if batch.parallel else "one after the other"
    return f"of {items}, {how}"
