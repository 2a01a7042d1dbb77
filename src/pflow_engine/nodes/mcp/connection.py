"""One server to answers: connected once, shared by all who call its tools, gone when it is left or fails."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult

from pflow_engine.errors import did_you_mean
from pflow_engine.nodes.builtin.http_request import shown_url
from pflow_engine.nodes.mcp.launch import Launch
from pflow_engine.nodes.mcp.transports import Seen, connected

ANSWERS_WITHIN: Final = 300.0
"""Seconds. As long as the SDK waits for the next piece of a response; a batch's timeout is for less."""
_UNWINDS_WITHIN: Final = 5.0
_MOST_PAGES: Final = 100

Schemas = tuple[Mapping[str, Any], Mapping[str, Any] | None]
"""What a tool takes, and what it gives."""

_Given = TypeVar("_Given")


class NoAnswer(Exception):
    """Why there is none, in words for the workflow's author."""


class Connection:
    """A server and the task that keeps it. Belongs to the thread of the event loop, but for ``cut``."""

    def __init__(self, launch: Launch, starts_within: float) -> None:
        self._launch, self._starts_within = launch, starts_within
        self._seen = Seen()
        self._opened, self._leave = asyncio.Event(), asyncio.Event()
        self._client: Client | None = None
        self._failure: BaseException | None = None
        self._late = False
        self.tools: dict[str, Schemas] = {}
        self.task = asyncio.create_task(self._keep())

    @property
    def alive(self) -> bool:
        """Whether it may answer: as far as can be seen without asking it."""
        ended = self._opened.is_set() and self._seen.exit_code is not None
        return not (ended or self._leave.is_set() or self.task.done())

    def cut(self) -> None:
        """Kill the server's process at once, from any thread."""
        self._seen.cut()

    async def opened(self) -> Client:
        """The client, once the server has said what it can do.

        Raises:
            NoAnswer: it never did.
        """
        await self._opened.wait()
        if self._client is None:
            raise NoAnswer(self._never_opened())
        return self._client

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """What a tool answers.

        Raises:
            NoAnswer: there is no such tool, the server refuses, ends, takes too long or talks nonsense.
        """
        client = await self.opened()
        if tool not in self.tools:
            # Some servers have more once they were talked to.
            self.tools = await self._answer(_tools(client), tool)
        if tool not in self.tools:
            raise NoAnswer(f"{self._name} has no tool '{tool}': {did_you_mean(tool, self.tools) or 'it has none'}")
        given = _without_nulls(arguments, self.tools[tool][0])
        return await self._answer(client.call_tool(tool, given), tool)

    def let_go(self) -> None:
        """Let it end: nobody calls it any more."""
        self._leave.set()

    async def leave(self, *, at_once: bool = False) -> None:
        """End it, in good order unless that is to be at once."""
        self.let_go()
        done, _ = await asyncio.wait([self.task], timeout=0 if at_once else _UNWINDS_WITHIN)
        if not done:
            self._stop()
            await asyncio.wait([self.task], timeout=_UNWINDS_WITHIN)

    @property
    def _name(self) -> str:
        return f"the MCP server '{self._launch.name}'"

    async def _keep(self) -> None:
        late = asyncio.get_running_loop().call_later(self._starts_within, self._too_late)
        try:
            await self._talk("auto")
            if self._is_picky():
                self._seen.start_over()
                await self._talk("legacy")
        finally:
            late.cancel()
            self._opened.set()

    async def _talk(self, mode: str) -> None:
        try:
            async with Client(connected(self._launch, self._seen), mode=mode) as client:
                self.tools = await _tools(client)
                self._client = client
                self._opened.set()
                await self._leave.wait()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # kept, for whoever waits for an answer
            self._failure = error

    def _is_picky(self) -> bool:
        # Some servers end when they are asked for what came after their time: those are asked the old way.
        failure = _innermost(self._failure)
        closed = isinstance(failure, MCPError) and failure.code == CONNECTION_CLOSED
        return closed and self._client is None and bool(self._launch.target.command) and not self._seen.is_cut

    def _too_late(self) -> None:
        # Whoever waits is told at once; then there is nothing left for the SDK to wait for.
        if self._opened.is_set():
            return
        self._late = True
        self.let_go()
        self._opened.set()
        self._stop()

    def _stop(self) -> None:
        # Once its process has ended, the SDK has nothing to wait for and lets go of it; cancelled, it would not.
        if self._launch.target.command:
            self.cut()
        else:
            self.task.cancel()

    async def _answer(self, asked: Awaitable[_Given], tool: str) -> _Given:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                return await asked
        except TimeoutError:
            late = f"{self._name} did not answer '{tool}' within {ANSWERS_WITHIN:g}s{self._last_words}"
            raise NoAnswer(late) from None
        except MCPError as error:
            raise NoAnswer(await self._explained(error, tool)) from None
        except Exception as error:  # noqa: BLE001  # whatever the SDK makes of nonsense is the failure of this call
            said = self._said(error)
            raise NoAnswer(f"{self._name} gave an answer of '{tool}' that does not fit the protocol: {said}") from None

    async def _explained(self, error: MCPError, tool: str) -> str:
        if error.code == CONNECTION_CLOSED:
            await self.leave()
            return self._ended(f"while '{tool}' was at work")
        if self._seen.status.startswith("HTTP 404"):
            # A server that was started anew does not know the session: whoever calls next begins another.
            self.let_go()
        return f"{self._name} refuses '{tool}': {self._said(error)}"

    def _never_opened(self) -> str:
        if self._late:
            return f"{self._name} did not start within {self._starts_within:g}s{self._last_words}"
        failure = _innermost(self._failure)
        if isinstance(failure, OSError) and self._seen.exit_code is None and self._launch.target.command:
            return f"{self._name} cannot be started: {_reason(failure, self._launch)}"
        if isinstance(failure, MCPError) and failure.code != CONNECTION_CLOSED:
            return f"{self._name} refuses to talk: {self._said(failure)}{self._last_words}"
        return self._ended("before it was ready")

    def _ended(self, when: str) -> str:
        if not self._launch.target.command:
            failure = _innermost(self._failure)
            said = self._said(failure) if failure else "the connection was closed"
            return f"{self._name} at {shown_url(self._launch.target.url)} cannot be reached: {said}"
        code = self._seen.exit_code
        how = "" if code is None else f" with exit code {code}" if code >= 0 else f" by signal {-code}"
        return f"{self._name} ended{how} {when}{self._last_words}"

    def _said(self, error: BaseException) -> str:
        said = str(error) or type(error).__name__
        status = f"{self._seen.status}: " if self._seen.status else ""
        return self._launch.without_secrets(status + said)

    @property
    def _last_words(self) -> str:
        words = self._launch.without_secrets(self._seen.last_words)
        return f"; it wrote: {words}" if words else ""


