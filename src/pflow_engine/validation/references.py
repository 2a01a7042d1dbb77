"""Ids, edges and types of a workflow to problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from pflow_engine.document.model import Edge, InputDeclaration, NodeIR, Workflow
from pflow_engine.document.positions import Path
from pflow_engine.errors import Problem, did_you_mean, nearest
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation.graph import Graph
from pflow_engine.value_types import coerce, is_of_type, type_name

_NumberedEdges = Sequence[tuple[int, Edge]]

_MOST_NAMES = 10
_NAME = re.compile(r"[A-Za-z_][\w-]*")


def reference_problems(workflow: Workflow, registry: Registry, graph: Graph) -> Iterator[Problem]:
    """What names something that is not there, twice there, or never reached."""
    yield from _duplicate_ids(workflow)
    yield from _bad_edges(workflow)
    yield from _bad_start(workflow)
    yield from _once(_types(workflow, registry))
    edges = _edges_by_source(workflow)
    names = dict.fromkeys((node.id for node in workflow.nodes), "a node") | dict.fromkeys(workflow.inputs, "an input")
    for index, node in enumerate(workflow.nodes):
        yield from _id(workflow, index, node)
        yield from _alias(workflow, index, node, names)
        yield from _actions(workflow, index, node, registry, edges.pop(node.id, ()))
    yield from default_problems(workflow)
    yield from _graph(workflow, graph)


def flow_problems(workflow: Workflow, graph: Graph) -> Iterator[Problem]:
    """The errors among them that edges and the start node can make."""
    yield from _bad_edges(workflow)
    yield from _bad_start(workflow)
    yield from _graph(workflow, graph)


def default_problems(workflow: Workflow) -> Iterator[Problem]:
    """Those that defaults of inputs can make."""
    for name, declared in workflow.inputs.items():
        yield from _default(workflow, name, declared)


def _duplicate_ids(workflow: Workflow) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, node in enumerate(workflow.nodes):
        if node.id in first:
            message = f"node id '{node.id}' is already taken by nodes[{first[node.id]}]"
            path = ("nodes", index, "id")
            yield workflow.document.problem("duplicate-id", message, path, hint="give each node its own id")
        first.setdefault(node.id, index)
    for name in workflow.inputs:
        if name in first:
            message = f"input '{name}' has the name of a node"
            hint = "rename one: ${" + name + "} could mean both"
            yield workflow.document.problem("duplicate-id", message, ("inputs", name), hint=hint, key=True)


def _bad_edges(workflow: Workflow) -> Iterator[Problem]:
    ids = dict.fromkeys(sorted(node.id for node in workflow.nodes))
    taken: dict[tuple[str, str], int] = {}
    for index, edge in enumerate(workflow.edges):
        for end, name in (("from", edge.source), ("to", edge.target)):
            if name not in ids:
                message = f"edge {end} '{name}', which is no node"
                hint = did_you_mean(name, ids, otherwise="the nodes: ")
                yield workflow.document.problem("unknown-node", message, ("edges", index, end), hint=hint)
        if taken.setdefault((edge.source, edge.action), index) != index:
            message = f"'{edge.source}' has two edges for the action '{edge.action}'"
            hint = "an action leads to one node"
            yield workflow.document.problem("duplicate-edge", message, ("edges", index), hint=hint)


def _bad_start(workflow: Workflow) -> Iterator[Problem]:
    ids = {node.id for node in workflow.nodes}
    if workflow.start not in ids:
        message = f"start_node '{workflow.start}' is no node"
        hint = did_you_mean(workflow.start, ids, otherwise="the nodes: ")
        yield workflow.document.problem("unknown-node", message, ("start_node",), hint=hint)


def _id(workflow: Workflow, index: int, node: NodeIR) -> Iterator[Problem]:
    path = ("nodes", index, "id")
    if _is_reserved(node.id):
        message = f"node id '{node.id}' is reserved: names in double underscores are the engine's"
        yield workflow.document.problem("reserved-name", message, path, hint="choose another id")
    elif not _NAME.fullmatch(node.id):
        message = f"no template can name node '{node.id}'"
        hint = "use letters, digits, _ and -, with a letter or _ first"
        yield workflow.document.problem("bad-name", message, path, hint=hint, severity="warning")


def _is_reserved(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _types(workflow: Workflow, registry: Registry) -> Iterator[Problem]:
    for index, node in enumerate(workflow.nodes):
        found, path = registry.find(node.type), ("nodes", index, "type")
        for each in found.problems:
            yield (
                each
                if each.file
                else workflow.document.problem(each.code, each.message, path, hint=each.hint, severity=each.severity)
            )
        if found.kind is None and not found.problems:
            yield _unknown_type(workflow, path, node, registry)


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    # One file of settings may be what several nodes find fault with.
    told: set[Problem] = set()
    for problem in problems:
        if problem not in told:
            told.add(problem)
            yield problem


def _unknown_type(workflow: Workflow, path: Path, node: NodeIR, registry: Registry) -> Problem:
    message = f"unknown node type '{node.type}'"
    close = nearest(node.type, registry, count=3)
    near = f"did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    known = f"known: {', '.join(registry)}; or install the plugin that has it"
    hint = " ".join(filter(None, (near, known)))
    return workflow.document.problem("unknown-type", message, path, hint=hint)


def _alias(workflow: Workflow, index: int, node: NodeIR, taken: Mapping[str, str]) -> Iterator[Problem]:
    if node.batch is None:
        return
    alias = node.batch.alias
    if alias in taken:
        reason = f"is {taken[alias]}"
    elif _is_reserved(alias):
        reason = "is reserved: names in double underscores are the engine's"
    else:
        return
    path = ("nodes", index, "batch", "as")
    message = f"batch alias '{alias}' {reason}"
    yield workflow.document.problem("alias-taken", message, path, hint="choose another name under 'as'")


def _edges_by_source(workflow: Workflow) -> dict[str, _NumberedEdges]:
    edges: dict[str, list[tuple[int, Edge]]] = {}
    for number, edge in enumerate(workflow.edges):
        edges.setdefault(edge.source, []).append((number, edge))
    return dict(edges)


def _actions(
    workflow: Workflow, index: int, node: NodeIR, registry: Registry, edges: _NumberedEdges
) -> Iterator[Problem]:
    kind = registry.get(node.type)
    if kind is None or kind.interface.actions is None:
        return
    known = {*kind.interface.actions, "default", *(("error",) if node.batch else ())}
    for number, edge in edges:
        if edge.action not in known:
            message = f"'{node.id}' ({node.type}) never returns the action '{edge.action}'"
            hint = partial(did_you_mean, edge.action, known, otherwise="its actions: ")
            path = ("edges", number, "action")
            yield workflow.document.problem("unknown-action", message, path, hint=hint, severity="warning")
    if edges:
        unhandled = known - {"default", "error"} - {edge.action for _, edge in edges}
        yield from _unhandled(workflow, index, node, sorted(unhandled))


def _unhandled(workflow: Workflow, index: int, node: NodeIR, actions: list[str]) -> Iterator[Problem]:
    for action in actions:
        message = f"no edge handles the action '{action}' of '{node.id}' ({node.type})"
        hint = f"the run ends there; add an edge from '{node.id}' with action: {action}"
        path = ("nodes", index)
        yield workflow.document.problem("unhandled-action", message, path, hint=hint, severity="warning")


def _default(workflow: Workflow, name: str, declared: InputDeclaration) -> Iterator[Problem]:
    if not declared.has_default or declared.default is None or is_of_type(declared.default, declared.type):
        return
    try:
        coerce(declared.default, declared.type)
    except ValueError:
        kind = type_name(declared.default)
        message = f"the default of input '{name}' is of type {kind}, the input of type {declared.type}"
        path = ("inputs", name, "default")
        yield workflow.document.problem(
            "default-type", message, path, hint=f"change the default, or the type to {kind}"
        )


def _graph(workflow: Workflow, graph: Graph) -> Iterator[Problem]:
    reachable = graph.reachable()
    for index, node in enumerate(workflow.nodes):
        if reachable and node.id not in reachable:
            message = f"node '{node.id}' is never reached from '{workflow.start}'"
            hint = "add an edge to it, or take it out"
            yield workflow.document.problem("unreachable-node", message, ("nodes", index, "id"), hint=hint)
    ids = {node.id for node in workflow.nodes}
    for cycle in graph.cycles():
        if cycle <= ids and not graph.leaves(cycle) and _only_default(workflow, cycle):
            names = [node.id for node in workflow.nodes if node.id in cycle]
            more = ", …" if len(names) > _MOST_NAMES else ""
            message = f"the loop through {', '.join(names[:_MOST_NAMES])}{more} never ends: no action leaves it"
            path = (*workflow.node_path(names[0]), "id")
            yield workflow.document.problem("endless-loop", message, path, hint="add an edge that leads out of it")


def _only_default(workflow: Workflow, cycle: frozenset[str]) -> bool:
    # A loop on another action than default ends by itself when that action is not returned.
    inside = [edge for edge in workflow.edges if edge.source in cycle and edge.target in cycle]
    return all(edge.action == "default" for edge in inside)
