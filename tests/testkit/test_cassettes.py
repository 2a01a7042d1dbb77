"""Cassettes of a real server's answers: the four modes, parallel batches, near misses."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pflow_engine.validation.structure import build_validator
from pflow_testkit.cassettes.recordings import cassette_schema, key_of

BATCH = {
    "inputs": {"url": {"type": "string"}, "pages": {"type": "array"}, "token": {"type": "string", "default": ""}},
    "nodes": [
        {
            "id": "fetch",
            "type": "http",
            "batch": {"items": "${pages}", "parallel": True, "error_handling": "continue", "max_retries": 2},
            "params": {"url": "${url}/${item}", "headers": {"Authorization": "${token}"}},
        }
    ],
}
CASE = "cases:\n  - name: pages\n    inputs: {{url: {url}, pages: [{pages}]}}\n"


class Server(ThreadingHTTPServer):
    """Answers with the path and how often it was asked for; ``/flaky…`` fails the first time, ``/down`` always."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen = Counter()
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):  # noqa: D102
        with self.server.lock:
            self.server.seen[self.path] += 1
            count = self.server.seen[self.path]
        fails = self.path == "/down" or (self.path.startswith("/flaky") and count == 1)
        body = json.dumps({"path": self.path, "count": count}).encode()
        self.send_response(503 if fails else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing: the terminal is pytest's."""


@pytest.fixture
def server():
    """A real server on this machine."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pages(project, server):
    """A workflow that fetches pages in parallel; ``pages("a, b")`` writes the case."""
    project.write("pages.json", BATCH)

    def write(pages, more=""):
        project.write("pages.test.yaml", CASE.format(url=server.url, pages=pages) + more)

    write("a, b, c")
    return write


def cassette(project, name="pages"):
    """The cassette of the case, as data."""
    path = project.flows / "__cassettes__" / "pages.json" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_without_cassette(project, pages, server):
    """In the mode none, which is the default, nothing is asked and nothing written."""
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*node 'fetch' (http) reaches for the network*", "*--pflow-record=once*"])
    assert Counter() == server.seen
    assert cassette(project) is None


@pytest.mark.parametrize("mode", ["once", "new", "new_episodes", "all"])
def test_recorded_then_replayed(project, pages, server, mode):
    """Each recording mode makes a cassette, strict JSON by the schema; from then on nothing is asked any more."""
    project.run(f"--pflow-record={mode}").assert_outcomes(passed=2)
    data = cassette(project)
    assert not list(build_validator(cassette_schema()).iter_errors(data))
    assert ["a", "b", "c"] == [call["item"] for call in data["calls"]]
    assert 3 == server.seen.total()
    server.shutdown()
    for again in ("none", "once", "new"):
        project.run(f"--pflow-record={again}").assert_outcomes(passed=2)
    assert 3 == server.seen.total()
    assert data == cassette(project)


def test_same_outcome_replayed(project, pages, server):
    """A replayed run has the outputs, errors, attempts and trace of the one that was recorded."""
    more = "    expect: {status: degraded}\n    snapshot: [trace]\n"
    pages("a, flaky1, down, b", more)
    project.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    trace = json.loads(next(project.flows.rglob("pages.trace.json")).read_text())
    items = trace["nodes"][0]["batch"]["items"]
    assert [1, 2, 2, 1] == [item["attempts"] for item in items]
    assert ["completed", "completed", "failed", "completed"] == [item["status"] for item in items]
    asked = server.seen.total()
    for _ in range(5):
        project.run().assert_outcomes(passed=2)
    assert asked == server.seen.total()


def test_order_does_not_matter(project, pages, server):
    """Calls are found by what they are: items in another order, or fewer of them, replay."""
    pages("a, b, c, d")
    project.run("--pflow-record=once").assert_outcomes(passed=2)
    pages("d, b, a", "    expect: {nodes: {fetch: {results: [{response: {path: /d}}, {response: {path: /b}}, {}]}}}\n")
    project.run().assert_outcomes(passed=2)
    assert 4 == server.seen.total()


def test_same_call_twice(project, pages, server):
    """Of the very same call made for two items each replays its own answer."""
    pages("a, a, a")
    project.run("--pflow-record=once").assert_outcomes(passed=2)
    counts = [call["outputs"]["response"]["count"] for call in cassette(project)["calls"]]
    assert [1, 2, 3] == sorted(counts)
    results = ", ".join(f"{{response: {{count: {count}}}}}" for count in counts)
    pages("a, a, a", f"    expect: {{nodes: {{fetch: {{results: [{results}]}}}}}}\n")
    for _ in range(5):
        project.run().assert_outcomes(passed=2)


def test_once_refuses_new(project, pages, server):
    """Once records nothing where there is a cassette: a new call is a miss."""
    project.run("--pflow-record=once")
    before = cassette(project)
    pages("a, b, c, d")
    result = project.run("--pflow-record=once")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*node 'fetch' (http), item 3: none of 3 recorded calls fits*"])
    assert before == cassette(project)
    assert 3 == server.seen.total()


def test_new_adds(project, pages, server):
    """New keeps what is there and asks only for what is not."""
    project.run("--pflow-record=once")
    before = cassette(project)["calls"]
    pages("a, b, c, d")
    project.run("--pflow-record=new").assert_outcomes(passed=2)
    calls = cassette(project)["calls"]
    assert before == [call for call in calls if call["item"] != "d"]
    assert {"/a": 1, "/b": 1, "/c": 1, "/d": 1} == server.seen


def test_all_asks_again(project, pages, server):
    """All records everything anew, and drops what was not called."""
    project.run("--pflow-record=once")
    pages("a, b")
    project.run("--pflow-record=all").assert_outcomes(passed=2)
    assert [2, 2] == [call["outputs"]["response"]["count"] for call in cassette(project)["calls"]]


def test_near_miss(project, pages, server):
    """A miss shows the nearest recorded call and what differs from it."""
    project.run("--pflow-record=once")
    data = json.loads(json.dumps(BATCH))
    data["nodes"][0]["params"]["method"] = "POST"
    data["nodes"][0]["params"]["body"] = {"q": 1}
    project.write("pages.json", data)
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "flows/pages.test.yaml:2:11: error: node 'fetch' (http), item 0: none of 3 recorded calls fits (nor*2 more items)*",
            "  hint: record it with --pflow-record=new, or stub the node; what differs from the nearest recorded call:",
            '    params.method  added: "POST"',
            "    params.body  added: {?q?: 1}",
        ]
    )
    assert 3 == server.seen.total()


def test_miss_without_calls(project, pages, server):
    """A node that the cassette does not know is told so."""
    project.run("--pflow-record=once")
    data = json.loads(json.dumps(BATCH).replace('"fetch"', '"get"'))
    project.write("pages.json", data)
    project.run().stdout.fnmatch_lines(["*node 'get' (http), item 0: the cassette has no call of this node*"])


def test_stub_and_live_go_first(project, pages, server):
    """A stub is not recorded, and a live node runs past the cassette."""
    pages("a", "    stubs: {fetch: {response: mine}}\n")
    project.run("--pflow-record=once").assert_outcomes(passed=2)
    assert cassette(project) is None
    pages("a", "    live: [fetch]\n")
    project.run("--pflow-record=once").assert_outcomes(passed=2)
    assert cassette(project) is None
    assert 1 == server.seen.total()


def test_live_and_record_refused(project, pages):
    """--pflow-live beside a recording mode is a usage error."""
    project.run("--pflow-live", "--pflow-record=all").stderr.fnmatch_lines(["*--pflow-live runs past the cassettes*"])


def test_unknown_mode(project, pages):
    """A mode that is none is refused with those there are."""
    project.run("--pflow-record=ones").stderr.fnmatch_lines(["*--pflow-record*'ones'*none*once*new*all*"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<<<<<<< HEAD\n", "*pages.json/pages.json:1:1: error:*"),
        ("[]", "*pages.json/pages.json:1:1: error:*"),
        (
            '{"version": 2, "calls": []}',
            "*pages.json/pages.json:1:13: error: 'version' must be integer 1, not integer 2*",
        ),
        ('{"version": 1, "calls": [{"node": 3}]}', "*pages.json/pages.json:1:* error: *"),
        (
            '{"version": 1, "calls": [{"node": "a", "key": "k", "attempt": 1, "params": {}}]}',
            "*pages.json/pages.json:1:*",
        ),
        ("", "*pages.json/pages.json*error:*"),
    ],
)
def test_malformed_cassette(project, pages, server, content, said):
    """A cassette that is none fails the case with its place, and is not written over."""
    path = project.write("__cassettes__/pages.json/pages.json", content)
    for mode in ("none", "once", "new"):
        result = project.run(f"--pflow-record={mode}")
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines([said])
        result.stdout.no_fnmatch_line("*Traceback*")
    assert content == path.read_text()
    project.run("--pflow-record=all").assert_outcomes(passed=2)


def test_raised_is_replayed(project, server):
    """What a node raised is raised again: same type by name, same words; what cannot heal is not tried again."""
    project.write(
        "conftest.py",
        "from pflow_engine import node\nfrom pflow_engine.errors import Problem, Unhealable\n\nclass Busy(Exception): ...\n\n"
        "@node('ask', effects='model', outputs={'answer': str})\ndef ask(kind: str) -> dict:\n"
        "    if kind == 'own': raise Busy('come back')\n    if kind == 'value': raise ValueError('no such value')\n"
        "    if kind == 'hopeless': raise Unhealable(Problem('x', 'never'))\n"
        "    if kind == 'odd': raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'odd')\n    return {'answer': kind}\n\n"
        "def pflow_register_nodes(registry): registry.register('ask', ask)\n",
    )
    batch = {
        "items": ["own", "value", "hopeless", "odd", "fine"],
        "parallel": True,
        "error_handling": "continue",
        "max_retries": 2,
    }
    project.write("ask.json", {"nodes": [{"id": "ask", "type": "ask", "batch": batch, "params": {"kind": "${item}"}}]})
    project.write("ask.test.yaml", "cases:\n- name: a\n  expect: {status: degraded}\n  snapshot: [trace]\n")
    project.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    project.write(
        "conftest.py",
        (project.flows / "conftest.py").read_text().replace("    if kind", "    assert False\n    if kind", 1),
    )
    project.run().assert_outcomes(passed=2)
    errors = json.loads(next(project.flows.rglob("a.trace.json")).read_text())["nodes"][0]["outputs"]["errors"]
    assert [("Busy", 2), ("ValueError", 2), ("Unhealable", 1), ("UnicodeDecodeError", 2)] == [
        (error["error_type"], error["attempts"]) for error in errors
    ]


def test_values_come_back(project):
    """What JSON has no word for comes back as it was; what cannot be kept is refused and nothing is written."""
    project.write(
        "conftest.py",
        "import datetime\nfrom pflow_engine import node\n\n"
        "@node('ask', effects='model', outputs={'raw': dict})\ndef ask(kind: str) -> dict:\n"
        "    return {'raw': {'bytes': b'\\xff', 'when': datetime.date(2026, 1, 2), 'mongo': {'$date': 'x'}, 'set': {1, 2}}\n"
        "            if kind == 'plain' else object()}\n\n"
        "@node('look', outputs={'said': str})\ndef look(raw: dict) -> dict:\n    return {'said': repr(sorted(raw.items()))}\n\n"
        "def pflow_register_nodes(registry):\n    registry.register('ask', ask)\n    registry.register('look', look)\n",
    )
    ask = {"id": "ask", "type": "ask", "params": {"kind": "plain"}}
    project.write("ask.json", {"nodes": [ask, {"id": "look", "type": "look", "params": {"raw": "${ask.raw}"}}]})
    project.write("ask.test.yaml", "cases:\n- name: a\n  snapshot: [outputs]\n")
    project.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    project.run().assert_outcomes(passed=2)
    project.write("ask.json", {"nodes": [{**ask, "params": {"kind": "object"}}]})
    result = project.run("--pflow-record=all")
    result.stdout.fnmatch_lines(["*a.json: error: node 'ask' gave what no cassette can hold: an object*"])


def test_usage_is_replayed(project):
    """Model usage that a node reports, by output or by list, is the same when it is replayed."""
    project.write(
        "conftest.py",
        "from pflow_engine import Interface, Node\n\nclass Ask(Node):\n"
        "    interface = Interface(outputs={'answer': 'string'}, effects='model', open_outputs=True)\n\n"
        "    def post(self, shared, prep_result, exec_result):\n"
        "        shared['answer'] = 'yes'\n        shared['llm_usage'] = {'total_tokens': 3}\n"
        "        shared['__llm_calls__'].append({'model': 'm'})\n\n"
        "def pflow_register_nodes(registry): registry.register('ask', Ask)\n",
    )
    batch = {"items": [1, 2], "parallel": True}
    project.write("ask.json", {"nodes": [{"id": "one", "type": "ask"}, {"id": "many", "type": "ask", "batch": batch}]})
    project.write("ask.test.yaml", "cases:\n- name: a\n  snapshot: [trace]\n")
    project.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    project.run().assert_outcomes(passed=2)
    trace = json.loads(next(project.flows.rglob("a.trace.json")).read_text())
    assert 4 == len(trace["nodes"][1]["llm_calls"])


def test_loop_replays_in_turn(project, server):
    """A node that runs again with the same params replays its first call first, its second second."""
    nodes = [
        {"id": "ask", "type": "http", "params": {"url": "${url}/again"}},
        {"id": "turns", "type": "count-down", "params": {"start": 3}},
    ]
    edges = [{"from": "ask", "to": "turns"}, {"from": "turns", "to": "ask", "action": "again"}]
    project.write(
        "conftest.py",
        "from pflow_engine import Interface, Node, Param\n\nclass CountDown(Node):\n"
        "    interface = Interface(params={'start': Param('integer')}, outputs={'left': 'integer'}, actions=('default', 'again'))\n\n"
        "    def post(self, shared, prep_result, exec_result):\n"
        "        shared['left'] = shared.get('left', self.params['start']) - 1\n"
        "        return 'again' if shared['left'] else 'default'\n\n"
        "def pflow_register_nodes(registry): registry.register('count-down', CountDown)\n",
    )
    project.write("loop.json", {"inputs": {"url": {"type": "string"}}, "nodes": nodes, "edges": edges})
    project.write("loop.test.yaml", f"cases:\n- name: a\n  inputs: {{url: '{server.url}'}}\n  snapshot: [trace]\n")
    project.run("--pflow-record=once", "--snapshot-update").assert_outcomes(passed=2)
    assert {"/again": 3} == server.seen
    project.run().assert_outcomes(passed=2)
    trace = json.loads(next(project.flows.rglob("a.trace.json")).read_text())
    assert [1, 2, 3] == [node["outputs"]["response"]["count"] for node in trace["nodes"] if node["id"] == "ask"]


def test_python_tests_have_cassettes(project, server):
    """Each Python test has a cassette of its own, which all its runs share."""
    project.write("pages.json", BATCH)
    project.write(
        "test_pages.py",
        "import pytest\n\n@pytest.mark.pflow_workflow('pages.json')\n@pytest.mark.parametrize('last', ['x', 'y'])\n"
        f"def test_pages(pflow, last):\n    for pages in (['a'], [last]):\n"
        f"        assert pflow.run(inputs={{'url': '{server.url}', 'pages': pages}}).status == 'success'\n",
    )
    first = project.pytester.runpytest_inprocess("flows", "--pflow-record=once")
    first.assert_outcomes(passed=2)
    assert {"/a": 2, "/x": 1, "/y": 1} == server.seen
    names = sorted(path.name for path in (project.flows / "__cassettes__" / "test_pages.py").iterdir())
    assert ["test_pages[x].json", "test_pages[y].json"] == names
    project.pytester.runpytest_inprocess("flows").assert_outcomes(passed=2)
    assert 4 == server.seen.total()
    project.write("test_pages.py", (project.flows / "test_pages.py").read_text().replace("['a']", "['b']"))
    result = project.pytester.runpytest_inprocess("flows")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*node 'fetch' (http), item 0: none of 2 recorded calls fits*", "*--pflow-record=new*"]
    )


def test_orphaned_cassette(project, pages, server):
    """The cassette of a renamed case is reported, and removed on request alone."""
    project.run("--pflow-record=once")
    pages("a, b, c")
    case = project.flows / "pages.test.yaml"
    case.write_text(case.read_text().replace("name: pages", "name: sheets"))
    project.run("--pflow-record=once").stdout.fnmatch_lines(
        ["1 file that no test uses*", "  flows/__cassettes__/pages.json/pages.json"]
    )
    assert cassette(project) is not None
    project.run("--pflow-prune")
    assert cassette(project) is None
    assert cassette(project, "sheets") is not None


def test_workers_replay(project, pages, server):
    """Under xdist each case replays its own cassette."""
    case = "cases:\n" + "".join(
        f"  - name: case {number}\n    inputs: {{url: {server.url}, pages: [p{number}, q{number}]}}\n"
        for number in range(6)
    )
    project.write("pages.test.yaml", case)
    project.run("--pflow-record=once").assert_outcomes(passed=7)
    light = ("-n", "2", "-p", "no:hypothesispytest")
    project.pytester.runpytest_subprocess("--pflow-workflows=flows", *light).assert_outcomes(passed=7)
    assert 12 == server.seen.total()


def test_key_is_of_content():
    """The key does not depend on the order of names, and tells 1 from true and from text."""
    assert key_of({"a": 1, "b": 2}, None) == key_of({"b": 2, "a": 1}, None)
    assert 4 == len({key_of({"a": value}, None) for value in (1, True, "1", 1.0)})


FLOWING = """\
from pflow_engine import node


@node("login", outputs={"access_token": str}, effects="network")
def login(password: str) -> dict:
    return {"access_token": "tok-12345678"}


@node("ask", outputs={"response": str}, effects="model")
def ask(prompt: str) -> dict:
    return {"response": "you said " + prompt}


def pflow_register_nodes(registry):
    registry.register("login", login)
    registry.register("ask", ask)
"""


def test_secret_that_flows_on(project):
    """A call with a secret of an earlier answer, or of an input's default, replays, and its key is not made of it."""
    project.write("conftest.py", FLOWING)
    nodes = [
        {"id": "login", "type": "login", "params": {"password": "${password}"}},
        {
            "id": "ask",
            "type": "ask",
            "batch": {"items": [1, 2], "parallel": True},
            "params": {"prompt": "${item} ${login.access_token} ${password}"},
        },
        {"id": "again", "type": "ask", "params": {"prompt": "${ask.results[0].response}"}},
    ]
    project.write("b.json", {"inputs": {"password": {"type": "string", "default": "correct horse"}}, "nodes": nodes})
    project.run("--pflow-record=once").assert_outcomes(passed=2)
    path = project.flows / "__cassettes__" / "b.json" / "defaults.json"
    before = path.read_text()
    assert key_of({"prompt": "1 tok-12345678 correct horse"}, 1) not in before
    for _ in range(3):
        project.run("--pflow-record=new").assert_outcomes(passed=2)
    assert before == path.read_text()


def test_failing_case_keeps_cassette(project, pages, server):
    """All leaves the cassette of a case that fails as it was, and says so; once and new keep what was answered."""
    project.run("--pflow-record=once")
    before = cassette(project)
    pages("a, down, c")
    result = project.run("--pflow-record=all")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the cassette was left as it was, since the case fails*"])
    assert before == cassette(project)
    project.run("--pflow-record=new").assert_outcomes(passed=1, failed=1)
    assert ["a", "b", "c", "down", "down"] == sorted(call["item"] for call in cassette(project)["calls"])


def test_interrupted_run_keeps_answers(project):
    """What was answered before Ctrl-C is on the cassette; one that was to be made anew is left."""
    project.write(
        "conftest.py",
        "import os, signal\nfrom pflow_engine import node\n\n"
        "@node('ask', effects='model', outputs={'answer': int})\ndef ask(n: int) -> dict:\n"
        "    if n == 3 and os.environ.get('STOP'): os.kill(os.getpid(), signal.SIGINT)\n    return {'answer': n}\n\n"
        "def pflow_register_nodes(registry): registry.register('ask', ask)\n",
    )
    batch = {"items": [0, 1, 2, 3, 4, 5]}
    project.write("ask.json", {"nodes": [{"id": "ask", "type": "ask", "batch": batch, "params": {"n": "${item}"}}]})
    path = project.flows / "__cassettes__" / "ask.json" / "defaults.json"
    project.pytester._monkeypatch.setenv("STOP", "1")
    project.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-record=once")
    assert [0, 1, 2] == [call["outputs"]["answer"] for call in json.loads(path.read_text())["calls"]][:3]
    project.pytester._monkeypatch.delenv("STOP")
    project.run("--pflow-record=new").assert_outcomes(passed=2)
    before = path.read_text()
    project.pytester._monkeypatch.setenv("STOP", "1")
    project.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-record=all")
    assert before == path.read_text()


def test_one_lost_answer(project):
    """An item that gives what cannot be kept is named, and the others are kept."""
    project.write(
        "conftest.py",
        "from pflow_engine import node\n\n@node('ask', effects='model', outputs={'answer': int})\n"
        "def ask(n: int) -> dict:\n    return {'answer': object() if n == 1 else n}\n\n"
        "def pflow_register_nodes(registry): registry.register('ask', ask)\n",
    )
    ask = {"id": "ask", "type": "ask", "batch": {"items": [0, 1, 2]}, "params": {"n": "${item}"}}
    project.write("ask.json", {"nodes": [ask]})
    project.run("--pflow-record=once").stdout.fnmatch_lines(
        ["*node 'ask', item 1, gave what no cassette can hold: an object*"]
    )
    data = json.loads((project.flows / "__cassettes__" / "ask.json" / "defaults.json").read_text())
    assert [0, 2] == [call["index"] for call in data["calls"]]


@pytest.mark.parametrize("value", [{"$bytes": 5}, {"$float": "zz"}, {"$map": 3}, {"$object": "x"}])
def test_edited_by_hand(project, pages, value):
    """A value that was never recorded is named at its place in the cassette."""
    project.run("--pflow-record=once")
    path = project.flows / "__cassettes__" / "pages.json" / "pages.json"
    data = json.loads(path.read_text())
    data["calls"][1]["outputs"]["response"] = value
    path.write_text(json.dumps(data))
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*pages.json/pages.json:1:*error: this is no value that was recorded*", "*calls[[]1[]].outputs"]
    )


