"""Params to a call of a tool, and its answer to outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from pflow_engine.nodes.builtin.outputs import leave
from pflow_engine.nodes.builtin.params import bytes_of
from pflow_engine.nodes.mcp.configuration import Server
from pflow_engine.nodes.mcp.launch import launch_of
from pflow_engine.nodes.mcp.sdk import servers_class
from pflow_engine.nodes.node import Action, Context
from pflow_engine.store import Store

_KEY = "mcp"


@dataclass(frozen=True, slots=True)
class CallTool:
    """The run of a node type that is a tool. No closure, since it may travel to another process.

    Variables are filled in where it runs: on another machine they are that one's.
    """

    server: Server
    tool: str

    def __call__(self, context: Context, store: Store, params: dict[str, Any], /) -> Action:
        """Call the tool, and leave ``result`` or ``error``.

        Raises:
            Unhealable: the server cannot be reached however often it is tried, or a param has no form in JSON.
        """
        launch = launch_of(self.server, os.environ)
        context.keep_secret(launch.secrets)
        for name, value in params.items():
            bytes_of(name, value)  # refuses what has no form in JSON, before it ends the connection
        servers = context.resources.get(_KEY, servers_class())
        return leave(store, servers.call(launch, self.tool, params, context.cancel))
