"""Tools of MCP servers as node types: ``mcp-<server>-<tool>``."""

from pflow_engine.nodes.mcp.family import McpTools

__all__ = ["McpTools"]
