import json

import pytest


def _code(text):
    return {"nodes": [{"id": "make", "type": "code", "params": {"code": text}}]}


def _said(result):
    return [line.strip() for line in result.stdout.lines if line.startswith("  ")]


@pytest.mark.parametrize(
    "text",
    ["result: int = 2", "import os\nresult: str = os.getcwd()", "result: list = sorted({'a', 'b', 'c', 'd'})"],
)
def test_steady(project, text):
    """A step that gives the same each time passes, also one that names its own folder."""
    project.write("make.json", _code(text))
    project.run("--pflow-flaky=3", "-k", "flaky").assert_outcomes(passed=1, deselected=2)


def test_node_differs(project):
    """A step that makes something else of the same params is named."""
    project.write("make.json", _code("import uuid\nresult: str = uuid.uuid4().hex"))
    result = project.run("--pflow-flaky=3", "-k", "flaky")
    result.stdout.fnmatch_lines(
        [
            "run 2 of 3 came to something else, though its items ran in the same order:",
            "  node 'make': output 'result' *",
            "  it comes from node 'make', which makes something else of the same params",
        ]
    )


def test_hash_seed(project):
    """A step that depends on the order of a set is told apart, since it is the same with the same seed."""
    project.write("make.json", _code("result: str = ' '.join({f'word{n}' for n in range(50)})"))
    assert _said(project.run("--pflow-flaky=3", "-k", "flaky"))[-1] == (
        "it comes from node 'make', which makes something else of the same params when PYTHONHASHSEED is another: "
        "the order of a set, most likely"
    )


def test_own_hash_seed(project):
    """A case that fixes the seed is not run with others."""
    project.write("make.json", _code("result: str = ' '.join({f'word{n}' for n in range(50)})"))
    project.write("make.test.yaml", "cases:\n  - name: it\n    env: {PYTHONHASHSEED: '3'}\n")
    project.run("--pflow-flaky=3", "-k", "flaky").assert_outcomes(passed=1, deselected=2)


def test_schedule_differs(project):
    """Items that get into each other's way under a schedule are told with the schedule that shows it."""
    project.write("conftest.py", RACE)
    batch = {"items": ["a", "b", "c"], "parallel": True}
    project.write(
        "tally.json", {"nodes": [{"id": "tally", "type": "tally", "params": {"x": "${item}"}, "batch": batch}]}
    )
    result = project.run("--pflow-flaky=20", "-k", "flaky")
    assert 1 == result.ret
    result.stdout.fnmatch_lines(["parallel != sequential: *", "*replay: *flaky[[]defaults[]]* --pflow-schedule=*"])


RACE = """\
import threading
from pflow_engine import Node
from pflow_engine.nodes import Interface

LOCK = threading.Lock()
SEEN = []

class Tally(Node):
    interface = Interface(outputs={"first": "any"}, open_params=True)
    def post(self, shared, prep_result, exec_result):
        with LOCK:
            SEEN.append(self.params["x"])
        with LOCK:
            shared["last"] = SEEN[-1]

def pflow_register_nodes(registry):
    SEEN.clear()
    registry.register("tally", Tally)
"""

FETCH = {
    "nodes": [
        {"id": "stamp", "type": "code", "params": {"code": "import uuid\nresult: str = uuid.uuid4().hex"}},
        {"id": "fetch", "type": "http", "params": {"url": "URL/${stamp.result}"}},
        {"id": "say", "type": "echo", "params": {"text": "${fetch.status_code}"}},
    ]
}
MASK = """\
def pflow_testkit_normalise(trace):
    for node in trace["nodes"]:
        if node["id"] == "stamp":
            node["outputs"]["result"] = "<stamp>"
    return trace
"""


def test_cassette_differs(project, httpserver_url):
    """Where what is asked of the cassette is another each time, it is the cassette that is named."""
    project.write("conftest.py", MASK)
    project.write("fetch.json", json.dumps(FETCH).replace("URL", httpserver_url.rstrip("/")))
    project.run("--pflow-record=once")
    result = project.run("--pflow-flaky=2", "-k", "flaky")
    assert "it comes from the cassette, which does not have what it was asked at node 'fetch'" == _said(result)[-1]


def test_recorded_then_replayed(project, httpserver_url):
    """What the case recorded its repeated runs replay."""
    ir = {"nodes": [{"id": "fetch", "type": "http", "params": {"url": httpserver_url}}]}
    project.write("fetch.json", ir)
    project.run("--pflow-flaky=3", "--pflow-record=once").assert_outcomes(passed=3)


@pytest.mark.parametrize("times", ["0", "1", "-3"])
def test_too_few(project, times):
    """Once is not enough to see a difference."""
    result = project.run(f"--pflow-flaky={times}")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"*--pflow-flaky: at least 2 runs, not {times}"])


def test_off_by_default(project, ada):
    """Without the option there is no such item."""
    project.hello(ada)
    project.run("--collect-only").stdout.no_fnmatch_line("*flaky*")


def test_fails_each_time(project):
    """A case that always fails is not called flaky, and no schedule is blamed: what is wrong is shown as ever."""
    project.write("make.json", _code("result: int = 2"))
    project.write("make.test.yaml", "cases:\n  - name: it\n    expect: {nodes: {make: {result: 3}}}\n")
    result = project.run("--pflow-flaky=2", "-k", "flaky")
    result.stdout.fnmatch_lines(
        [
            "not flaky: each of 2 runs came to the same, and fails",
            "flows/make.test.yaml:3:37: error: node 'make': result is 2, expected 3 [[]difference]",
        ]
    )
    result.stdout.no_fnmatch_line("*--pflow-schedule*")
