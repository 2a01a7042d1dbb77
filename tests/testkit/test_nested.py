"""Workflows that nest others in tests: stubs and calls by path, hermetic runs, faults, snapshots, first cases."""

import json

import pytest

from pflow_engine import Registry, compile_ir_to_flow, load, validate
from pflow_engine.trace import Recorder
from pflow_testkit.changes import changes_report, trace_changes
from pflow_testkit.nested import files_below, may_be_in, nodes_in, nodes_written, records_of
from pflow_testkit.normalise import stable

CHILD = {
    "inputs": {"url": {"type": "string"}},
    "nodes": [
        {"id": "fetch", "type": "http", "params": {"url": "${url}"}},
        {"id": "count", "type": "code", "params": {"code": "result = len(xs)", "inputs": {"xs": "${fetch.response}"}}},
    ],
    "outputs": {"count": {"source": "${count.result}"}},
}
ONE = {
    "nodes": [
        {
            "id": "sub",
            "type": "workflow",
            "params": {"workflow_ref": "child.json", "param_mapping": {"url": "https://x.example"}},
        }
    ]
}
MANY = {
    "nodes": [
        {
            "id": "sub",
            "type": "workflow",
            "params": {"workflow_ref": "child.json", "param_mapping": {"url": "https://x.example/${item}"}},
            "batch": {"items": ["a", "b"], "parallel": True, "max_retries": 2, "error_handling": "continue"},
        }
    ]
}  # fmt: skip
STUBBED = "cases:\n- name: it\n  stubs: {sub/fetch: {response: [1, 2]}}\n"


@pytest.fixture
def nested(project):
    """A project in which ``parent.json`` nests ``child.json``: ``nested(parent, cases)``."""

    def write(parent, cases=""):
        project.write("child.json", CHILD)
        project.write("child.test.yaml", "cases:\n- name: it\n  inputs: {url: u}\n  stubs: {fetch: {response: []}}\n")
        project.write("parent.json", parent)
        if cases:
            project.write("parent.test.yaml", cases)
        return project

    return write


def test_blocked(nested):
    """A network node of a child without a stub does not run; the stub to paste has its path."""
    result = nested(ONE).run("-k", "parent")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*node 'sub/fetch' (http) reaches for the network, and there is no stub for it*",
            "*  sub/fetch:",
            "*response:*",
        ]
    )


@pytest.mark.parametrize("name", ["sub/fetch", "'type:http'"])
def test_stubbed(nested, name):
    """A node of a child is stubbed by its path, or by its type; what is expected of it is looked up by its path."""
    cases = f"cases:\n- name: it\n  stubs: {{{name}: {{response: [1, 2]}}}}\n  expect: {{outputs: {{count: 2}}, nodes: {{sub/count: {{result: 2}}}}}}\n"
    nested(ONE, cases).run("-k", "parent").assert_outcomes(passed=2)
    result = nested(ONE, cases.replace("result: 2", "result: 3")).run("-k", "parent")
    result.stdout.fnmatch_lines(["*node 'sub/count': result is 2, expected 3*"])


def test_stubbed_whole(nested):
    """A stub of the node itself stands in for the whole workflow."""
    nested(ONE, "cases:\n- name: it\n  stubs: {sub: {count: 7}}\n  expect: {outputs: {count: 7}}\n").run(
        "-k", "parent"
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ("stubs: {sub/fetsh: {response: 1}}", "has no node 'sub/fetsh' to stub*did you mean 'sub/fetch'*"),
        ("stubs: {sub/fetch: {respons: 1}}", "*a http node has no output 'respons'*"),
        ("stubs: {type:http: {response: []}}, expect: {nodes: {sub/coun: {}}}", "*no node 'sub/coun'*sub/count*"),
        ("stubs: {type:http: {response: []}}, faults: [{node: sub/x, hang: true}]", "*no node 'sub/x' for a fault*"),
    ],
)
def test_misfits(nested, cases, said):
    """A path that leads nowhere is refused, with the nearest."""
    result = nested(ONE, f"cases:\n- {{name: it, {cases}}}\n").run("-k", "parent and run")
    text = result.stdout.str().replace("\n", " ")
    result.assert_outcomes(failed=1)
    for words in said.strip("*").split("*"):
        assert words in text


