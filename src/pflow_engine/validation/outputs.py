"""A node to the outputs it is known to have."""

from __future__ import annotations

from collections.abc import Mapping

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.nodes.registry import Registry

BATCH_OUTPUTS = {
    "results": "array",
    "count": "integer",
    "success_count": "integer",
    "error_count": "integer",
    "errors": "array",
    "batch_metadata": "object",
    "error": "string",
}


def outputs_of(
    node: NodeIR, registry: Registry, child: Workflow | None = None, *, of_item: bool = False
) -> Mapping[str, str] | None:
    """Its outputs and their types; None where any output is possible.

    Of a batch these are ``results`` and the counts; ``of_item`` asks for those of one of its results. ``child`` is
    the workflow that it runs, if it is known.
    """
    if node.batch is not None and not of_item:
        return BATCH_OUTPUTS
    kind = registry.get(node.type)
    if child is not None and child.outputs:
        declared: Mapping[str, str] = {"error": "string", **_of_child(node, child)}
    elif kind is None or kind.interface.open_outputs:
        return None
    elif kind.interface.echoes:
        declared = dict.fromkeys(node.params, "any")
    else:
        declared = {"error": "string", **kind.interface.outputs}
    return {**declared, "item": "any"} if of_item else declared


def _of_child(node: NodeIR, child: Workflow) -> Mapping[str, str]:
    renamed = node.params.get("output_mapping")
    names = renamed if isinstance(renamed, Mapping) else {}
    return {str(names.get(name, name)): declared.type for name, declared in child.outputs.items()}
