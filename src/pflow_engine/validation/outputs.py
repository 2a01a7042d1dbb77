"""A node to the outputs it is known to have."""

from __future__ import annotations

from collections.abc import Mapping

from pflow_engine.document.model import NodeIR
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


def outputs_of(node: NodeIR, registry: Registry, *, of_item: bool = False) -> Mapping[str, str] | None:
    """Its outputs and their types; None where any output is possible.

    Of a batch these are ``results`` and the counts; ``of_item`` asks for those of one of its results.
    """
    if node.batch is not None and not of_item:
        return BATCH_OUTPUTS
    kind = registry.get(node.type)
    if kind is None or kind.interface.open_outputs:
        return None
    if kind.interface.echoes:
        declared: Mapping[str, str] = dict.fromkeys(node.params, "any")
    else:
        declared = {"error": "string", **kind.interface.outputs}
    return {**declared, "item": "any"} if of_item else declared
