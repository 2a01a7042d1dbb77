"""Workflow files in the current folder, and a real server on real pipes."""

import asyncio
import json
import os
import select
import sys
from pathlib import Path

import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

DOUBLE = {
    "inputs": {"xs": {"type": "array"}, "hint": {"type": "string", "default": "none"}},
    "nodes": [
        {"id": "each", "type": "echo", "params": {"x": "${item.n}", "hint": "${hint}"},
         "batch": {"items": "${xs}", "error_handling": "continue"}},
        {"id": "count", "type": "echo", "params": {"ok": "${each.success_count}"}},
    ],
    "outputs": {"ok": {"type": "integer", "source": "${count.ok}"}},
}  # fmt: skip


@pytest.fixture
def workflow(tmp_path, monkeypatch):
    """``workflow(name, ir)``: a file in the current folder; its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, ir):
        Path(name).write_text(ir if isinstance(ir, str) else json.dumps(ir, indent=1))
        return name

    return write


@pytest.fixture
def shell(workflow):
    """``shell(name, command)``: the file of a workflow of that command."""

    def write(name, command):
        return workflow(name, {"nodes": [{"id": "n", "type": "shell", "params": {"command": command, "timeout": 60}}]})

    return write


@pytest.fixture
def served(tmp_path, monkeypatch):
    """``served(talk, *options, **env)``: what ``await talk(client)`` gives; the server runs here.

    Its stderr is ``stderr.txt``.
    """
    monkeypatch.chdir(tmp_path)

    def run(talk, *options, **env):
        async def connected():
            command = str(Path(sys.executable).with_name("pflow-testkit"))
            given = StdioServerParameters(
                command=command, args=[*options, "mcp"], cwd=Path.cwd(), env={**os.environ, **env}
            )
            async with Client(stdio_client(given, errlog=errors)) as client:
                return await talk(client)

        with Path("stderr.txt").open("w") as errors:
            return asyncio.run(connected())

    return run


@pytest.fixture
def pipe(tmp_path):
    """``pipe(name)``: a named pipe in the current folder."""

    def make(name):
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


def ended(process):
    """Wait until a process, given by its ``pidfd``, has ended; whether it did in a minute."""
    waiting = select.poll()
    waiting.register(process, select.POLLIN)
    return bool(waiting.poll(60_000))


def texts(result):
    """What an agent reads."""
    return [block.text for block in result.content]
