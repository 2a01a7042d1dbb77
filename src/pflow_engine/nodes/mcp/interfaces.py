"""A tool as its server describes it, to the interface of a node type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.nodes.mcp.asking import Tool
from pflow_engine.nodes.node import Interface, Param
from pflow_engine.value_types import PYTHON_TYPES


def interface_of(tool: Tool | None) -> Interface:
    """What the node takes and gives; of a tool that nobody could ask for, whatever it is given."""
    schema = tool.takes if tool is not None and not tool.flaw else None
    return Interface(
        params=_params(schema or {}),
        outputs={"result": _word(tool.gives) if tool is not None and tool.gives else "any", "error": "string"},
        actions=("default", "error"),
        effects="network",
        open_params=True,
        schema=schema,
    )


def _params(schema: Mapping[str, Any]) -> dict[str, Param]:
    properties, required = schema.get("properties", {}), schema.get("required", ())
    return {
        str(name): Param(
            _word(each),
            required=name in required,
            default=each.get("default"),
            description=str(each.get("description", "")),
        )
        for name, each in properties.items()
        if isinstance(each, Mapping)
    }


def _word(schema: Mapping[str, Any]) -> str:
    word = schema.get("type")
    return word if isinstance(word, str) and word in PYTHON_TYPES else "any"
