"""Replays as part of a pytest run: real cassettes, real git, other workflows that nest what changed."""

import json
import shutil
from pathlib import Path

import pytest
from replays import cases

FLOWS = Path(__file__).parents[3] / "workflows"
FETCH = {
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "http://127.0.0.1:${port}/pages/1"}},
        {"id": "tell", "type": "echo", "params": {"title": "${fetch.response.title}"}},
    ],
    "inputs": {"port": {"type": "integer"}},
    "outputs": {"title": {"source": "${tell.title}"}},
}
SERVER = """
import http.server, threading, pytest

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"title": "One"}')

    def log_message(self, *args):
        pass

asked = []

@pytest.fixture(scope="session")
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        yield server.server_port
        server.shutdown()
"""


def renamed(flow):
    """The workflow with its first node under another name."""
    return json.loads(json.dumps(flow).replace("fetch", "get-page"))


@pytest.fixture
def recorded(repo):
    """A repository with a cassette that was recorded from a server."""
    repo.write("flows/conftest.py", SERVER)
    repo.write("flows/b.json", FETCH)
    repo.write("flows/b.test.yaml", "cases:\n- {name: it, inputs: {port: 5}, snapshot: [trace]}\n")
    port = "cases:\n- {name: it, inputs: {port: {$fixture: port}}, snapshot: [trace]}\n"
    repo.write("flows/b.test.yaml", port)
    args = ("--pflow-workflows=flows", "--pflow-record=once", "--snapshot-update")
    repo.pytester.runpytest_inprocess(*args).assert_outcomes(passed=4)
    (kept,) = (repo.path / "flows/__cassettes__/b.json").iterdir()
    number = json.loads(kept.read_text())["calls"][0]["params"]["url"].split(":")[2].split("/")[0]
    repo.write("flows/b.test.yaml", port.replace("{$fixture: port}", number))
    repo.commit()
    return repo


def table(result):
    """The lines of the gate's table that are of replays."""
    return [" ".join(line.split()) for line in result.outlines if line.startswith("BEHAVIOUR  replay-")]


def test_cassette(recorded):
    """What was recorded stands in for a node that has another name now; nothing is asked, nothing written."""
    recorded.write("flows/b.json", renamed(FETCH))
    before = recorded.git("status", "--porcelain")
    for option in ("--pflow-record=all", "--pflow-live"):
        result = recorded.run("-k", "gate", option)
        result.stdout.fnmatch_lines(["1 workflow compared: 1 BEHAVIOUR", "BEHAVIOUR  node-renamed *"])
    assert before == recorded.git("status", "--porcelain")


def test_cassette_has_no_such_call(recorded):
    """A call that was not recorded is told with what differs from the nearest, and is not made."""
    recorded.write("flows/b.json", json.loads(json.dumps(FETCH).replace("pages/1", "pages/2")))
    (line,) = table(recorded.run("-k", "gate", "--pflow-record=all"))
    assert "case 'it' cannot be replayed: node 'fetch' (http): the one recorded call does not fit (params.url" in line


def test_child(repo):
    """A change of a nested workflow is told of each workflow that nests it, at its own place, with who nests it."""
    shutil.copytree(FLOWS, repo.path / "flows", dirs_exist_ok=True, ignore=shutil.ignore_patterns("broken"))
    repo.commit()
    triage = repo.path / "flows/triage.json"
    triage.write_text(
        triage.read_text().replace('"message": "${commit.message}"', '"message": "docs ${commit.message}"')
    )
    result = repo.run("-k", "gate")
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes()["deselected"])
    (own, *_, caller) = sorted(table(result), key=lambda line: "'triage/classify'" in line)
    assert "flows/triage.json:14:5 case " in own
    assert "node 'classify', item 0: " in own
    assert "flows/triage.json:14:5 case 'one is missing': node 'triage/classify', item 0: " in caller
    result.stdout.fnmatch_lines(["*meets flows/compare_releases.yaml:8:5 node 'triage'"])


