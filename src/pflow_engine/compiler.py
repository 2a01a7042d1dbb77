"""Workflow to Flow."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pflow_engine.document.load import from_data
from pflow_engine.document.model import Document, NodeIR, Workflow
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.flow import Flow
from pflow_engine.nesting import FlowOf, KnownFlow, NestedFlow
from pflow_engine.nodes.node import NodeType
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation import absolute, validate, validate_nested
from pflow_engine.wrappers import Layer, Leaf, NodeSpec, chain


def compile_ir_to_flow(ir: Mapping[str, Any] | str | Document | Workflow, registry: Registry | None = None) -> Flow:
    """Compile an IR (a dict, JSON text, a Document or a Workflow) to a Flow that runs any number of times.

    Raises:
        InvalidWorkflow: with every problem of it; a Workflow has none.
    """
    registry = registry or Registry.default()
    return _Nest(registry).flow(_validated(ir, registry))


def _validated(ir: Mapping[str, Any] | str | Document | Workflow, registry: Registry) -> Workflow:
    if isinstance(ir, Workflow):
        return ir
    return validate(ir if isinstance(ir, Document) else from_data(ir), registry)


@dataclass(frozen=True)
class _Nest:
    """Where a workflow is compiled: the nodes it is in, and the files, its own the last.

    A nested workflow is compiled for each node that runs it, since stubs and layers of plugins are for a node by its
    path. It is validated once.
    """

    registry: Registry
    nodes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def flow(self, workflow: Workflow) -> Flow:
        here = replace(self, files=(*self.files, absolute(workflow.document)))
        types = self.registry.at(workflow.document.folder)
        layers = {node.id: here.layer(workflow, node, types) for node in workflow.nodes}
        edges = {(edge.source, edge.action): edge.target for edge in workflow.edges}
        return Flow(workflow, layers, edges)

    def layer(self, workflow: Workflow, node: NodeIR, types: Registry) -> Layer:
        kind = types.get(node.type)
        if kind is None:
            raise InvalidWorkflow(_no_type(workflow, node))
        spec = NodeSpec(
            node.id,
            node.type,
            kind.interface,
            dict(node.params),
            node.batch,
            workflow.namespacing,
            workflow.permissive,
            self.nodes,
        )
        return chain(spec, self._leaf(workflow, node, kind), self.registry)

    def _leaf(self, workflow: Workflow, node: NodeIR, kind: NodeType) -> Layer:
        if not kind.interface.nests:
            return Leaf(kind.run)
        below = replace(self, nodes=(*self.nodes, node.id))
        child = workflow.children.get(node.id)
        document = workflow.document
        named = _Named(below, document.folder.absolute(), document.instead)
        flow_of: FlowOf = named if child is None else KnownFlow(below.flow(child))
        return NestedFlow(flow_of)


class _Named:
    """The workflows that a node names by a template, each validated and compiled when it is named first.

    The lock guards those that are known: items of a parallel batch ask at the same time.
    """

    def __init__(self, nest: _Nest, folder: Path, instead: Mapping[Path, Document]) -> None:
        self._nest, self._folder, self._instead = nest, folder, instead
        self._flows: dict[str, Flow] = {}
        self._lock = threading.Lock()

    def __call__(self, ref: str, /) -> Flow:
        with self._lock:
            if ref not in self._flows:
                nest = self._nest
                workflow = validate_nested(ref, self._folder, nest.registry, nest.files, self._instead)
                self._flows[ref] = nest.flow(workflow)
            return self._flows[ref]


def _no_type(workflow: Workflow, node: NodeIR) -> Problem:
    hint = "compile it with the registry it was validated with"
    message = f"there is no node type '{node.type}' in this registry"
    return workflow.document.problem("unknown-type", message, (*workflow.node_path(node.id), "type"), hint=hint)