async def _tools(client: Client) -> dict[str, Schemas]:
    if client.server_capabilities.tools is None:
        return {}
    tools: dict[str, Schemas] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="refresh")
        tools |= {tool.name: (tool.input_schema, tool.output_schema) for tool in page.tools}
        cursor = page.next_cursor
        if cursor is None:
            break
    return tools


def _without_nulls(arguments: Mapping[str, Any], takes: Mapping[str, Any]) -> dict[str, Any]:
    # As for any node, null is as good as nothing where a param may be left out: ${token} of an input without a value.
    properties, required = takes.get("properties", {}), takes.get("required", ())
    return {
        name: value
        for name, value in arguments.items()
        if value is not None or name in required or not isinstance(_type_of(properties, name), str)
    }


def _type_of(properties: Any, name: str) -> Any:
    declared = properties.get(name) if isinstance(properties, Mapping) else None
    return declared.get("type") if isinstance(declared, Mapping) else None


def _innermost(error: BaseException | None) -> BaseException | None:
    # The SDK's tasks fail in groups, and in groups of groups.
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _reason(error: OSError, launch: Launch) -> str:
    if error.errno == errno.ENOENT and error.filename == launch.target.cwd:
        return f"no folder '{launch.target.cwd}' to start in"
    if error.errno == errno.ENOENT:
        return f"there is no command '{launch.target.command}'; is it installed, and on the PATH?"
    return (error.strerror or str(error)).lower()
