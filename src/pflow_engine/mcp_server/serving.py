"""The tools to a server on stdin and stdout.

The SDK keeps stdout for the protocol: what a node or a warning prints goes to stderr. It is imported when serving
begins, since it is an extra and takes most of a second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from pflow_engine.clock import CancelToken
from pflow_engine.errors import InvalidInput, PflowError, Problem
from pflow_engine.mcp_server.answer import Answer, refused
from pflow_engine.mcp_server.tools import TOOLS, answer

if TYPE_CHECKING:
    import mcp_types
    from mcp.server.lowlevel import Server

_GRACE: Final = 5.0
"""Seconds that a call may take to end after it was stopped."""

_INSTRUCTIONS: Final = (
    "Tools for pflow workflow files. workflow_validate finds every problem, workflow_describe tells inputs and nodes, "
    "workflow_run runs one, workflow_test runs its test cases. Paths are relative to where the server runs."
)


def serve(plugins: Iterable[Any] = ()) -> None:
    """Serve until stdin ends. ``plugins`` bring node types beside the installed ones.

    Raises:
        InvalidInput: the MCP SDK is not installed.
    """
    try:
        import mcp.server.stdio  # noqa: F401, PLC0415  # start-up time, and an extra
    except ImportError as error:
        message, hint = f"the MCP server needs the MCP SDK: {error}", "pip install 'pflow-testkit[mcp]'"
        raise InvalidInput(Problem("mcp-missing", message, hint=hint)) from error
    asyncio.run(_Serving(tuple(plugins)).run())


class _Serving:
    """One connection, and the calls that are running. Only the event loop's thread is in here."""

    def __init__(self, plugins: tuple[Any, ...] = ()) -> None:
        self._plugins = plugins
        self._running: set[CancelToken] = set()

    async def run(self) -> None:
        from mcp.server.stdio import stdio_server  # noqa: PLC0415  # start-up time

        server = self._server()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        async with stdio_server() as (read, write):
            # What is printed is buffered, and would come out when stdout is the protocol's again.
            with redirect_stdout(sys.stderr):
                await server.run(read, write, server.create_initialization_options())

    def _server(self) -> Server[Any]:
        from mcp.server.lowlevel import Server  # noqa: PLC0415  # start-up time

        return Server(
            "pflow-testkit",
            version=version("pflow-testkit"),
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def _list_tools(self, _context: Any, _params: Any) -> mcp_types.ListToolsResult:
        from mcp_types import ListToolsResult, Tool, ToolAnnotations  # noqa: PLC0415  # start-up time

        return ListToolsResult(
            tools=[
                Tool(
                    name=name,
                    description=tool.description,
                    input_schema=dict(tool.takes),
                    output_schema=dict(tool.gives),
                    annotations=ToolAnnotations(read_only_hint=tool.reads, open_world_hint=not tool.reads),
                )
                for name, tool in TOOLS.items()
            ]
        )

    async def _call_tool(self, _context: Any, params: mcp_types.CallToolRequestParams) -> mcp_types.CallToolResult:
        from mcp_types import CallToolResult, ContentBlock, TextContent  # noqa: PLC0415  # start-up time

        given = await self._answered(params.name, params.arguments or {})
        content: list[ContentBlock] = [TextContent(type="text", text=text) for text in given.texts]
        return CallToolResult(content=content, structured_content=given.data, is_error=given.failed)

    async def _answered(self, name: str, arguments: dict[str, Any]) -> Answer:
        from anyio import move_on_after, to_thread  # noqa: PLC0415  # it comes with the SDK

        cancel = CancelToken()
        self._running.add(cancel)
        seconds = TOOLS[name].seconds(arguments) if name in TOOLS else None
        try:
            with move_on_after(None if seconds is None else max(seconds, 0) + _GRACE):
                return await to_thread.run_sync(answer, name, arguments, cancel, self._plugins, abandon_on_cancel=True)
        finally:
            # Where the client has cancelled, too: what is running is stopped, and nobody waits for it.
            self._running.discard(cancel)
            cancel.cancel()
        message = (
            f"it took longer than {seconds:g}s, and a node in Python cannot be stopped: it goes on in the background"
        )
        return refused(PflowError(Problem("timeout", message, hint="give it more time, or let the node do less")))

    def _end(self, number: int) -> None:
        # Commands lead sessions of their own: nobody else would end them. Reading stdin cannot be stopped, so the
        # process does not end by itself.
        for cancel in list(self._running):
            cancel.cancel()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
