"""The tools to a server on stdin and stdout."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from pflow_engine import InvalidInput, Registry, format_success_as_text, load, run, validate
from pflow_engine.formatting import describe_as_json, describe_as_text, mermaid, outputs_as_text, run_as_json
from pflow_engine.mcp_server import serve, serving
from pflow_engine.mcp_server.answer import Answer
from pflow_engine.mcp_server.schemas import RUN
from pflow_engine.mcp_server.tools import Tool

from .conftest import DOUBLE, ended, texts

LOUD = """\
import os, sys, warnings

def speak(**_):
    print("print: not the protocol")
    os.write(1, b"write: not the protocol\\n")
    warnings.warn("warning: not the protocol")
    sys.stdin.read()
    return {"said": True}

def pflow_register_nodes(registry):
    from pflow_engine import node
    registry.register("speak", node("speak")(speak))
"""


def raw_server(**options):
    """A server without a client, to see every byte of what it writes."""
    command = [Path(sys.executable).with_name("pflow-testkit"), "mcp"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def send(server, tool, arguments):
    """Say hello to a raw server and call a tool, without waiting for an answer."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    for message in (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": tool, "arguments": arguments}},
    ):
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        server.stdin.flush()


def timeless(value):
    """Without what differs from run to run."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return re.sub(r'\d+(\.\d+)?(e-\d+)?(ms|s\b)|(?<="duration_ms": )\d+(\.\d+)?(e-\d+)?', "…", text)


def test_tools_listed(served):
    """Each tool has a description, schemas of what it takes and gives, and says whether it changes anything."""
    tools = served(lambda client: client.list_tools()).tools
    assert {
        "workflow_validate": True,
        "workflow_describe": True,
        "workflow_run": False,
        "workflow_test": False,
    } == {tool.name: tool.annotations.read_only_hint for tool in tools}
    assert all(tool.description and tool.input_schema and tool.output_schema for tool in tools)


def test_same_as_formatters(workflow, served):
    """An agent gets what the functions that format give, which is what the command line prints."""
    path, inputs = workflow("double.json", DOUBLE), {"xs": [{"n": 1}, {"m": 2}, {"n": 3}]}

    async def talk(client):
        described = await client.call_tool("workflow_describe", {"path": path})
        return described, await client.call_tool("workflow_run", {"path": path, "inputs": inputs})

    described, ran = served(talk)
    result, registry = run(path, inputs), Registry.default()
    known = validate(load(path), registry)
    assert [f"{describe_as_text(known, registry)}\n\n{mermaid(known)}"] == texts(described)
    assert describe_as_json(known, registry) == described.structured_content
    assert timeless([format_success_as_text(result), outputs_as_text(result)]) == timeless(texts(ran))
    assert timeless(run_as_json(result)) == timeless(ran.structured_content)
    assert ("degraded", False) == (ran.structured_content["status"], ran.is_error)


def test_same_as_command_line(workflow, served):
    """``--json`` prints the structured content."""
    path = workflow("double.json", DOUBLE)
    for tool, given, command in (
        ("workflow_run", {"path": path, "inputs": {"xs": []}}, ["run", "--json", path, "xs=[]"]),
        ("workflow_describe", {"path": path}, ["describe", "--json", path]),
        ("workflow_validate", {"path": path}, ["validate", "--json", path]),
    ):
        printed = subprocess.run(
            [sys.executable, "-m", "pflow_engine", *command], capture_output=True, text=True, check=True
        )
        answer = served(lambda client, tool=tool, given=given: client.call_tool(tool, given))
        assert timeless(json.loads(printed.stdout)) == timeless(answer.structured_content)


def test_bad_calls(workflow, served):
    """What is wrong with a call is an answer that says how to mend it, and the server goes on."""
    workflow("double.json", DOUBLE)
    workflow("broken.json", '{"nodes": [{"id": "a", "type": "ecko"}]}')
    calls = {
        "double.jso: error: not a workflow file by its name [file-type]": {"path": "double.jso"},
        "doubl.json: error: no such file [unreadable]\n  hint: did you mean 'double.json'?": {"path": "doubl.json"},
        ".: error: this is a folder, not a file [unreadable]": {"path": "."},
        "broken.json:1:32: error: unknown node type 'ecko' [unknown-type]": {"path": "broken.json"},
        "input 'xs' is missing": {"path": "double.json", "inputs": {}},
        "the workflow declares no input 'ys'": {"path": "double.json", "inputs": {"ys": 1}},
        "error: the argument 'path' is missing [argument]": {},
    }

    async def talk(client):
        return {words: await client.call_tool("workflow_run", given) for words, given in calls.items()}

    for words, result in served(talk).items():
        assert result.is_error
        assert words.split(":")[0] in texts(result)[0]
        assert words in texts(result)[0] or words in {each["message"] for each in result.structured_content["problems"]}
        assert "Traceback" not in texts(result)[0]


def test_stdout_is_kept(tmp_path, workflow):
    """What a node in Python prints, writes to stdout or warns of goes to stderr, and it gets no word of the protocol."""
    (tmp_path / "loud.py").write_text(LOUD)
    installed = tmp_path / "loud-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[pflow_engine]\nloud = loud\n")
    path = workflow("loud.json", {"nodes": [{"id": "n", "type": "speak"}]})
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": ""}  # what is buffered comes out last of all
    with raw_server(stderr=subprocess.PIPE, env=env) as server:
        send(server, "workflow_run", {"path": path})
        ran = [json.loads(server.stdout.readline()) for _ in range(2)][1]
        rest, errors = server.communicate(timeout=60)
    assert {"said": True} == ran["result"]["structuredContent"]["outputs"]
    assert "" == rest
    assert {"print", "warning", "write"} == set(re.findall(r"(\w+): not the protocol", errors))


def test_two_at_once(shell, pipe, served):
    """Two calls run at the same time: each waits for the other's end of a pipe."""
    pipe("between")
    shell("says.json", "echo hello > between")
    shell("hears.json", "cat between")

    async def talk(client):
        given = [{"path": path, "allow_effects": ["process"]} for path in ("hears.json", "says.json")]
        return await asyncio.gather(*(client.call_tool("workflow_run", each) for each in given))

    hears, _ = served(talk)
    assert "hello" == hears.structured_content["outputs"]["stdout"].strip()


