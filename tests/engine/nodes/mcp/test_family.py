"""``mcp-<server>-<tool>`` in a workflow: which tool is meant, and what validation says of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pflow_engine import Registry, compile_ir_to_flow
from pflow_engine.validation import find_problems


def _said(problems):
    return [(one.severity, one.path, one.message, one.hint) for one in problems]


def test_sound(box):
    """What the server says the tool takes is no problem, templates are not judged, nor JSON text for a list."""
    assert [] == box.problems("mcp-tool-box-count_in", words='["a", "b"]', mode="distinct")
    document = box.document(
        [
            {"id": "s", "type": "mcp-tool-box-say", "params": {"text": "x"}},
            {"id": "n", "type": "mcp-tool-box-count_in", "params": {"words": ["${s.result}"], "mode": "${s.result}"}},
        ]
    )
    assert [] == find_problems(document)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"b": 1}, ("error", "nodes[0].params", "'n' (mcp-tool-box-add): it needs 'a'", "add a (integer)")),
        (
            {"a": 1, "nota": "x"},
            ("warning", "nodes[0].params.nota", "'n' (mcp-tool-box-add) takes no parameter 'nota'",
             "did you mean 'note'? its parameters: a, b, note"),
        ),
        (
            {"a": "one"},
            ("error", "nodes[0].params.a", "'n' (mcp-tool-box-add): 'a' must be an integer, not 'one'",
             "give it an integer"),
        ),
    ],
)  # fmt: skip
def test_params(box, params, said):
    """What is missing, unknown or of a wrong type is told before anything runs."""
    assert [said] == _said(box.problems("mcp-tool-box-add", **params))


def test_positions(box):
    """Each problem has its place in the file."""
    found = box.problems("mcp-tool-box-count_in", words=[1, "b"], mode="al")
    lines = (box.path / "flow.json").read_text().splitlines()
    assert ["1,", '"al"'] == [lines[one.position.line - 1][one.position.column - 1 :] for one in found]
    assert ["nodes[0].params.words[0]", "nodes[0].params.mode"] == [one.path for one in found]
    assert all(one.file.endswith("flow.json") for one in found)
    assert "did you mean 'all'? one of: all, distinct" == found[1].hint


def test_outputs(box):
    """The outputs are known, and their types by the tool's output schema."""
    nodes = [
        {"id": "n", "type": "mcp-tool-box-pid"},
        {"id": "e", "type": "echo", "params": {"x": "${n.reslt}"}},
    ]
    (problem,) = find_problems(box.document(nodes))
    assert "${n.reslt}: node 'n' (mcp-tool-box-pid) has no output 'reslt'" == problem.message
    assert problem.hint.endswith("it has: error (string), result (object)")


def test_unknown_tool(box):
    """A tool that the server has not is told with the nearest."""
    (said,) = _said(box.problems("mcp-tool-box-ad", a=1))
    message = "the MCP server 'tool-box' has no tool 'ad'"
    assert ("error", "nodes[0].type", message) == said[:3]
    assert said[3].startswith("did you mean 'add'? its tools: add, count_in, die")


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("mcp-tool-bx-add", "did you mean 'mcp-tool-box-…'? servers in .mcp.json: tool-box; to test the rest"),
        ("mcp-qqq-add", "servers in .mcp.json: tool-box; to test the rest"),
        ("mcp-tool-box-", "did you mean 'mcp-tool-box-…'?"),
    ],
)
def test_unknown_server(box, kind, hint):
    """A server that is not configured is told with the nearest."""
    (said,) = _said(box.problems(kind))
    assert ("error", "nodes[0].type", f"no MCP server fits node type '{kind}'") == said[:3]
    assert said[3].startswith(hint)


def test_no_servers(folder):
    """An empty file has no server."""
    folder.configure()
    assert ".mcp.json has no server; to test" in folder.problems("mcp-a-b")[0].hint


def test_no_file(folder):
    """Without a file it is told what to write."""
    (problem,) = folder.problems("mcp-github-list")
    assert "node type 'mcp-github-list' is a tool of an MCP server, and no .mcp.json says which" == problem.message
    assert "stub it in the case file: type:mcp-github-list" in problem.hint


def test_longest_server(folder):
    """Of servers whose names fit, the longest is meant."""
    folder.configure(my={"command": "no-such-1"}, my_server={"command": "no-such-2"})
    (problem,) = folder.problems("mcp-my-server-do-thing")
    assert "the MCP server 'my-server' cannot be started" in problem.message


