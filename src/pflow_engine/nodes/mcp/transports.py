"""A launch to the streams of a connection, and to what its server lets be seen: process, last words, HTTP status.

The SDK does the talking. What it keeps to itself is the process that it started, and its way of ending one takes up to
four seconds: too long for Ctrl-C. So an event loop of our own tells which processes it starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, TextIO

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from pflow_engine.nodes.builtin.session import kill_session
from pflow_engine.nodes.mcp.launch import Launch

_FIRST_ERROR: Final = 400
_MOST_KEPT: Final = 4000
"""Bytes of stderr. Servers log there, for hours."""
_LAST_LINES: Final = 5
_LONGEST_QUOTE: Final = 800

_started: ContextVar[Callable[[asyncio.SubprocessTransport], None]] = ContextVar("_started")


class ServerLoop(asyncio.SelectorEventLoop):
    """Tells the connection that is being made of the process that is started for it."""

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> Any:
        """As any event loop does it."""
        transport, protocol = await super().subprocess_exec(*args, **kwargs)
        _started.get()(transport)
        return transport, protocol


class Seen:
    """What is seen of a server from outside. ``cut`` may come from any thread, the rest from the loop's."""

    def __init__(self) -> None:
        self.status = ""
        self._process: asyncio.SubprocessTransport | None = None
        self._cut = False
        self._stderr = b""

    @property
    def exit_code(self) -> int | None:
        """Of a server that has ended; None of others, and of those that were not started here."""
        return None if self._process is None else self._process.get_returncode()

    @property
    def is_cut(self) -> bool:
        """Whether it is to be killed, or was."""
        return self._cut

    def start_over(self) -> None:
        """Forget the process that has ended, for another one."""
        self._process, self._stderr = None, b""

    def note_process(self, process: asyncio.SubprocessTransport) -> None:
        """Take the process that was started."""
        self._process = process
        if self._cut:
            self.cut()

    async def note_response(self, response: httpx2.Response) -> None:
        """Take the status of a response that is an error, which the SDK does not hand on."""
        failed = response.status_code >= _FIRST_ERROR
        self.status = f"HTTP {response.status_code} {response.reason_phrase}".strip() if failed else ""

    def cut(self) -> None:
        """Kill the process and all that it started, now or as soon as it is there."""
        self._cut = True
        if self._process is not None and self._process.get_returncode() is None:
            kill_session(self._process.get_pid())

    def sweep(self) -> None:
        """Kill what a server that has ended has left behind in its process group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.get_pid(), signal.SIGKILL)

    @property
    def last_words(self) -> str:
        """The end of its stderr."""
        lines = self._stderr.decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-_LAST_LINES:])[-_LONGEST_QUOTE:]

    @contextlib.contextmanager
    def listening(self) -> Iterator[TextIO]:
        """A file for the server's stderr, to be closed once it is started."""
        loop = asyncio.get_running_loop()
        heard, written = os.pipe()
        os.set_blocking(heard, False)
        loop.add_reader(heard, self._hear, heard)
        try:
            with open(written, "w", encoding="utf-8") as errors:  # noqa: PTH123  # no path
                yield errors
        finally:
            loop.remove_reader(heard)
            self._hear(heard)
            os.close(heard)

    def _hear(self, pipe: int) -> None:
        try:
            data = os.read(pipe, 65536)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(pipe)
        self._stderr = (self._stderr + data)[-_MOST_KEPT:]


@contextlib.asynccontextmanager
async def connected(launch: Launch, seen: Seen) -> AsyncIterator[TransportStreams]:
    """The streams to a server that is started, or that runs somewhere."""
    if launch.target.command:
        async with _process(launch, seen) as streams:
            yield streams
    else:
        hooks = {"response": [seen.note_response]}
        async with create_mcp_http_client(headers=dict(launch.target.headers)) as client:
            client.event_hooks = hooks
            async with streamable_http_client(launch.target.url, http_client=client) as streams:
                yield streams


@contextlib.asynccontextmanager
async def _process(launch: Launch, seen: Seen) -> AsyncIterator[TransportStreams]:
    parameters = StdioServerParameters(
        command=launch.target.command, args=list(launch.target.args), env=dict(launch.target.env), cwd=launch.target.cwd
    )
    _started.set(seen.note_process)
    try:
        with seen.listening() as errors:
            async with stdio_client(parameters, errlog=errors) as streams:
                errors.close()
                yield streams
    finally:
        seen.sweep()
