"""A folder with an ``.mcp.json`` for real servers, and short ways to what runs there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pflow_engine import Registry, compile_ir_to_flow, load
from pflow_engine.validation import find_problems

SERVERS = Path(__file__).parent / "servers"
TOKEN = "sesame-open-wide"


def _toolbox(**more):
    """The entry of the server made with the SDK; its own folder is no part of it, so it is asked once for all tests."""
    return {"command": sys.executable, "args": [str(SERVERS / "toolbox.py")], "cwd": str(SERVERS), **more}


class _Folder:
    """A folder of workflows."""

    def __init__(self, path):
        self.path = path

    def configure(self, **servers):
        """Write ``.mcp.json``."""
        named = {name.replace("_", "-"): entry for name, entry in servers.items()}
        (self.path / ".mcp.json").write_text(json.dumps({"mcpServers": named}, indent=1))

    def odd(self, mode, *more):
        """Configure the server that does what none should, as ``odd``."""
        self.configure(odd={"command": sys.executable, "args": [str(SERVERS / "odd.py"), mode, *more]})

    def document(self, nodes, **ir):
        """Write and load a workflow."""
        nodes = nodes if isinstance(nodes, list) else [nodes]
        (self.path / "flow.json").write_text(json.dumps({"nodes": nodes, **ir}, indent=1))
        return load(os.path.relpath(self.path / "flow.json"))

    def flow(self, nodes, *, ask=False, **ir):
        """Compile it; by default without asking the servers first, which is what validation does."""
        registry = Registry.default()
        registry.asks_outside = ask
        return compile_ir_to_flow(self.document(nodes, **ir), registry)

    def call(self, tool, *, ask=False, **params):
        """Run one node; gives what it left."""
        result = self.flow({"id": "n", "type": f"mcp-{tool}", "params": params}, ask=ask).run()
        return result.store["n"]

    def problems(self, kind, **params):
        """What validation says of one node."""
        return find_problems(self.document({"id": "n", "type": kind, "params": params}))


@pytest.fixture(scope="session")
def toolbox():
    """``toolbox(env=…)``: the entry of the server made with the SDK."""
    return _toolbox


@pytest.fixture(scope="session")
def folder_at():
    """``folder_at(path)``: a folder of workflows there."""
    return _Folder


@pytest.fixture
def folder(tmp_path):
    """A folder without servers."""
    return _Folder(tmp_path)


@pytest.fixture
def box(folder, toolbox):
    """A folder with the server made with the SDK, as ``tool-box``."""
    folder.configure(tool_box=toolbox(env={"API_TOKEN": TOKEN}))
    return folder


@pytest.fixture(scope="session")
def house():
    """The URL of the same server over HTTP, which wants a key."""
    process = subprocess.Popen(
        [sys.executable, str(SERVERS / "toolbox.py"), "http"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        yield process.stdout.readline().decode().strip()
        process.terminate()


@pytest.fixture
def remote(folder, house, monkeypatch):
    """A folder with the server over HTTP, as ``tool-box``."""
    monkeypatch.setenv("HOUSE_KEY", "key-of-the-house")
    folder.configure(tool_box={"type": "http", "url": house, "headers": {"Authorization": "Bearer ${HOUSE_KEY}"}})
    return folder