def test_broken_file(folder):
    """What is wrong with the file is told once, whatever the workflow has of it, and with its own place."""
    (folder.path / ".mcp.json").write_text('{"mcpServers": {\n "a": {}}}')
    folder.document({"id": "x", "type": "mcp-a-x"})
    (folder.path / "flow.json").rename(folder.path / "child.json")
    nodes = [
        {"id": "n", "type": "mcp-a-b"},
        {"id": "m", "type": "mcp-a-b"},
        {"id": "c", "type": "workflow", "params": {"workflow_ref": "child.json"}},
    ]
    problems = find_problems(folder.document(nodes))
    assert ["mcp-config", "nested-workflow"] == [one.code for one in problems]
    assert (".mcp.json", 2) == (Path(problems[0].file).name, problems[0].position.line)


def test_unset_variable(folder, toolbox):
    """A variable that is not set here is a warning: where it runs it may be."""
    folder.configure(box=toolbox(env={"KEY": "${PFLOW_NO_SUCH_VARIABLE}"}))
    (problem,) = folder.problems("mcp-box-add", a=1)
    assert ("mcp-not-asked", "warning") == (problem.code, problem.severity)
    assert problem.message.endswith("that are not set: PFLOW_NO_SUCH_VARIABLE")


def test_asks_nobody(folder):
    """A registry that may not ask starts nothing, and then takes any parameter."""
    folder.odd("fine", str(folder.path / "pid"))
    registry = Registry.default()
    registry.asks_outside = False
    document = folder.document({"id": "n", "type": "mcp-odd-no_such_tool", "params": {"x": 1}})
    assert [] == find_problems(document, registry)
    assert not (folder.path / "pid").exists()


def test_asked_once(folder):
    """A server is asked once a process, however often it is validated."""
    folder.odd("fine", str(folder.path / "pid"))
    assert [] == folder.problems("mcp-odd-tell", a="x")
    (folder.path / "pid").unlink()
    assert [] == folder.problems("mcp-odd-tell", a="x")
    assert not (folder.path / "pid").exists()


def test_excused(folder):
    """A type that stubs stand in for need not be there."""
    registry = Registry.default()
    registry.excuse("mcp-away-x")
    assert [] == find_problems(folder.document({"id": "n", "type": "mcp-away-x"}), registry)
    assert registry.get("mcp-away-x") is not None
    assert "mcp-away-x" in registry


def test_outline_does_not_run(folder):
    """Where its server is not known, a node that no stub stands in for says so."""
    registry = Registry.default()
    registry.excuse("mcp-away-x")
    result = compile_ir_to_flow(folder.document({"id": "n", "type": "mcp-away-x"}), registry).run()
    assert "the server of node type 'mcp-away-x' is not known" == result.error.summary


_WITHOUT = """
import sys
sys.modules["mcp"] = None
import pflow_engine
from pflow_engine.validation import find_problems
document = pflow_engine.load("flow.json")
for problem in find_problems(document):
    print(problem)
print(pflow_engine.compile_ir_to_flow(document).run().error)
"""


def test_without_sdk(box):
    """Without the extra, validation warns, and a run says how to install it."""
    box.document({"id": "n", "type": "mcp-tool-box-add", "params": {"a": 1}})
    command = [sys.executable, "-c", _WITHOUT]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=box.path)
    assert "warning: what 'mcp-tool-box-add' takes is not checked: MCP servers need the MCP SDK" in shown.stdout
    assert 2 == shown.stdout.count("hint: pip install 'pflow-testkit[mcp]'")


def test_lazy(box):
    """The SDK is loaded for workflows with such nodes alone, and by none that only mention them."""
    box.document({"id": "n", "type": "echo", "params": {"a": 1}})
    script = "import sys, pflow_engine; pflow_engine.run('flow.json'); print([n for n in ('mcp', 'anyio') if n in sys.modules])"
    command = [sys.executable, "-W", "error", "-c", script]
    assert "[]\n" == subprocess.run(command, capture_output=True, text=True, check=True, cwd=box.path).stdout


def test_warnings_at_import(folder):
    """What the SDK's libraries deprecate of each other is nothing to a workflow, even where warnings are errors."""
    folder.odd("fine")
    folder.document({"id": "n", "type": "mcp-odd-tell", "params": {"a": "x"}})
    script = "import pflow_engine; print(pflow_engine.run('flow.json').status)"
    command = [sys.executable, "-W", "error", "-c", script]
    assert "success\n" == subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder.path).stdout
