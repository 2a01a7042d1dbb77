"""Servers that do what none should."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pflow_engine.nodes.mcp import asking, servers

PATIENCE = 60


def test_garbage_on_stdout(folder, caplog):
    """What is no message is passed over, and nothing of it is logged."""
    folder.odd("garbage")
    with caplog.at_level(logging.DEBUG):
        assert {"result": '{"a": "x"}'} == folder.call("odd-tell", a="x")
    assert "token-in-garbage" not in caplog.text


def test_hangs_at_start(folder, monkeypatch):
    """One that never gets ready fails the call when its time is up."""
    monkeypatch.setattr(servers.Servers.__init__, "__defaults__", (0.5,))
    folder.odd("hangs")
    assert "the MCP server 'odd' did not start within 0.5s; it wrote: odd starts" == folder.call("odd-tell")["error"]


def test_slow_to_answer(folder, monkeypatch):
    """One that does not answer in time fails the call."""
    monkeypatch.setattr("pflow_engine.nodes.mcp.connection.ANSWERS_WITHIN", 0.2)
    folder.configure(box={"command": sys.executable, "args": [str(folder.path / "slow.py")]})
    (folder.path / "slow.py").write_text(
        "import time\nfrom mcp.server.mcpserver import MCPServer\nserver = MCPServer('s')\n\n"
        "@server.tool()\nasync def sleep() -> str:\n    import asyncio\n    await asyncio.sleep(60)\n\nserver.run('stdio')\n"
    )
    assert "the MCP server 'box' did not answer 'sleep' within 0.2s" == folder.call("box-sleep")["error"]


def test_dies_at_start(folder):
    """One that ends before it is ready is quoted, with its exit code."""
    folder.odd("dies")
    said = "the MCP server 'odd' ended with exit code 4 before it was ready; it wrote: odd starts"
    assert said == folder.call("odd-tell")["error"]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"command": "no-such-command-x"}, "there is no command 'no-such-command-x'; is it installed, and on the PATH?"),
        ({"command": sys.executable, "cwd": "/no-such-folder"}, "no folder '/no-such-folder' to start in"),
        ({"command": "/"}, "permission denied"),
    ],
)  # fmt: skip
def test_cannot_start(folder, entry, error):
    """A command that cannot be started says why."""
    folder.configure(none=entry)
    assert f"the MCP server 'none' cannot be started: {error}" == folder.call("none-x")["error"]


def test_picky(folder):
    """One that ends when it is asked in the newer way is asked in the older one."""
    folder.odd("picky")
    assert {"result": "{}"} == folder.call("odd-tell")


def test_pages(folder):
    """Tools are listed page by page."""
    folder.odd("paged")
    assert {"result": "{}"} == folder.call("odd-first")


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("rude", "the MCP server 'odd' refuses 'tell': what?"),
        ("mute", "the tool failed, and does not say why"),
        ("liar", "the MCP server 'odd' gave an answer of 'tell' that does not fit the protocol: Invalid structured"),
        ("toolless", "the MCP server 'odd' has no tool 'tell': it has none"),
    ],
)
def test_bad_answers(folder, mode, error):
    """What a server gets wrong is the error of the node."""
    folder.odd(mode)
    assert folder.call("odd-tell")["error"].startswith(error)


def test_unknown_tool(folder):
    """A tool that is not there is told with the nearest, where validation could not tell."""
    folder.odd("fine")
    assert "the MCP server 'odd' has no tool 'tel': did you mean 'tell'? known: tell" == folder.call("odd-tel")["error"]


@pytest.mark.parametrize("mode", ["stubborn", "parent"])
def test_nothing_left(folder, tmp_path, mode):
    """Neither one that does not want to end nor what it has started outlives the run."""
    folder.odd(mode, str(tmp_path / "pid"))
    assert {"result": "{}"} == folder.call("odd-tell")
    group = int((tmp_path / "pid").read_text())
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            break
    else:
        pytest.fail("its process group is still there")
    assert [] == [each.name for each in threading.enumerate() if each.name == "pflow-mcp"]


def test_flawed_schema(folder):
    """A tool whose own schema is not valid is not checked, and validation says so."""
    folder.odd("flawed")
    (problem,) = folder.problems("mcp-odd-tell", a=1)
    assert ("mcp-not-asked", "warning") == (problem.code, problem.severity)
    assert "'strang' is not valid" in problem.message


def test_does_not_say(folder, monkeypatch):
    """One that hangs when it is asked is a warning after the time for that, and it is not asked twice."""
    monkeypatch.setattr(asking, "LONGEST", 0.5)
    folder.odd("hangs", str(folder.path / "pid"))
    (problem,) = folder.problems("mcp-odd-tell")
    said = "what 'mcp-odd-tell' takes is not checked: the MCP server 'odd' did not start within 0.5s"
    assert ("mcp-not-asked", "warning") == (problem.code, problem.severity)
    assert problem.message.startswith(said)
    (folder.path / "pid").unlink()
    assert [problem.message] == [each.message for each in folder.problems("mcp-odd-tell")]
    assert not (folder.path / "pid").exists()


def test_slow_to_leave(folder, monkeypatch, tmp_path):
    """One that takes longer to end than a run waits is killed."""
    monkeypatch.setattr("pflow_engine.nodes.mcp.connection._UNWINDS_WITHIN", 1)
    folder.odd("stubborn", str(tmp_path / "pid"))
    assert {"result": "{}"} == folder.call("odd-tell")
    with pytest.raises(ProcessLookupError):
        os.killpg(int((tmp_path / "pid").read_text()), 0)


def test_endless_pages(folder, monkeypatch):
    """Pages without an end are read up to a number."""
    monkeypatch.setattr("pflow_engine.nodes.mcp.connection._MOST_PAGES", 3)
    folder.odd("endless")
    assert {"result": "{}"} == folder.call("odd-tell")


def test_late_tool(folder):
    """A tool that a server has only after it was asked once is found."""
    folder.odd("late")
    assert {"result": "{}"} == folder.call("odd-late")


def test_interrupted_asking(folder, tmp_path):
    """Ctrl-C while a server is asked ends it, and validation, at once."""
    folder.odd("hangs", str(tmp_path / "pid"))
    folder.document({"id": "n", "type": "mcp-odd-tell"})
    script = "import pflow_engine; pflow_engine.validate(pflow_engine.load('flow.json'))"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.PIPE)
    with process:
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate(timeout=PATIENCE)[1]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


class _Forgetful(BaseHTTPRequestHandler):
    """An MCP server over HTTP, of the older protocol, that forgets its sessions once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, sessions = message["method"], self.server.sessions
        if "id" not in message:
            return self._answer(202, b"")
        if method == "initialize":
            sessions.append(f"session-{len(sessions)}")
            version = message["params"]["protocolVersion"]
            info = {"name": "forgetful", "version": "1"}
            return self._result(
                message, {"protocolVersion": version, "serverInfo": info, "capabilities": {"tools": {}}}
            )
        if method == "tools/list":
            return self._result(message, {"tools": [{"name": "which", "inputSchema": {"type": "object"}}]})
        if method == "tools/call" and self.headers["mcp-session-id"] != "session-0":
            return self._result(message, {"content": [{"type": "text", "text": self.headers["mcp-session-id"]}]})
        return self._answer(404, b"")

    def do_GET(self):
        self._answer(405, b"")

    do_DELETE = do_GET  # noqa: N815  # a name that http.server calls

    def _result(self, message, result):
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        self._answer(200, body, **{"mcp-session-id": self.server.sessions[-1]})

    def _answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


def test_forgotten_session(folder):
    """Where a server has forgotten the session, the next attempt begins another."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forgetful)
    server.daemon_threads, server.sessions = True, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder.configure(far={"url": f"http://127.0.0.1:{server.server_port}/"})
    batch = {"items": [1], "max_retries": 2}
    store = folder.flow({"id": "n", "type": "mcp-far-which", "batch": batch}).run().store
    server.shutdown()
    server.server_close()
    assert ("session-1", 1) == (store["n"]["results"][0]["result"], store["n"]["batch_metadata"]["retried"])