def test_live(nested):
    """One node of a child may be let out, by its path."""
    result = nested(ONE, "cases:\n- {name: it, live: [sub/fetch], expect: {status: failed}}\n").run(
        "-k", "parent and run"
    )
    assert "there is no stub for it" not in result.stdout.str()


def test_calls(nested):
    """Python tests stub by path, and see the calls of a child's node, item by item and attempt by attempt."""
    project = nested(MANY)
    project.write(
        "test_it.py",
        """
        def test_it(pflow):
            pflow.stub("sub/fetch", [{"attempts": [{"error": "busy"}, {"response": [1]}]}])
            result = pflow.run("parent.json")
            assert [1, 1] == [each["count"] for each in result.store["sub"]["results"]]
            calls = pflow.calls("sub/fetch")
            assert ["a", "a", "b", "b"] == [call.params["url"][-1] for call in calls]
            assert [(0, 1), (0, 2), (1, 1), (1, 2)] == [(call.above[0].index, call.above[0].attempt) for call in calls]
            assert 2 == len(pflow.calls("sub/count"))

        def test_misspelt(pflow):
            pflow.run("parent.json", stubs={"sub/fetch": {"response": []}})
            try:
                pflow.calls("fetch")
            except Exception as error:
                assert "sub/fetch" in str(error)

        def test_named_by_template(pflow, pflow_faults):
            pflow_faults.corrupt("sub/fetch", {"response": [1]})
            pflow.stub("sub/fetch", response=[1, 2])
            params = {"workflow_ref": "${which}.json", "param_mapping": {"url": "u"}}
            import os, pathlib
            os.chdir(pathlib.Path(__file__).parent)
            result = pflow.run({"nodes": [{"id": "sub", "type": "workflow", "params": params}]}, {"which": "child"})
            assert {"count": 1} == result.outputs
            assert ["u"] == [call.params["url"] for call in pflow.calls("sub/fetch")]
        """.replace("\n        ", "\n"),
    )
    project.pytester.runpytest_inprocess("flows/test_it.py").assert_outcomes(passed=3)


def test_faults(nested):
    """Faults are for a child's node by its path; one that is never met says how often it ran."""
    faults = "  faults: [{node: sub/fetch, attempt: 1, raises: boom}]\n"
    nested(MANY, STUBBED + faults).run("-k", "parent").assert_outcomes(passed=2)
    result = nested(MANY, STUBBED + faults.replace("attempt: 1", "attempt: 4")).run("-k", "parent and run")
    result.stdout.fnmatch_lines(["*was never met: the node ran once*"])


def test_fixed_time(nested):
    """A child that hangs is stopped by the timeout of its batch, at once, and the trace is the same each time."""
    parent = json.loads(json.dumps(MANY))
    parent["nodes"][0]["batch"] |= {"timeout": 20, "max_retries": 1, "items": ["a"]}
    cases = f"{STUBBED}  faults: [{{node: sub/fetch, hang: true}}]\n  snapshot: [trace]\n  expect: {{status: failed}}\n"
    project = nested(parent, cases)
    project.run("-k", "parent", "--snapshot-update").assert_outcomes(passed=2)
    for _ in range(3):
        project.run("-k", "parent").assert_outcomes(passed=2)
    kept = json.loads((project.flows / "__traces__" / "parent.json" / "it.trace.json").read_text())
    item = kept["nodes"][0]["batch"]["items"][0]
    assert ("timed out after 20s", "interrupted") == (item["error"], item["child"]["status"])


LIMITS = """
import json
from pflow_testkit.normalise import stable


def test_it(pflow, pflow_faults):
    pflow_faults.hang("sub/each", item=1)
    pflow_faults.delay("sub/slow", 25)
    traces = [stable(pflow.run("parent.json").trace.to_dict()) for _ in range(3)]
    assert traces[0] == traces[1] == traces[2]
    items = traces[0]["nodes"][0]["batch"]["items"]
    assert ["timed out after 30s"] * 4 == [item["error"] for item in items]
    inner = [item["child"]["nodes"][-1] for item in items]
    assert [("each", "timed out after 5s")] * 4 == [(node["id"], node["batch"]["items"][1]["error"]) for node in inner]
"""


