"""A sound workflow and changes of it to whether each is sound still, at the cost of what it touches.

The rules are those of a whole validation; only those are asked that the change can make say otherwise. Where that is
not known, of a renamed node for one, all are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pflow_engine.document.model import Document, NodeIR, Workflow
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
        changed = self._changed(ir)
        if structure_problems(changed):
            return False
        workflow = self._merged(ir, build_workflow(changed))
        if self._is_known(workflow, ir):
            found = self._problems(workflow, ir)
        else:
            found = iter(find_problems(replace(self._document, ir=ir), self._registry))
        return not any(problem.severity == "error" for problem in found)

    def _changed(self, ir: Mapping[str, Any]) -> Document:
        # The schema looks at each node, edge, input and output by itself.
        nodes = [node for node in ir["nodes"] if id(node) not in self._nodes]
        edges = [edge for edge in ir["edges"] if id(edge) not in self._edges]
        named = {part: self._others(part, ir[part]) for part in ("inputs", "outputs") if part in ir}
        # A workflow has at least one node: where none is changed, the first stands for all.
        return replace(self._document, ir={**ir, **named, "nodes": nodes or ir["nodes"][:1], "edges": edges})

    def _others(self, part: str, declared: Mapping[str, Any]) -> dict[str, Any]:
        own = self._document.ir.get(part, {})
        return {name: value for name, value in declared.items() if value is not own.get(name)}

    def _merged(self, ir: Mapping[str, Any], changed: Workflow) -> Workflow:
        own, nodes, edges = self._workflow, iter(changed.nodes), iter(changed.edges)
        merged = tuple(self._nodes.get(id(node)) or next(nodes) for node in ir["nodes"])
        return replace(
            changed,
            document=self._document,
            nodes=merged,
            edges=tuple(self._edges.get(id(edge)) or next(edges) for edge in ir["edges"]),
            start=ir.get("start_node", merged[0].id),
            inputs={name: changed.inputs.get(name) or own.inputs[name] for name in ir.get("inputs", {})},
            outputs={name: changed.outputs.get(name) or own.outputs[name] for name in ir.get("outputs", {})},
            children=own.children,
        )

    def _is_known(self, workflow: Workflow, ir: Mapping[str, Any]) -> bool:
        own = self._workflow
        # Without namespaces every node writes where any template reads.
        return (
            own.namespacing
            and (workflow.namespacing, workflow.permissive) == (True, own.permissive)
            and workflow.inputs.keys() == own.inputs.keys()
            and len({node.id for node in workflow.nodes}) == len(workflow.nodes)
            and all(_named(workflow.nodes[index]) in self._named for index in self._touched(ir))
        )

    def _touched(self, ir: Mapping[str, Any]) -> set[int]:
        return {index for index, node in enumerate(ir["nodes"]) if id(node) not in self._nodes}

    def _problems(self, workflow: Workflow, ir: Mapping[str, Any]) -> Iterator[Problem]:
        leads_elsewhere = self._leads_elsewhere(workflow, ir)
        graph = Graph.of(workflow) if leads_elsewhere else self._graph
        if leads_elsewhere:
            yield from flow_problems(workflow, graph)
        if ir.get("inputs") is not self._document.ir.get("inputs"):
            yield from default_problems(workflow)
        changed = self._touched(ir)
        for index in changed:
            node = workflow.nodes[index]
            if node.id in workflow.children:
                yield from mapping_problems(workflow, index, node, workflow.children[node.id])
        names = {workflow.nodes[index].id for index in changed} | self._gone(workflow)
        nodes = changed | self._reads.nodes(workflow, names, graph if leads_elsewhere else None)
        outputs = self._reads.outputs(workflow, names)
        outputs |= {name for name, output in workflow.outputs.items() if output is not self._workflow.outputs[name]}
        yield from dataflow_problems_of(workflow, self._here, graph, sorted(nodes), sorted(outputs))

    def _leads_elsewhere(self, workflow: Workflow, ir: Mapping[str, Any]) -> bool:
        own = self._workflow
        same = ir["edges"] is self._document.ir["edges"] and len(workflow.nodes) == len(own.nodes)
        return not same or workflow.start != own.start

    def _gone(self, workflow: Workflow) -> set[str]:
        return {node.id for node in self._workflow.nodes} - {node.id for node in workflow.nodes}


class _Reads:
    """The names at the root of what each node, and each output, of a workflow reads."""

    def __init__(self, workflow: Workflow) -> None:
        items = {node.id: node.batch.items for node in workflow.nodes if node.batch}
        self._nodes = {node.id: _roots([node.params, items.get(node.id)]) for node in workflow.nodes}
        self._outputs = {name: _roots(output.source) for name, output in workflow.outputs.items()}
        known = {*self._nodes, *workflow.inputs}
        aliases = {node.id: node.batch.alias for node in workflow.nodes if node.batch}
        self._unknown = {name for name, roots in self._nodes.items() if roots - known - {aliases.get(name)}}

    def nodes(self, workflow: Workflow, names: set[str], graph: Graph | None) -> set[int]:
        """The indices of those that read one of some nodes; in a new graph also one that no longer comes before."""
        return {index for index, node in enumerate(workflow.nodes) if self._meets(node.id, names, graph)}

    def outputs(self, workflow: Workflow, names: set[str]) -> set[str]:
        """The outputs that read one of some nodes."""
        return {name for name in workflow.outputs if self._outputs[name] & names}

    def _meets(self, node: str, names: set[str], graph: Graph | None) -> bool:
        read = self._nodes[node]
        if graph is None or not read.isdisjoint(names):
            return not read.isdisjoint(names)
        # Whether an unknown name is a typo depends on what else comes before.
        return node in self._unknown or not all(graph.is_upstream(name, node) for name in read & self._nodes.keys())


def _roots(value: Any) -> frozenset[str]:
    references = [reference for _, text in texts_in(value, ()) for reference in parse(text).references]
    return frozenset(path.root for reference in references for path in reference.paths())


def _named(node: NodeIR) -> tuple[str, ...]:
    # What other places than those that read the node may depend on.
    return node.id, node.type, str(node.batch and node.batch.alias), repr(node.params.get("workflow_ref"))
