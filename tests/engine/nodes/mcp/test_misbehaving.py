"""Servers that do what none should."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time

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
