"""Tools of a real server: what they answer, who shares it, and what is left of it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from pflow_engine import RealClock
from pflow_engine.clock import CancelToken

PATIENCE = 60
TOKEN = "sesame-open-wide"


@pytest.fixture(params=["box", "remote"])
def either(request):
    """The server over stdio, then over HTTP."""
    return request.getfixturevalue(request.param)


def _written(file, start):
    """The text of a file, once it starts so; waiting is for another process."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        text = file.read_text() if file.exists() else ""
        if text.startswith(start):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{file} never started with {start}")


def _is_gone(pid):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.fixture(scope="module", params=[False, True], ids=["stdio", "http"])
def answers(request, folder_at, toolbox, tmp_path_factory):
    """What nodes of one run left: of the server over stdio, then of the one over HTTP."""
    folder = folder_at(tmp_path_factory.mktemp("answers"))
    entry = toolbox()
    if request.param:
        headers = {"Authorization": "Bearer ${NO_SUCH_VARIABLE:-key-of-the-house}"}
        entry = {"type": "http", "url": request.getfixturevalue("house"), "headers": headers}
    folder.configure(tool_box=entry)
    calls = {
        "structured": ("count_in", {"words": ["a", "b", "a"], "mode": "distinct"}),
        "text": ("say", {"text": '{"a": 1}'}),
        "several": ("several", {}),
        "nothing": ("nothing", {}),
        "null": ("add", {"a": 1, "note": None}),
        "raises": ("fail", {"name": "nobody"}),
        "wrong": ("add", {"a": "x"}),
        "noise": ("show", {"name": "PFLOW_TEST_NOISE"}),
    }
    nodes = [{"id": name, "type": f"mcp-tool-box-{tool}", "params": given} for name, (tool, given) in calls.items()]
    ways = list(itertools.pairwise(calls))
    edges = [{"from": one, "to": next_one, "action": way} for one, next_one in ways for way in ("default", "error")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PFLOW_TEST_NOISE", "heard")
        return folder.flow(nodes, edges=edges).run().store


def test_structured(answers):
    """Structured content is the result as it is."""
    assert {"result": {"count": 2}} == answers["structured"]


def test_text(answers):
    """Text stays text, also where it is JSON."""
    assert {"result": '{"a": 1}'} == answers["text"]


def test_several(answers):
    """Several blocks of content are a list, an image as the protocol writes it."""
    image = {"type": "image", "data": "AAE=", "mimeType": "image/png"}
    assert {"result": ["two", image]} == answers["several"]


def test_nothing(answers):
    """No content is null."""
    assert {"result": None} == answers["nothing"]


def test_null_left_out(answers):
    """Null for a parameter that may be left out leaves it out."""
    assert {"result": {"result": 3}} == answers["null"]


def test_tool_fails(answers):
    """A tool that raises is an error of the node."""
    assert ["error"] == list(answers["raises"])
    assert "fail" in answers["raises"]["error"]


def test_wrong_arguments(answers):
    """What the server has against the arguments is the error."""
    assert "valid integer" in answers["wrong"]["error"]


def test_environment_is_small(answers):
    """A server gets what its entry gives it, not all that is here."""
    assert {"result": "not set"} == answers["noise"]


@pytest.mark.parametrize("value", [{1, 2}, "half a \ud83d"])
def test_no_json(folder, value):
    """A value without a form in JSON is told before the server hears of it."""
    folder.odd("fine")
    flow = folder.flow({"id": "n", "type": "mcp-odd-tell", "params": {"a": "${x}"}}, inputs={"x": {}})
    result = flow.run({"x": value})
    assert "parameter 'a' cannot be written as text" in result.error.summary


def test_batch_shares_server(either):
    """Fifty items in ten threads share one server, and stay in order."""
    nodes = [
        {
            "id": "b",
            "type": "mcp-tool-box-add",
            "params": {"a": "${item}"},
            "batch": {"items": list(range(50)), "parallel": True, "max_concurrent": 10},
        },
        {
            "id": "p",
            "type": "mcp-tool-box-pid",
            "batch": {"items": list(range(20)), "parallel": True},
        },
        {"id": "q", "type": "mcp-tool-box-pid"},
    ]
    store = either.flow(nodes).run().store
    assert [number + 2 for number in range(50)] == [each["result"]["result"] for each in store["b"]["results"]]
    pids = {each["result"]["result"] for each in store["p"]["results"]}
    assert {store["q"]["result"]["result"]} == pids


def test_nested_shares_server(box):
    """A nested workflow talks to the server of the run it is in."""
    box.document([{"id": "p", "type": "mcp-tool-box-pid"}], outputs={"pid": {"source": "${p.result.result}"}})
    (box.path / "flow.json").rename(box.path / "child.json")
    nodes = [
        {"id": "p", "type": "mcp-tool-box-pid"},
        {"id": "c", "type": "workflow", "params": {"workflow_ref": "child.json"}},
    ]
    store = box.flow(nodes).run().store
    assert store["p"]["result"]["result"] == store["c"]["pid"]


def test_nothing_left(box):
    """After a run neither the server nor a thread is there any more."""
    pid = box.call("tool-box-pid")["result"]["result"]
    assert _is_gone(pid)
    assert [] == [each.name for each in threading.enumerate() if each.name == "pflow-mcp"]


def test_died_and_came_back(box):
    """A server that ends in a call fails that call, with its last words; the next one starts it anew."""
    nodes = [
        {"id": "d", "type": "mcp-tool-box-die", "params": {"name": "nobody"}},
        {"id": "a", "type": "mcp-tool-box-add", "params": {"a": 1}},
    ]
    store = box.flow(nodes, edges=[{"from": "d", "to": "a", "action": "error"}]).run().store
    said = "the MCP server 'tool-box' ended with exit code 3 while 'die' was at work; it wrote: "
    assert store["d"]["error"].startswith(said)
    assert store["d"]["error"].endswith("last words: nobody")
    assert {"result": {"result": 3}} == store["a"]


def test_retry_heals(box, tmp_path):
    """Items that fell with the server they share are healed by another attempt, with a new one."""
    batch = {"items": ["0", "1", "2", "3"], "parallel": True, "max_retries": 2}
    params = {"text": "${item}", "fatal": "2", "file": str(tmp_path / "once")}
    store = box.flow({"id": "s", "type": "mcp-tool-box-say_or_die", "params": params, "batch": batch}).run().store
    assert ["0", "1", "2", "3"] == [each["result"] for each in store["s"]["results"]]
    assert store["s"]["batch_metadata"]["retried"] >= 1


class _TimeUp(RealClock):
    """The time of an attempt is up as soon as its tool has begun."""

    def __init__(self, file):
        self.file = file

    def within(self, _seconds, work, _cancel, /):
        thread = threading.Thread(target=work)
        thread.start()
        _written(self.file, "started")
        return False


def test_timeout_cancels(either, tmp_path):
    """Once its time is up the server is told to stop, and nothing of the attempt writes later."""
    file = tmp_path / "slow.txt"
    batch = {"items": [1], "timeout": 5, "error_handling": "continue"}
    nodes = [
        {"id": "s", "type": "mcp-tool-box-slow", "params": {"file": str(file)}, "batch": batch},
        {"id": "w", "type": "mcp-tool-box-wait_for", "params": {"file": str(file), "text": "cancelled"}},
    ]
    flow = either.flow(nodes, edges=[{"from": "s", "to": "w", "action": "error"}])
    store = flow.run(clock=_TimeUp(file)).store
    assert "timed out after 5s" == store["s"]["errors"][0]["error"]
    assert [None] == store["s"]["results"]
    assert {"result": "cancelled"} == store["w"]


def test_cancelled_run(box, tmp_path):
    """A run that is asked to stop ends its server at once."""
    file, cancel = tmp_path / "slow.txt", CancelToken()
    flow = box.flow({"id": "s", "type": "mcp-tool-box-slow", "params": {"file": str(file)}})
    results = []
    running = threading.Thread(target=lambda: results.append(flow.run(cancel=cancel)))
    running.start()
    pid = int(_written(file, "started").split()[1])
    cancel.cancel()
    running.join()
    assert {"error": "cancelled"} == results[0].store["s"]
    assert _is_gone(pid)


def test_cancelled_far_away(remote, tmp_path):
    """A run that is asked to stop does not wait for a server that runs elsewhere."""
    file, cancel = tmp_path / "slow.txt", CancelToken()
    flow = remote.flow({"id": "s", "type": "mcp-tool-box-slow", "params": {"file": str(file)}})
    results = []
    running = threading.Thread(target=lambda: results.append(flow.run(cancel=cancel)))
    running.start()
    _written(file, "started")
    cancel.cancel()
    running.join()
    assert {"error": "cancelled"} == results[0].store["s"]


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_signal(box, tmp_path, signum, code):
    """Ctrl-C and SIGTERM end the run and the server, and leave the trace."""
    file, trace = tmp_path / "slow.txt", tmp_path / "trace.json"
    box.document({"id": "s", "type": "mcp-tool-box-slow", "params": {"file": str(file)}})
    script = f"""
        import sys
        from pflow_engine import Registry, compile_ir_to_flow, load
        registry = Registry.default()
        registry.asks_outside = False
        try:
            compile_ir_to_flow(load({str(box.path / "flow.json")!r}), registry).run(trace_file={str(trace)!r})
        except KeyboardInterrupt:
            sys.exit(130)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    pid = int(_written(file, "started").split()[1])
    process.send_signal(signum)
    assert code == process.wait(PATIENCE)
    assert _is_gone(pid)
    assert "interrupted" == json.loads(trace.read_text())["status"]


def test_secrets(box):
    """A secret of the environment of a server is in no error, and in no trace; the store has what the tool gave."""
    nodes = [
        {"id": "shown", "type": "mcp-tool-box-show", "params": {"name": "API_TOKEN"}},
        {"id": "failed", "type": "mcp-tool-box-fail", "params": {"name": "API_TOKEN"}},
        {"id": "died", "type": "mcp-tool-box-die", "params": {"name": "API_TOKEN"}},
    ]
    result = box.flow(nodes, edges=[
        {"from": "shown", "to": "failed"}, {"from": "failed", "to": "died", "action": "error"},
    ]).run()  # fmt: skip
    assert TOKEN == result.store["shown"]["result"]
    assert TOKEN not in json.dumps(result.trace.to_dict())
    assert TOKEN not in str(result.error)
    assert "last words: [redacted]" in result.store["died"]["error"]


def test_secret_header(remote):
    """A header is sent, and is in no trace."""
    result = remote.flow({"id": "s", "type": "mcp-tool-box-say", "params": {"text": "I know key-of-the-house"}}).run()
    assert {"result": "I know key-of-the-house"} == result.store["s"]
    assert "key-of-the-house" not in json.dumps(result.trace.to_dict())


def test_refused(remote, monkeypatch):
    """A server that wants another key is told with its status."""
    monkeypatch.setenv("HOUSE_KEY", "wrong-key-1234")
    error = remote.call("tool-box-say", text="x")["error"]
    assert error.startswith("the MCP server 'tool-box' refuses to talk: HTTP 401 Unauthorized")


def test_not_there(folder):
    """A URL where nobody listens says so, without what may be secret in it."""
    folder.configure(away={"url": "http://me:pass-word-1@127.0.0.1:9/mcp?key=abcdefgh"})
    error = folder.call("away-say", text="x")["error"]
    assert "the MCP server 'away' at http://127.0.0.1:9/mcp cannot be reached: All connection attempts failed" == error


def test_starts_in_its_folder(folder, monkeypatch, tmp_path):
    """Without cwd a server starts where its file stands, wherever the run is."""
    monkeypatch.chdir(Path(sys.prefix))
    (tmp_path / "here.py").write_text("import os, sys; sys.exit(os.getcwd())")
    folder.configure(here={"command": sys.executable, "args": ["here.py"]})
    assert str(tmp_path) in folder.call("here-x")["error"]
