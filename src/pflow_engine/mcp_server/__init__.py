"""Workflows as tools for agents, by the Model Context Protocol: ``pflow-testkit mcp``."""

from pflow_engine.mcp_server.serving import serve

__all__ = ["serve"]
