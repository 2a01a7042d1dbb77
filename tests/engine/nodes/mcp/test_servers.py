"""The servers of a run, when the run has been asked to stop or has ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.mcp.configuration import Target
from pflow_engine.nodes.mcp.launch import Launch
from pflow_engine.nodes.mcp.servers import Servers

ODD = str(Path(__file__).parent / "servers" / "odd.py")
LAUNCH = Launch("odd", Target(sys.executable, (ODD, "fine"), cwd="."))


@pytest.fixture
def cancel():
    """The token of the run."""
    return CancelToken()


@pytest.fixture
def servers(cancel):
    """Those of a run that goes on."""
    servers = Servers(cancel)
    yield servers
    servers.close()


def test_cut_before(cancel, servers):
    """A server that is started after the run was asked to stop is killed as soon as it is there."""
    cancel.cancel()
    said = "the MCP server 'odd' ended by signal 9 before it was ready"
    assert servers.call(LAUNCH, "tell", {}, CancelToken())["error"].startswith(said)


def test_cancelled_above(servers):
    """A call whose run was asked to stop is cancelled, whatever it came to."""
    above = CancelToken()
    token = CancelToken(above)
    above.cancel()
    assert {"error": "cancelled"} == servers.call(LAUNCH, "tell", {}, token)


def test_closed(cancel):
    """After the end there are no more calls."""
    servers = Servers(cancel)
    servers.close()
    assert {"error": "cancelled"} == servers.call(LAUNCH, "tell", {}, CancelToken())


def test_ended_between_calls(servers, tmp_path):
    """A server that ended while nobody called it is started anew, and no call fails."""
    launch = Launch("odd", Target(sys.executable, (ODD, "once"), cwd=str(tmp_path)))
    assert {"result": "{}"} == servers.call(launch, "tell", {}, CancelToken())
    _wait_for_end(servers, launch)
    assert {"result": "{}"} == servers.call(launch, "tell", {}, CancelToken())


def _wait_for_end(servers, launch):
    (connection,) = servers._connections.values()
    while connection.alive:
        pass
