"""An MCP server made with the SDK: over stdio, or over streamable HTTP (``http``), then its URL is what it prints."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Literal

import uvicorn
from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("toolbox")


@server.tool()
def add(a: int, b: int = 2, note: str = "") -> int:
    """Add two numbers."""
    return a + b + len(note)


@server.tool()
def count_in(words: list[str], mode: Literal["all", "distinct"] = "all") -> dict[str, int]:
    """Count words."""
    return {"count": len(words if mode == "all" else set(words))}


@server.tool(structured_output=False)
def say(text: str) -> str:
    """Say it again."""
    return text


@server.tool(structured_output=False)
def several() -> list:
    """Text and an image."""
    return ["two", Image(data=b"\x00\x01", format="png")]


@server.tool(structured_output=False)
def nothing() -> list:
    """No content."""
    return []


@server.tool()
def pid() -> int:
    """Which process this is."""
    return os.getpid()


@server.tool(structured_output=False)
def show(name: str) -> str:
    """A variable of the environment."""
    return os.environ.get(name, "not set")


@server.tool()
def fail(name: str) -> str:
    """Raise with a variable of the environment in the text."""
    raise ValueError(f"it is {os.environ.get(name, name)}")


@server.tool()
def die(name: str) -> str:
    """End in the midst of a call, after a last word."""
    print("last words:", os.environ.get(name, name), file=sys.stderr, flush=True)
    os._exit(3)


@server.tool(structured_output=False)
def say_or_die(text: str, fatal: str, file: str) -> str:
    """Say it again; the first time that it is what is fatal, end."""
    if text == fatal and not Path(file).exists():
        Path(file).touch()
        os._exit(3)
    return text


@server.tool()
async def slow(file: str) -> str:
    """Write into a file how it fares; takes until it is cancelled."""
    Path(file).write_text(f"started {os.getpid()}")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        Path(file).write_text("cancelled")
        raise
    Path(file).write_text("done")
    return "done"


@server.tool(structured_output=False)
async def wait_for(file: str, text: str) -> str:
    """Wait until a file has a text."""
    for _ in range(2000):
        if Path(file).read_text() == text:
            break
        await asyncio.sleep(0.01)
    return Path(file).read_text()


def _guarded(app):
    async def guarded(scope, receive, send):
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and headers.get(b"authorization") != b"Bearer key-of-the-house":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await app(scope, receive, send)

    return guarded


if __name__ == "__main__":
    if "http" in sys.argv:
        listener = socket.create_server(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
        app = _guarded(server.streamable_http_app())
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
    else:
        server.run("stdio")