def test_child_without_cases(repo):
    """Of a nested workflow that has no case, those are named whose cases it comes out in."""
    child = {
        "inputs": {"name": {"type": "string"}},
        "nodes": [{"id": "say", "type": "echo", "params": {"text": "hi ${name}"}}],
    }
    params = {"workflow_ref": "child.json", "param_mapping": {"name": "you"}}
    repo.write("flows/child.json", child)
    repo.write("flows/b.json", {"nodes": [{"id": "sub", "type": "workflow", "params": params}]})
    repo.write("flows/c.json", {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "b.json"}}]})
    repo.commit()
    repo.write("flows/child.json", json.dumps(child).replace("hi ", "hello "))
    b, c, own = table(repo.run("-k", "gate"))
    assert "case 'defaults': node 'sub/say': params.text is \"hello you\", was \"hi you\"" in b
    assert "case 'defaults': node 'top/sub/say': params.text is" in c
    assert own.endswith("; replayed are those that nest it: flows/b.json, flows/c.json")


def test_folder_and_workers(repo):
    """With a folder for a base, and with workers of xdist, it comes to the same; nothing is written."""
    for name in "bc":
        repo.write(f"flows/{name}.json", FETCH)
        case = {"inputs": {"port": 1}, "stubs": {"fetch": {"response": {"title": "One"}}}}
        repo.write(f"flows/{name}.test.yaml", cases(case, {**case, "live": True})["flow.test.yaml"])
    repo.commit()
    shutil.copytree(repo.path, repo.path.parent / "old", ignore=shutil.ignore_patterns(".git"))
    for name in "bc":
        changed = json.dumps(FETCH).replace("${fetch.response.title}", "- ${fetch.response.title}")
        repo.write(f"flows/{name}.json", changed)
    before = repo.git("status", "--porcelain")
    common = ("--pflow-workflows=flows", "-k", "gate", "-p", "no:hypothesispytest")
    runs = [("--pflow-against=HEAD", "-n0"), ("--pflow-against=HEAD", "-n2"), ("--pflow-against=../old", "-n0")]
    tables = [table(repo.pytester.runpytest_subprocess(*common, *args)) for args in runs]
    assert 4 == len(tables[0])
    assert all("case 'case " in line and "node 'tell': params.title is" in line for line in tables[0])
    assert tables[0] == tables[1] == tables[2]
    assert before == repo.git("status", "--porcelain")


def test_renamed_file(repo):
    """A workflow whose file has another name is replayed with the cases that it had."""
    repo.git("mv", "flows/a.json", "flows/new.json")
    changed = (repo.path / "flows/new.json").read_text().replace("hi ${name}", "hello ${name}")
    repo.write("flows/new.json", changed)
    (line,) = table(repo.run("-k", "gate"))
    assert "flows/new.json:1:" in line
    assert "case 'defaults': node 'say': params.text is \"hello you\", was \"hi you\"" in line


def test_switched_off(repo):
    """Nothing is replayed in no time: on the command line, which counts more, or in the ini file."""
    repo.write("flows/a.json", repo.broken)
    assert [] == table(repo.run("-k", "gate", "--pflow-replay=0"))
    repo.write("pytest.ini", "[pytest]\npflow_replay = 0\n")
    assert [] == table(repo.run("-k", "gate"))
    assert 1 == len(table(repo.run("-k", "gate", "--pflow-replay=5")))


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf"])
def test_bad_time(repo, given):
    """What is no number of seconds is refused, wherever it stands."""
    said = f"takes a number of seconds, 0 to replay nothing, and got '{given}'"
    assert f"--pflow-replay {said}" in repo.refused("--pflow-against=HEAD", f"--pflow-replay={given}")
    assert f"pflow_replay {said}" in repo.refused("--pflow-against=HEAD", "-o", f"pflow_replay={given}")


def test_hook_has_the_stub(repo):
    """A stub that a hook has for a node by its name follows the node to another name."""
    hook = "def pflow_testkit_stub(node):\n    return {'response': {'title': 'One'}} if node.id == 'fetch' else None\n"
    repo.write("flows/conftest.py", hook)
    repo.write("flows/b.json", FETCH)
    repo.write("flows/b.test.yaml", "cases:\n- {name: it, inputs: {port: 5}}\n")
    repo.commit()
    repo.write("flows/b.json", renamed(FETCH))
    result = repo.run("-k", "gate")
    result.stdout.fnmatch_lines(["1 workflow compared: 1 BEHAVIOUR", "BEHAVIOUR  node-renamed *"])


@pytest.mark.parametrize("body", ["raise KeyError('x')", "return 3"])
def test_broken_hook(repo, body):
    """A hook that fails is told, not raised."""
    repo.write("flows/conftest.py", f"def pflow_testkit_normalise(trace):\n    {body}\n")
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    (line,) = table(repo.run("-k", "gate"))
    assert "pflow_testkit_normalise" in line
