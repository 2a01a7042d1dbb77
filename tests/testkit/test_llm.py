"""Workflows that ask models, under test: stubs, cassettes of a real server, and the demo's words."""

import json

import pytest

ASK = {
    "inputs": {"tickets": {"type": "array", "default": ["no sound", "more colours"]}},
    "nodes": [
        {
            "id": "ask",
            "type": "llm",
            "params": {"prompt": "${item}", "model": "says"},
            "batch": {"items": "${tickets}", "parallel": True},
        }
    ],
}
STUBBED = "cases:\n- name: a\n  stubs: {{'type:llm': {stub}}}\n"


class _Apart:
    """A project whose runs are processes of their own.

    OpenAI's library loads parts of itself when it first needs them; a run of pytester in this process unloads these
    again, and what is loaded anew does not know the classes of what stayed.
    """

    def __init__(self, project):
        self.write, self.flows, self.pytester = project.write, project.flows, project.pytester

    def run(self, *args):
        """Pytest, with the folder opted in."""
        return self.pytester.runpytest_subprocess("--pflow-workflows=flows", *args)


@pytest.fixture
def asking(project, model_server):
    """A project whose workflow asks a model that is there for each ticket."""
    project.write("ask.json", ASK)
    return _Apart(project)


def test_hermetic(asking, model_server):
    """Without a stub no model is asked, and the stub to paste is shown: the answer, and not what it used."""
    asking.write("ask.test.yaml", "cases:\n- name: a\n")
    result = asking.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*node 'ask' (llm) reaches for a model, and there is no stub for it*", "*stubs:", "*ask:", '* response: "…"']
    )
    result.stdout.no_fnmatch_line("*llm_usage*")
    assert [] == model_server.requests


def test_first_case(asking):
    """A first case has the answer to fill in."""
    asking.run("--pflow-init", "flows/ask.json").stdout.fnmatch_lines(["*ask (llm): response"])


@pytest.mark.parametrize(
    ("stub", "said"),
    [
        ("{respons: x}", "a llm node has no output 'respons'"),
        ("{response: {label: bug}}", "output 'response' of a llm node is of type string, not object"),
        ("{response: x, llm_usage: 5}", "output 'llm_usage' of a llm node is of type object, not integer"),
    ],
)
def test_stub_is_checked(asking, stub, said):
    """A stub is held against the outputs of the type."""
    asking.write("ask.test.yaml", STUBBED.format(stub=stub))
    asking.run().stdout.fnmatch_lines([f"*{said}*"])


def test_stub_with_usage(asking):
    """Usage that a stub gives is in the trace, per item."""
    asking.write("ask.test.yaml", STUBBED.format(stub="{response: x, llm_usage: {model: m, total_tokens: 3}}"))
    asking.write(
        "test_ask.py",
        "def test_ask(pflow):\n    pflow.stub('ask', response='x', llm_usage={'model': 'm', 'total_tokens': 3})\n"
        "    calls = pflow.run('ask.json').store['__llm_calls__']\n"
        "    assert calls == [{'node_id': 'ask', 'item_index': n, 'attempt': 1, 'model': 'm', 'total_tokens': 3} for n in (0, 1)]\n",
    )
    asking.run("flows").assert_outcomes(passed=3)


def test_cassette(asking, model_server):
    """Answers are recorded with what they used, without keys, and replayed with nobody asked."""
    (model_server.user / "prices.yaml").write_text("says: {input: 2, output: 10}")
    asking.write("ask.test.yaml", "cases:\n- name: a\n  snapshot: [trace, outputs]\n")
    asking.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    assert 2 == len(model_server.requests)
    asking.run().assert_outcomes(passed=2)
    assert 2 == len(model_server.requests)
    kept = next(asking.flows.rglob("__cassettes__/**/a.json")).read_text()
    assert "key-of-the-local-server" not in kept
    (recorded, _) = json.loads(kept)["calls"]
    assert recorded["llm_calls"][0]["duration_ms"] > 0
    (node,) = json.loads(next(asking.flows.rglob("a.trace.json")).read_text())["nodes"]
    usage = {"model": "says", "input_tokens": 7, "output_tokens": 3, "total_tokens": 10, "cost_usd": 44e-6}
    zeros = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    places = [{"node_id": "ask", "item_index": index, "attempt": 1} for index in (0, 1)]
    assert [{**place, **usage, **zeros} for place in places] == node["llm_calls"]


def test_cassette_of_failures(asking, model_server):
    """A server that is busy, a refusal and their words are recorded, and replayed with the same attempts."""
    batch = {"items": ["flaky", "status-401"], "max_retries": 2, "error_handling": "continue"}
    node = {"id": "ask", "type": "llm", "params": {"prompt": "x", "model": "${item}"}, "batch": batch}
    asking.write("ask.json", {"nodes": [node]})
    expect = (
        "{status: degraded, nodes: {ask: {errors: [{index: 1, error_type: Unhealable, attempts: 1}], "
        "batch_metadata: {retried: 1}}}}"
    )
    asking.write("ask.test.yaml", f"cases:\n- name: a\n  expect: {expect}\n  snapshot: [trace]\n")
    asking.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    asking.run().assert_outcomes(passed=2)
    assert 3 == len(model_server.requests)


def test_keys_of_the_host(asking, model_server, monkeypatch, tmp_path):
    """What really asks finds the models and keys of the host's home, though it runs in a home of its own."""
    home = tmp_path / "home" / "io.datasette.llm"
    home.parent.mkdir()
    model_server.user.rename(home)
    monkeypatch.delenv("LLM_USER_PATH")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.parent))
    asking.write("ask.test.yaml", "cases:\n- name: a\n  live: [ask]\n")
    asking.write("test_ask.py", "def test_ask(pflow):\n    pflow.run('ask.json', live=True).raise_for_status()\n")
    asking.run("flows").assert_outcomes(passed=3)
    assert 4 == len(model_server.requests)


def test_stress_of_usage(asking):
    """Usage of parallel items is the same as one by one, whatever the schedule."""
    usage = "llm_usage: {model: m, total_tokens: 3}"
    asking.write("ask.test.yaml", STUBBED.format(stub=f"{{response: x, {usage}}}") + "  stress: {schedules: 20}\n")
    asking.run().assert_outcomes(passed=3)
