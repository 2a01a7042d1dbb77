"""To an MCP server on stdin and stdout."""

from __future__ import annotations

import click

from pflow_engine.cli.codes import SUCCESS
from pflow_engine.cli.command import Command
from pflow_engine.cli.plugins import named_plugins


@click.command(cls=Command)
def mcp() -> int:
    """Serve workflows to agents, by the Model Context Protocol on stdin and stdout."""
    from pflow_engine.mcp_server import serve  # noqa: PLC0415  # start-up time

    serve(named_plugins())
    return SUCCESS
