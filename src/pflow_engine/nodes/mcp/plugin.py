"""The tools of MCP servers, as the second plugin that is always there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pflow_engine.nodes.hooks import hookimpl
from pflow_engine.nodes.mcp.family import McpTools

if TYPE_CHECKING:
    from pflow_engine.nodes.registry import Registry


@hookimpl
def pflow_register_nodes(registry: Registry) -> None:
    """Register the family."""
    registry.add_family(McpTools())