def test_limits_in_limits(project):
    """Timeouts of inner and outer batches, all at the same time, give the same trace in every run."""
    inner = {"items": [1, 2, 3], "timeout": 5, "parallel": True, "max_retries": 2, "retry_wait": 1}
    each = {"id": "each", "type": "echo", "batch": {**inner, "error_handling": "continue"}}
    project.write("child.json", {"nodes": [each, *({"id": name, "type": "echo"} for name in ("slow", "end"))]})
    outer = {"items": [1, 2, 3, 4], "timeout": 30, "parallel": True, "error_handling": "continue"}
    sub = {"id": "sub", "type": "workflow", "params": {"workflow_ref": "child.json"}, "batch": outer}
    project.write("parent.json", {"nodes": [sub]})
    project.write("test_it.py", LIMITS)
    project.pytester.runpytest_inprocess("flows/test_it.py").assert_outcomes(passed=1)


def test_snapshot(nested):
    """A snapshot has the child's trace without what is volatile, and a difference names the node by its path."""
    project = nested(ONE, f"{STUBBED}  snapshot: [trace]\n")
    project.run("-k", "parent", "--snapshot-update").assert_outcomes(passed=2)
    kept = (project.flows / "__traces__" / "parent.json" / "it.trace.json").read_text()
    child = json.loads(kept)["nodes"][0]["child"]
    assert ["fetch", "count"] == [each["id"] for each in child["nodes"]]
    assert not any(word in kept for word in ("duration_ms", "started", "engine_version", "child.json:", '"file"'))
    project.run("-k", "parent").assert_outcomes(passed=2)
    project.write("child.json", json.dumps(CHILD, indent=1).replace("len(xs)", "len(xs) + 1"))
    result = project.run("-k", "parent and run")
    result.stdout.fnmatch_lines(["*flows/child.json:*  node 'sub/count'*", "*params.code*"])


def test_batch_metadata(nested):
    """A snapshot of batches has those of a child, by path."""
    child = {"nodes": [{"id": "each", "type": "echo", "batch": {"items": [1, 2]}}]}
    project = nested(ONE, "cases:\n- name: it\n  snapshot: [batch_metadata]\n")
    project.write("child.json", child)
    parent = {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "child.json"}}]}
    project.write("parent.json", parent)
    project.run("-k", "parent", "--snapshot-update").assert_outcomes(passed=2)
    kept = json.loads((project.flows / "__traces__" / "parent.json" / "it.batch_metadata.json").read_text())
    assert [("sub/each", 2)] == [(name, each["count"]) for name, each in kept.items()]


def test_times_of_inner_batches(project):
    """A child's batch, as results of items and as a param that hands on what it says of itself, is the same each run."""
    each = {"id": "each", "type": "echo", "batch": {"items": [1, 2]}, "params": {"x": "${item}"}}
    project.write("child.json", {"nodes": [each]})
    subs = [{"id": name, "type": "workflow", "params": {"workflow_ref": "child.json"}} for name in ("one", "many")]
    told = {"id": "told", "type": "echo", "params": {"all": "${one.batch_metadata}", "of": "${many.results}"}}
    project.write("parent.json", {"nodes": [subs[0], {**subs[1], "batch": {"items": [1, 2]}}, told]})
    project.write("parent.test.yaml", "cases:\n- name: it\n  snapshot: [trace, outputs, batch_metadata]\n")
    project.run("-k", "parent", "--snapshot-update").assert_outcomes(passed=2)
    for _ in range(2):
        project.run("-k", "parent", "--pflow-flaky=2").assert_outcomes(passed=3)
    kept = json.loads((project.flows / "__traces__" / "parent.json" / "it.outputs.json").read_text())
    assert (2, False) == (len(kept["of"]), "timing" in kept["of"][0]["batch_metadata"])
    project.write("parent.json", {"nodes": [subs[0], {**subs[1], "batch": {"items": [1]}}, told]})
    project.run("-k", "parent").assert_outcomes(passed=1, failed=1)


