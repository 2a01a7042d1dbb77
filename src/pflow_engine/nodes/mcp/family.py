"""The name of a node type, ``mcp-<server>-<tool>``, and the folder of its workflow to the type.

Server and tool both may have dashes in their names: the longest configured server that fits is meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pflow_engine.errors import InvalidWorkflow, PflowError, Problem, Unhealable, did_you_mean, nearest
from pflow_engine.nodes.family import Found
from pflow_engine.nodes.mcp.asking import Tool, ask
from pflow_engine.nodes.mcp.configuration import FILE, Server, servers_for
from pflow_engine.nodes.mcp.interfaces import interface_of
from pflow_engine.nodes.mcp.launch import launch_of
from pflow_engine.nodes.mcp.tool_node import CallTool
from pflow_engine.nodes.node import NodeType

PREFIX: Final = "mcp-"


class McpTools:
    """The family of node types that are tools of MCP servers."""

    prefix = PREFIX

    def outline(self, name: str) -> NodeType:
        """What every tool's type has, without knowing of the server."""

        def run(*_: Any) -> str | None:
            message = f"the server of node type '{name}' is not known"
            raise Unhealable(Problem("unknown-type", message, hint="stub each node of this type"))

        return NodeType(name, interface_of(None), run)

    def find(self, name: str, folder: Path, *, ask_outside: bool) -> Found:
        """The type, and what is wrong with it. ``ask_outside``: the server is asked what the tool takes."""
        try:
            servers = servers_for(folder)
        except InvalidWorkflow as error:
            return Found(self.outline(name), error.problems)
        server = _server_of(name, servers or {})
        if server is None:
            return Found(None, (_unknown_server(name, servers),))
        tool = name.removeprefix(f"{PREFIX}{server.name}-")
        unchecked = NodeType(name, interface_of(None), CallTool(server, tool))
        return self._asked(unchecked, server, tool) if ask_outside else Found(unchecked)

    def _asked(self, unchecked: NodeType, server: Server, tool: str) -> Found:
        try:
            tools = ask(launch_of(server, os.environ))
        except PflowError as error:
            return Found(unchecked, tuple(_not_asked(unchecked.name, problem) for problem in error.problems))
        if tool not in tools:
            return Found(unchecked, (_unknown_tool(server, tool, tools),))
        interface = interface_of(tools[tool])
        return Found(NodeType(unchecked.name, interface, unchecked.run), tuple(_flaws(unchecked.name, tools[tool])))


def _server_of(name: str, servers: Mapping[str, Server]) -> Server | None:
    fits = [each for each in servers if name.startswith(f"{PREFIX}{each}-") and name != f"{PREFIX}{each}-"]
    return servers[max(fits, key=len)] if fits else None


def _unknown_server(name: str, servers: Mapping[str, Server] | None) -> Problem:
    stub = f"to test the rest of the workflow, stub it in the case file: type:{name}"
    if servers is None:
        message = f"node type '{name}' is a tool of an MCP server, and no {FILE} says which"
        hint = f'write {FILE} beside the workflow or above it: {{"mcpServers": {{…}}}}; {stub}'
        return Problem("unknown-type", message, hint=hint)
    known = f"servers in {FILE}: {', '.join(sorted(servers))}" if servers else f"{FILE} has no server"
    message = f"no MCP server fits node type '{name}'"
    near = _near_server(name.removeprefix(PREFIX).split("-"), servers)
    meant = f"did you mean '{PREFIX}{near}-…'? " if near else ""
    return Problem("unknown-type", message, hint=f"{meant}{known}; {stub}")


def _near_server(words: list[str], servers: Iterable[str]) -> str | None:
    tries = ["-".join(words[:count]) for count in range(1, len(words) + 1)]
    return next((close[0] for each in tries if (close := nearest(each, servers))), None)


def _unknown_tool(server: Server, tool: str, tools: Mapping[str, Tool]) -> Problem:
    message = f"the MCP server '{server.name}' has no tool '{tool}'"
    return Problem("unknown-type", message, hint=did_you_mean(tool, tools, otherwise="its tools: ") or "it has none")


def _not_asked(name: str, problem: Problem) -> Problem:
    message = f"what '{name}' takes is not checked: {problem.message}"
    return Problem("mcp-not-asked", message, hint=problem.hint, severity="warning")


def _flaws(name: str, tool: Tool) -> Iterable[Problem]:
    if tool.flaw:
        message = f"what '{name}' takes is not checked: the tool's own input schema is not valid: {tool.flaw}"
        yield Problem("mcp-not-asked", message, hint="tell who makes the server", severity="warning")
