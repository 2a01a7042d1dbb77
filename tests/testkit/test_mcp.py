"""MCP tools under test: stubbed, kept in, live, and on a cassette; with a real server that says when it is started."""

import json
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[1] / "engine/nodes/mcp/servers/odd.py"
ASK = {
    "inputs": {"word": {"default": "hi"}},
    "nodes": [{"id": "ask", "type": "mcp-odd-one-tell", "params": {"a": "${word}"}}],
    "outputs": {"said": {"source": "${ask.result}"}},
}


@pytest.fixture
def started(pytester):
    """The file that is there once the server was started."""
    return pytester.path / "started"


@pytest.fixture
def asking(project, started):
    """A project whose workflow asks the server, which leaves a file ``started`` when it starts."""

    def write(cases, *, configured=True):
        project.write("ask.json", ASK)
        project.write("ask.test.yaml", cases)
        entry = {"command": sys.executable, "args": [str(SERVER), "fine", str(started)]}
        if configured:
            project.write(".mcp.json", {"mcpServers": {"odd-one": entry}})
        return project

    return write


@pytest.mark.parametrize("stubbed", ["ask", "type:mcp-odd-one-tell"])
def test_stubbed(asking, stubbed):
    """A stub needs no server, not even a configured one."""
    case = f"cases:\n  - name: it\n    stubs: {{{stubbed}: {{result: yes}}}}\n    expect: {{outputs: {{said: true}}}}\n"
    asking(case, configured=False).run().assert_outcomes(passed=2)


def test_case_starts_nothing(asking, started):
    """A case that may not reach out does not start the server to check params either."""
    project = asking("cases:\n  - name: it\n    stubs: {ask: {result: yes}}\n")
    project.run("-k", "it").assert_outcomes(passed=1)
    assert not started.exists()


@pytest.mark.parametrize("option", ["--pflow-cov", "--pflow-mutate", "--pflow-stress"])
def test_others_start_nothing(asking, started, option):
    """Nor do coverage, mutants and stress."""
    project = asking("cases:\n  - name: it\n    stubs: {ask: {result: yes}}\n    expect: {outputs: {said: true}}\n")
    assert 0 == project.run("--deselect", "flows/ask.json::validate", option).ret
    assert not started.exists()


def test_validate_asks(asking, started):
    """The item validate does, since that is what finds a tool that is gone."""
    project = asking("cases:\n  - name: it\n    stubs: {ask: {result: yes}}\n")
    project.write("ask.json", json.dumps(ASK).replace("one-tell", "one-tll"))
    result = project.run("-k", "validate")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*the MCP server 'odd-one' has no tool 'tll' [[]unknown-type[]]", "*did you mean 'tell'*"]
    )
    assert started.exists()


def test_not_stubbed(asking, started):
    """Without a stub the case fails with the one to write, and nothing is started."""
    project = asking("cases:\n  - name: it\n")
    result = project.run("-k", "it")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*'ask' (mcp-odd-one-tell) reaches for the network*", "*stubs:", "*ask:", "*result: null"]
    )
    assert not started.exists()


def test_stub_key(asking):
    """A stub can give what a tool's node has, and no more."""
    result = asking("cases:\n  - name: it\n    stubs: {ask: {reslt: 1}}\n").run("-k", "it")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a mcp-odd-one-tell node has no output 'reslt'*", "*did you mean 'result'*"])


def test_unknown_server(asking):
    """A case without a stub for a server that is not configured says that it may be stubbed."""
    result = asking("cases:\n  - name: it\n", configured=False).run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*no .mcp.json says which*", "*stub it in the case file: type:mcp-odd-one-tell*"])


def test_live(asking):
    """A live case calls the server."""
    case = 'cases:\n  - name: it\n    live: [ask]\n    expect: {outputs: {said: \'{"a": "hi"}\'}}\n'
    asking(case).run().assert_outcomes(passed=2)


def test_cassette(asking, started):
    """What was recorded is replayed without the server; another call is told."""
    project = asking('cases:\n  - name: it\n    expect: {outputs: {said: \'{"a": "hi"}\'}}\n')
    project.run("-k", "it", "--pflow-record=once").assert_outcomes(passed=1)
    started.unlink()
    project.run("-k", "it").assert_outcomes(passed=1)
    assert not started.exists()
    project.write("ask.test.yaml", "cases:\n  - name: it\n    inputs: {word: ho}\n")
    result = project.run("-k", "it")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the one recorded call does not fit*"])


def test_fixture(asking):
    """A test in Python stubs it by its node."""
    project = asking("cases:\n  - name: it\n    stubs: {ask: {result: yes}}\n", configured=False)
    project.pytester.makepyfile(
        "def test_it(pflow):\n    assert 'ho' == pflow.run('flows/ask.json', stubs={'ask': {'result': 'ho'}}).outputs['said']"
    )
    project.pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_secret_on_no_cassette(asking):
    """A secret that the server is given is neither on the cassette nor in what a failure shows."""
    secret = "sesame-open-wide"
    project = asking(f"cases:\n  - name: it\n    inputs: {{word: {secret}}}\n    expect: {{outputs: {{said: no}}}}\n")
    entry = {"command": sys.executable, "args": [str(SERVER), "fine"], "env": {"API_TOKEN": secret}}
    project.write(".mcp.json", {"mcpServers": {"odd-one": entry}})
    result = project.run("-k", "it", "--pflow-record=once")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line(f"*{secret}*")
    (cassette,) = (project.flows / "__cassettes__").rglob("it.json")
    assert secret not in cassette.read_text()
    assert "[redacted]" in cassette.read_text()