def test_client_cancels(shell, pipe, served):
    """A call that the client cancels ends its command; the server goes on."""
    started = pipe("started")
    path = shell("long.json", "echo $$ > started; exec sleep 600")

    async def talk(client):
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "workflow_run", {"path": path, "allow_effects": ["process"]})
            process = os.pidfd_open(int(await asyncio.to_thread(started.read_text)))
            group.cancel_scope.cancel()
        gone = await asyncio.to_thread(ended, process)
        os.close(process)
        return gone, await client.call_tool("workflow_validate", {"path": path})

    gone, after = served(talk)
    assert (True, False) == (gone, after.is_error)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_is_ended(shell, pipe, served, number):
    """A server that is asked to end leaves no command behind."""
    started = pipe("started")
    path = shell("long.json", "echo $$ $PPID > started; exec sleep 600")

    async def talk(client):
        async with anyio.create_task_group() as group:
            group.start_soon(lost, client)
            command, server = map(int, (await asyncio.to_thread(started.read_text)).split())
            process = os.pidfd_open(command)
            os.kill(server, number)
            gone = await asyncio.to_thread(ended, process)
            os.close(process)
        return gone

    async def lost(client):
        with pytest.raises(Exception, match=r"(?i)connection closed"):
            await client.call_tool("workflow_run", {"path": path, "allow_effects": ["process"]})

    assert served(talk)


def test_client_leaves(shell, pipe):
    """A server whose stdin ends while a command runs ends it, and itself."""
    started = pipe("started")
    path = shell("long.json", "echo $$ > started; exec sleep 600")
    with raw_server() as server:
        send(server, "workflow_run", {"path": path, "allow_effects": ["process"]})
        process = os.pidfd_open(int(started.read_text()))
        server.stdin.close()
        assert ended(process)
        os.close(process)
        assert 0 == server.wait(60)


def test_too_long(shell, served):
    """A run that takes too long is stopped, and what it came to is told."""
    path = shell("long.json", "sleep 600")
    given = {"path": path, "allow_effects": ["process"], "timeout": 0.3}
    result = served(lambda client: client.call_tool("workflow_run", given))
    assert (True, "failed") == (result.is_error, result.structured_content["status"])
    assert "stopped, since it took longer than 0.3s" == texts(result)[0]
    assert texts(result)[1].startswith("❌ Workflow failed after")


def test_never_ends(monkeypatch):
    """What cannot be stopped is left behind, and the agent is told."""
    go_on = threading.Event()
    tool = Tool("", RUN, {}, lambda _arguments, _cancel, _registry: Answer((str(go_on.wait()),), {}))
    monkeypatch.setattr(serving, "TOOLS", {"stuck": tool})
    monkeypatch.setattr("pflow_engine.mcp_server.tools.TOOLS", {"stuck": tool})
    monkeypatch.setattr(serving, "_GRACE", 0.0)

    async def call():
        try:
            return await serving._Serving()._answered("stuck", {"path": "x", "timeout": 0.05})
        finally:
            go_on.set()

    answer = asyncio.run(call())
    assert answer.failed
    assert answer.texts[0].startswith("error: it took longer than 0.05s, and a node in Python cannot be stopped")


def test_missing_extra(monkeypatch):
    """Without the SDK the command says what to install."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(InvalidInput, match="needs the MCP SDK") as caught:
        serve()
    assert "pip install 'pflow-testkit[mcp]'" == caught.value.problems[0].hint


def test_starts_quickly():
    """The SDK is not loaded until serving begins."""
    script = "import sys, pflow_engine.mcp_server; sys.exit('mcp' in sys.modules or 'anyio' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", script], check=False, cwd=Path.cwd()).returncode


def test_named_plugin(served, workflow):
    """The types of a plugin that the command line names are known to each tool; what it prints is not the protocol."""
    workflow("ours.py", LOUD.replace("    sys.stdin.read()\n", "") + "    print('loud')\nprint('louder')\n")
    workflow("w.json", {"nodes": [{"id": "a", "type": "speak"}]})

    async def talk(client):
        names = "workflow_validate", "workflow_describe", "workflow_run"
        return [await client.call_tool(name, {"path": "w.json"}) for name in names]

    assert [False, False, False] == [answer.is_error for answer in served(talk, "-p", "ours.py")]
    assert "loud" in Path("stderr.txt").read_text()
