"""To an MCP server on stdin and stdout."""

from __future__ import annotations

import importlib

import click

from pflow_engine.cli.codes import SUCCESS
from pflow_engine.cli.command import Command


@click.command(cls=Command)
def mcp() -> int:
    """Serve workflows to agents, by the Model Context Protocol on stdin and stdout."""
    importlib.import_module("pflow_engine.mcp_server").serve()  # start-up time, and an extra
    return SUCCESS
