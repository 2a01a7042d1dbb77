"""A sound workflow and changes of it to whether each is sound still, at the cost of what it touches.

The rules are those of a whole validation; only those are asked that the change can make say otherwise. Where that is
not known, of a renamed node for one, all are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from pflow_engine.document.model import Document, Edge, NodeIR, Workflow
from pflow_engine.document.positions import texts_in
from pflow_engine.errors import Problem
from pflow_engine.nodes.registry import Registry
from pflow_engine.templates import parse
from pflow_engine.validation.build import build_workflow
from pflow_engine.validation.dataflow import dataflow_problems_of
from pflow_engine.validation.graph import Graph
from pflow_engine.validation.mappings import mapping_problems
from pflow_engine.validation.references import default_problems, flow_problems
from pflow_engine.validation.structure import structure_problems
from pflow_engine.validation.validate import find_problems, validate

_ID: Final = attrgetter("id")


class Sound:
    """A sound workflow, and what is found out about it once for all of its changes.

    Raises:
        InvalidWorkflow: it is not sound.
    """

    def __init__(self, document: Document, registry: Registry) -> None:
        self._workflow = validate(document, registry)
        # Nobody reads where the problems of a change would stand.
        self._document = replace(document, text="", locate=None)
        self._registry, self._here = registry, registry.at(document.folder)
        ir = document.ir
        self._nodes = {id(written): node for written, node in zip(ir["nodes"], self._workflow.nodes, strict=True)}
        self._edges = {id(written): edge for written, edge in zip(ir["edges"], self._workflow.edges, strict=True)}
        self._named = {_named(node) for node in self._workflow.nodes}
        self._graph = Graph.of(self._workflow)
        self._reads = _Reads(self._workflow)

    def stays_sound(self, ir: Mapping[str, Any]) -> bool:
        """Whether it is sound with another IR, that has the same objects where nothing is changed."""
        nodes = [*map(self._nodes.get, map(id, ir["nodes"]))]
        edges = [*map(self._edges.get, map(id, ir["edges"]))]
        changed = [index for index, node in enumerate(nodes) if node is None]
        part = self._part(ir, changed, [index for index, edge in enumerate(edges) if edge is None])
        if structure_problems(part):
            return False
        workflow = self._whole(ir, build_workflow(part), nodes, edges)
        if self._is_known(workflow, changed):
            found = self._problems(workflow, ir, changed)
        else:
            found = iter(find_problems(replace(self._document, ir=ir), self._registry))
        return not any(problem.severity == "error" for problem in found)

    def _part(self, ir: Mapping[str, Any], nodes: list[int], edges: list[int]) -> Document:
        # The schema looks at each node, edge, input and output by itself. A workflow has at least one node: where none
        # is changed, the first stands for all.
        parts = {
            "nodes": [ir["nodes"][index] for index in nodes] or ir["nodes"][:1],
            "edges": [ir["edges"][index] for index in edges],
            **{name: self._others(name, ir[name]) for name in ("inputs", "outputs") if name in ir},
        }
        return replace(self._document, ir={**ir, **parts})

    def _others(self, part: str, declared: Mapping[str, Any]) -> dict[str, Any]:
        own = self._document.ir.get(part, {})
        return {name: value for name, value in declared.items() if value is not own.get(name)}

    def _whole(
        self, ir: Mapping[str, Any], part: Workflow, nodes: list[NodeIR | None], edges: list[Edge | None]
    ) -> Workflow:
        own, other_nodes, other_edges = self._workflow, iter(part.nodes), iter(part.edges)
        merged = tuple(node or next(other_nodes) for node in nodes)
        return replace(
            part,
            document=self._document,
            nodes=merged,
            edges=tuple(edge or next(other_edges) for edge in edges),
            start=ir.get("start_node", merged[0].id),
            inputs={name: part.inputs.get(name) or own.inputs[name] for name in ir.get("inputs", {})},
            outputs={name: part.outputs.get(name) or own.outputs[name] for name in ir.get("outputs", {})},
            children=own.children,
        )

    def _is_known(self, workflow: Workflow, changed: list[int]) -> bool:
        own = self._workflow
        # Without namespaces every node writes where any template reads.
        return (
            own.namespacing
            and (workflow.namespacing, workflow.permissive) == (True, own.permissive)
            and workflow.inputs.keys() == own.inputs.keys()
            and all(_named(workflow.nodes[index]) in self._named for index in changed)
            and len(set(map(_ID, workflow.nodes))) == len(workflow.nodes)
        )

    def _problems(self, workflow: Workflow, ir: Mapping[str, Any], changed: list[int]) -> Iterator[Problem]:
        own, ids = self._workflow, [*map(_ID, workflow.nodes)]
        moved = ir["edges"] is not self._document.ir["edges"] or ids != [*self._reads.nodes]
        graph = Graph.of(workflow) if moved or workflow.start != own.start else None
        if graph is not None:
            yield from flow_problems(workflow, graph)
        if ir.get("inputs") is not self._document.ir.get("inputs"):
            yield from default_problems(workflow)
        for index in changed:
            node = workflow.nodes[index]
            if node.id in workflow.children:
                yield from mapping_problems(workflow, index, node, workflow.children[node.id])
        names = {ids[index] for index in changed}
        if len(ids) != len(own.nodes):
            names |= self._reads.nodes.keys() - set(ids)
        nodes = sorted({*changed, *self._reads.nodes_of(ids, names, graph)})
        outputs = self._reads.outputs_of(names, graph) & workflow.outputs.keys()
        outputs |= {name for name, output in workflow.outputs.items() if output is not own.outputs.get(name)}
        yield from dataflow_problems_of(workflow, self._here, graph or self._graph, nodes, sorted(outputs))


class _Reads:
    """The names at the root of what each node of a workflow reads, and who reads them."""

    def __init__(self, workflow: Workflow) -> None:
        items = {node.id: node.batch.items for node in workflow.nodes if node.batch}
        aliases = {node.id: node.batch.alias for node in workflow.nodes if node.batch}
        self.nodes = {node.id: _roots([node.params, items.get(node.id)]) for node in workflow.nodes}
        outputs = {name: _roots(output.source) for name, output in workflow.outputs.items()}
        known = {*self.nodes, *workflow.inputs}
        # Whether an unknown name is a typo depends on what comes before.
        self._unknown = {name for name, roots in self.nodes.items() if roots - known - {aliases.get(name)}}
        self._unknown_outputs = {name for name, roots in outputs.items() if roots - known}
        self._pairs = [(root, name) for name, roots in self.nodes.items() for root in roots & self.nodes.keys()]
        self._node_readers, self._output_readers = _turned(self.nodes), _turned(outputs)

    def nodes_of(self, ids: list[str], names: set[str], graph: Graph | None) -> set[int]:
        """The indices of nodes that read one of some; in a new graph, also one that does not come before any more."""
        found = {reader for name in names for reader in self._node_readers.get(name, ())}
        if graph is not None:
            kept = set(ids)
            pairs = ((one, other) for one, other in self._pairs if one in kept and other in kept)
            found |= self._unknown | {other for one, other in pairs if not graph.is_upstream(one, other)}
        return {index for index, name in enumerate(ids) if name in found} if found else set()

    def outputs_of(self, names: set[str], graph: Graph | None) -> set[str]:
        """The outputs that read one of some nodes; in a new graph, also those that read what is not known."""
        found = {reader for name in names for reader in self._output_readers.get(name, ())}
        return found if graph is None else found | self._unknown_outputs


def _turned(reads: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    readers: dict[str, list[str]] = {}
    for reader, names in reads.items():
        for name in names:
            readers.setdefault(name, []).append(reader)
    return readers


def _roots(value: Any) -> frozenset[str]:
    references = [reference for _, text in texts_in(value, ()) for reference in parse(text).references]
    return frozenset(path.root for reference in references for path in reference.paths())


def _named(node: NodeIR) -> tuple[str, ...]:
    # What other places than those that read the node may depend on.
    return node.id, node.type, str(node.batch and node.batch.alias), repr(node.params.get("workflow_ref"))