def test_cassette(nested, httpserver_url):
    """Calls of a child are recorded under their path, and replayed."""
    parent = json.loads(json.dumps(MANY).replace("https://x.example/${item}", httpserver_url))
    cases = "cases:\n- {name: it, expect: {nodes: {sub: {count: 2}}}}\n"
    project = nested(parent, cases)
    project.run("-k", "parent", "--pflow-record=once").assert_outcomes(passed=2)
    kept = json.loads((project.flows / "__cassettes__" / "parent.json" / "it.json").read_text())
    assert [("sub/fetch", [0]), ("sub/fetch", [1])] == [(call["node"], call["within"]) for call in kept["calls"]]
    project.run("-k", "parent").assert_outcomes(passed=2)


def test_first_case(nested):
    """A first case has the stubs of a child's nodes, by path."""
    project = nested(ONE)
    result = project.pytester.runpytest_inprocess("--pflow-init", "flows/parent.json")
    result.stdout.fnmatch_lines(["*flows/child.json:*  sub/fetch (http): response*"])
    assert "sub/fetch:" in (project.flows / "parent.test.yaml").read_text()


def test_broken_child(nested):
    """The parent's item shows what is wrong with the child, at the child's place."""
    project = nested(ONE)
    project.write("child.json", json.dumps(CHILD, indent=1).replace("fetch.response", "fetch.respons"))
    result = project.run("-k", "parent and validate")
    result.stdout.fnmatch_lines(
        [
            "*flows/parent.json:*the workflow 'child.json' has an error itself*",
            "*flows/child.json:*no output 'respons'*",
        ]
    )


def test_types_of_childs_folder(project):
    """The types of the conftest.py beside a child are known in it."""
    project.write(
        "parts/conftest.py", "def pflow_register_nodes(registry):\n    registry.register('own', lambda: {})\n"
    )
    project.write("parts/conftest.py", (
        "from pflow_engine import node\n\n\n@node('own')\ndef own():\n    return {'a': 1}\n\n\n"
        "def pflow_register_nodes(registry):\n    registry.register('own', own)\n"
    ))  # fmt: skip
    project.write("parts/child.json", {"nodes": [{"id": "o", "type": "own"}]})
    project.write(
        "parent.json", {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "parts/child.json"}}]}
    )
    project.run().assert_outcomes(passed=4)


def test_type_not_installed(nested):
    """A node of a child whose type is not installed can be stubbed by its path."""
    project = nested(ONE, STUBBED)
    project.write("child.json", json.dumps(CHILD).replace('"http"', '"vendor-get"'))
    project.run("-k", "parent").assert_outcomes(passed=2)


@pytest.fixture
def folder(tmp_path):
    """A folder with ``parent.json`` and ``child.json``."""
    for name, content in (("parent", ONE), ("child", CHILD)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def test_all_nodes(folder):
    """Every node has its path, before and after validation."""
    document = load(folder / "parent.json")
    workflow = validate(document)
    assert ["sub", "sub/fetch", "sub/count"] == [each.path for each in nodes_in(workflow)]
    assert ["sub", "sub/fetch", "sub/count"] == [each.path for each in nodes_written(document)]
    assert [folder / "child.json"] == files_below(document)


@pytest.mark.parametrize(
    "content",
    [ONE, "[", {"nodes": 3}, {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "parent.json"}}]}],
)
def test_unsound(folder, content):
    """What is not sound, or nests itself, is walked only as far as it goes."""
    (folder / "child.json").write_text(json.dumps(content) if not isinstance(content, str) else content)
    assert len(nodes_written(load(folder / "parent.json"))) < 30


def test_may_be_in(folder):
    """A path below a workflow that a template names may be anything; below a known one it may not."""
    registry = Registry.default()
    known = validate(load(folder / "parent.json"))
    text = json.dumps(ONE).replace("child.json", "${x}.json")
    (folder / "parent.json").write_text(text)
    waits = validate(load(folder / "parent.json"))
    assert [False, False, True, False, False] == [
        may_be_in(known, "sub/x", registry),
        may_be_in(known, "sub/fetch/x", registry),
        may_be_in(waits, "sub/x/y", registry),
        may_be_in(waits, "sub", registry),
        may_be_in(waits, "other/x", registry),
    ]


ECHOES = {
    "inputs": {"a": {"default": 1}},
    "nodes": [
        {"id": "one", "type": "echo", "params": {"v": "${a}"}},
        {"id": "two", "type": "echo", "params": {"v": "${one.v}"}},
    ],
    "outputs": {"v": {"source": "${two.v}"}},
}


