"""Calls from any thread to the servers of one run: an event loop in a thread of its own, one connection a server.

A connection a call was measured, too: a server in Python takes most of a second to start, a call through one that runs
takes some milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any, Final, TypeVar

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.shelter import sheltered
from pflow_engine.nodes.mcp.answers import outputs_of
from pflow_engine.nodes.mcp.connection import Connection, NoAnswer, Schemas
from pflow_engine.nodes.mcp.launch import Launch
from pflow_engine.nodes.mcp.transports import ServerLoop

STARTS_WITHIN: Final = 30.0
"""Seconds. Some servers are downloaded when they are started."""
_CALLS_END_WITHIN: Final = 1.0
_THREAD: Final = "pflow-mcp"
_LOGGERS: Final = (
    "client", "httpcore2", "httpcore2.connection", "httpcore2.http11", "httpx2", "mcp.client.client",
    "mcp.client.stdio", "mcp.client.streamable_http", "mcp.shared.dispatcher", "mcp.shared.jsonrpc_dispatcher",
)  # fmt: skip
"""What these tell of our connections has messages, URLs and headers with secrets in them."""

for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(lambda _: threading.current_thread().name != _THREAD)

_Given = TypeVar("_Given")


class Servers:
    """The servers that one run talks to.

    ``cancel`` asked, their processes are killed at once; ``close`` ends them in good order. The lock keeps calls from
    a loop that has ended; the connections are the loop's own.
    """

    def __init__(self, cancel: CancelToken, starts_within: float = STARTS_WITHIN) -> None:
        self._starts_within = starts_within
        self._lock = threading.Lock()
        self._closed = self._cutting = False
        self._connections: dict[Launch, Connection] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self._loop = ServerLoop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name=_THREAD, daemon=True)
        self._thread.start()
        self._forget = cancel.on_cancel(self.cut)

    def call(self, launch: Launch, tool: str, arguments: Mapping[str, Any], cancel: CancelToken) -> dict[str, Any]:
        """The outputs of a call: the tool's ``result``, or an ``error``. Asked to stop, so is the server."""

        async def work() -> dict[str, Any]:
            connection = self._connection(launch)
            outputs = outputs_of(await connection.call(tool, arguments))
            if "error" in outputs:
                outputs["error"] = launch.without_secrets(outputs["error"])
            return outputs

        try:
            outputs = self._wait(work, cancel)
        except NoAnswer as error:
            outputs = {"error": str(error)}
        except CancelledError:
            return {"error": "cancelled"}
        return {"error": "cancelled"} if _asked(cancel) else outputs

    def tools(self, launch: Launch) -> dict[str, Schemas] | str:
        """The tools of a server by name, or why it does not say."""

        async def work() -> dict[str, Schemas]:
            connection = self._connection(launch)
            await connection.opened()
            return connection.tools

        try:
            return dict(self._wait(work, CancelToken()))
        except NoAnswer as error:
            return str(error)

    def cut(self) -> None:
        """Kill the processes of all servers at once, from any thread."""
        self._cutting = True
        for connection in list(self._connections.values()):
            connection.cut()

    def close(self) -> None:
        """End all servers, and the thread."""
        self._forget()
        with self._lock:
            self._closed = True
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _wait(self, work: Any, cancel: CancelToken) -> Any:
        def submitted(token: CancelToken) -> Any:
            future = self._submit(work())
            forget = token.on_cancel(lambda: _cancel(future))
            try:
                return future.result()
            finally:
                forget()

        return sheltered(submitted, cancel)

    def _submit(self, work: Coroutine[Any, Any, _Given]) -> Future[_Given]:
        with self._lock:
            if self._closed:
                work.close()
                raise CancelledError
            return asyncio.run_coroutine_threadsafe(self._tracked(work), self._loop)

    async def _tracked(self, work: Coroutine[Any, Any, _Given]) -> _Given:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            return await work
        finally:
            self._calls.discard(task)

    def _connection(self, launch: Launch) -> Connection:
        known = self._connections.get(launch)
        if known is not None and not known.alive:
            known.let_go()
            known = None
        if known is None:
            known = self._connections[launch] = Connection(launch, self._starts_within)
            if self._cutting:
                known.cut()
        return known

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        await self._end.wait()
        if self._calls:
            # Of those that were cancelled the servers are still to be told.
            await asyncio.wait(self._calls, timeout=_CALLS_END_WITHIN)
        await asyncio.gather(*(each.leave(at_once=self._cutting) for each in self._connections.values()))


def _cancel(future: Future[Any]) -> None:
    future.cancel()


def _asked(cancel: CancelToken) -> bool:
    token: CancelToken | None = cancel
    while token is not None:
        if token.cancelled:
            return True
        token = token.above
    return False
