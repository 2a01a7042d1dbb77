"""Workflow to Flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.document.load import from_data
from pflow_engine.document.model import Document, NodeIR, Workflow
from pflow_engine.errors import InvalidWorkflow
from pflow_engine.flow import Flow
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation import validate
from pflow_engine.wrappers import NodeSpec, chain


def compile_ir_to_flow(ir: Mapping[str, Any] | str | Document | Workflow, registry: Registry | None = None) -> Flow:
    """Compile an IR (a dict, JSON text, a Document or a Workflow) to a Flow that runs any number of times.

    Raises:
        InvalidWorkflow: with every problem of it; a Workflow has none.
    """
    registry = registry or Registry.default()
    workflow = _validated(ir, registry)
    layers = {node.id: _layer(workflow, node, registry) for node in workflow.nodes}
    edges = {(edge.source, edge.action): edge.target for edge in workflow.edges}
    return Flow(workflow, layers, edges)


def _validated(ir: Mapping[str, Any] | str | Document | Workflow, registry: Registry) -> Workflow:
    if isinstance(ir, Workflow):
        return ir
    return validate(ir if isinstance(ir, Document) else from_data(ir), registry)


def _layer(workflow: Workflow, node: NodeIR, registry: Registry) -> Any:
    kind = registry.get(node.type)
    if kind is None:
        hint = "compile it with the registry it was validated with"
        message = f"there is no node type '{node.type}' in this registry"
        path = (*workflow.node_path(node.id), "type")
        raise InvalidWorkflow(workflow.document.problem("unknown-type", message, path, hint=hint))
    spec = NodeSpec(
        node.id,
        node.type,
        kind.interface,
        dict(node.params),
        node.batch,
        workflow.namespacing,
        workflow.permissive,
    )
    return chain(spec, kind, registry)