MODES = ("new", "all", "once")
AGAIN = {"mutant": "--pflow-mutate", "flaky": "--pflow-flaky=2", "stress": "--pflow-stress"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("items", AGAIN)
def test_only_the_case_records(project, pages, server, mode, items):
    """Mutants, repeated runs and schedules replay what is there, whatever the case itself records."""
    project.run("--pflow-record=once")
    before, asked = cassette(project), dict(server.seen)
    result = project.run(f"--pflow-record={mode}", AGAIN[items], "-k", items)
    assert 0 == result.ret
    assert (asked, before) == (dict(server.seen), cassette(project))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("items", AGAIN)
def test_nothing_recorded_yet(project, pages, server, mode, items):
    """Where there is no cassette yet these items say the same as without recording, and ask nothing."""
    said = project.run(AGAIN[items], "-k", items).parseoutcomes()
    assert said == project.run(f"--pflow-record={mode}", AGAIN[items], "-k", items).parseoutcomes()
    assert (Counter(), None) == (server.seen, cassette(project))


def test_recorded_beside_mutants(project, pages, server):
    """The case records as before: each of its calls is made once, and its mutants are tried on them."""
    result = project.run("--pflow-record=once", "--pflow-mutate")
    assert Counter({"/a": 1, "/b": 1, "/c": 1}) == server.seen
    assert "untested" not in result.stdout.lines[-1]
    assert 3 == len(cassette(project)["calls"])


@pytest.mark.parametrize("mode", MODES)
def test_sound_case_records_once(project, pages, server, mode):
    """Of a case that is to be sound the first run records; those that look for broken laws replay it."""
    pages("a, b", "    expect: {sound: true}\n")
    project.run(f"--pflow-record={mode}").assert_outcomes(passed=2)
    assert Counter({"/a": 1, "/b": 1}) == server.seen