def ran(folder, child, *, batch=None):
    """The result of a parent with this child, two levels down."""
    (folder / "child.json").write_text(json.dumps(child))
    deep = {"id": "deep", "type": "workflow", "params": {"workflow_ref": "child.json"}}
    (folder / "mid.json").write_text(json.dumps({"nodes": [deep | ({"batch": batch} if batch else {})]}))
    sub = {"id": "sub", "type": "workflow", "params": {"workflow_ref": "mid.json"}}
    (folder / "parent.json").write_text(json.dumps({"nodes": [sub]}))
    return compile_ir_to_flow(load(folder / "parent.json")).run()


def test_records(folder):
    """The records of a node are found by its path, in every run of the workflow that it is in."""
    result = ran(folder, ECHOES, batch={"items": [1, 2]})
    assert [["one"], ["one"]] == [[each.id for each in run] for run in records_of(result.trace.nodes, "sub/deep/one")]
    assert [] == records_of(result.trace.nodes, "nope/one")


@pytest.mark.parametrize("batch", [None, {"items": [1, 2]}])
def test_normalised_deep(folder, batch):
    """What is volatile is taken out of traces in traces, however deep; twice is the same as once."""
    trace = ran(folder, ECHOES, batch=batch).trace.to_dict()
    kept = stable(trace)
    assert "duration_ms" in json.dumps(trace)
    assert not any(word in json.dumps(kept) for word in ('"file"', "_ms", "started_at", "engine_version"))
    assert (kept, "sub") == (stable(kept), kept["nodes"][0]["id"])


def changes(folder, before, after, **options):
    """What is said of two children, as a report and as nodes with what changed."""
    old, new = (ran(folder, child, **options) for child in (before, after))
    found = trace_changes(stable(old.trace.to_dict()), stable(new.trace.to_dict()), new.workflow)
    return [(each.node, each.what, each.users) for each in found], changes_report(found, new.workflow, None)


def test_same_is_silent(folder):
    """Two runs of the same have no changes."""
    assert ([], "") == changes(folder, ECHOES, ECHOES)
    assert ([], "") == changes(folder, ECHOES, ECHOES, batch={"items": [1, 2]})


def test_change_below(folder):
    """A change in a child is that of its node, by its path and with the place in its file; who uses it is named."""
    after = json.loads(json.dumps(ECHOES).replace('{"v": "${a}"}', '{"v": "x${a}"}'))
    found, text = changes(folder, ECHOES, after)
    assert ("sub/deep/one", "output 'v'", ("sub/deep/two",)) in found
    assert ("sub/deep/two", "output 'v'", ("output 'v' of 'deep' of 'sub'",)) in found
    assert f"{folder / 'child.json'}:1  node 'sub/deep/one'" in text


def test_node_gone_below(folder):
    """So is a node that is gone, and one that is new."""
    less = {**ECHOES, "nodes": ECHOES["nodes"][:1], "outputs": {"v": {"source": "${one.v}"}}}
    assert [("sub/deep/two", "", ())] == changes(folder, ECHOES, less)[0]
    assert [("sub/deep/two", "", ())] == changes(folder, less, ECHOES)[0]


def test_change_of_run_below(folder):
    """What a child says of itself as a whole is told of its node."""
    assert [("sub/deep", "child.workflow", ())] == changes(folder, ECHOES, {**ECHOES, "name": "renamed"})[0]


def test_change_of_items(folder):
    """In a batch of workflows the item is named, and the place in its trace."""
    after = json.loads(json.dumps(ECHOES).replace('{"v": "${one.v}"}', '{"v": "${one.v}", "w": 1}'))
    found, _ = changes(folder, ECHOES, after, batch={"items": [7]})
    assert [("sub/deep", "items[0].child.nodes[1].params.w"), ("sub/deep", "items[0].child.nodes[1].outputs.w")] == [
        each[:2] for each in found
    ]


def test_detector_is_real(folder, monkeypatch):
    """A recorder that loses the child's trace is seen by both the schema's field and the differences."""
    before = stable(ran(folder, ECHOES).trace.to_dict())
    monkeypatch.setattr(Recorder, "note_child", lambda *_: None)
    lost = stable(ran(folder, ECHOES).trace.to_dict())
    assert ["child"] == [change.what for change in trace_changes(before, lost)]
