import json
import re
import shlex

import pytest

LABELS = """\
from pflow_engine import node


@node("label", outputs={"label": str})
def label(text: str) -> dict:
    return {"label": "bug" if "fix" in text else "other"}


def pflow_register_nodes(registry):
    registry.register("label", label)
"""
FLOW = {
    "inputs": {"texts": {"type": "array"}},
    "nodes": [
        {
            "id": "classify",
            "type": "label",
            "batch": {"items": "${texts}", "parallel": True},
            "params": {"text": "${item}"},
        },
        {"id": "tell", "type": "echo", "params": {"first": "${classify.results[0].label}"}},
    ],
    "outputs": {"first": {"source": "${tell.first}"}},
}
CASE = "cases:\n  - name: two texts\n    inputs: {texts: [fix it, add it]}\n    snapshot: [trace, outputs, batch_metadata]\n"
KINDS = ("trace", "outputs", "batch_metadata")


@pytest.fixture
def flow(project):
    """A project whose one case has all three snapshots."""
    project.write("conftest.py", LABELS)
    project.write("triage.json", FLOW)
    project.write("triage.test.yaml", CASE)
    return project


def kept(project, suffix=".json"):
    """The files that are kept, by name, with their bytes."""
    return {
        path.name: path.read_bytes() for path in project.flows.rglob("__traces__/*/*") if path.name.endswith(suffix)
    }


def test_no_snapshot_yet(flow):
    """A case without its snapshots fails, writes nothing, and gives the command that writes them."""
    result = flow.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "flows/__traces__/triage.json/two-texts.trace.json: error: there is no such snapshot yet*",
            "  accept: pytest --pflow-workflows=flows 'flows/triage.json::run[[]two texts[]]' --snapshot-update",
        ]
    )
    assert {} == kept(flow)


def test_written_then_compared(flow):
    """--snapshot-update writes each kind once, strict JSON; the next run passes and leaves every byte."""
    flow.run("--snapshot-update").assert_outcomes(passed=2)
    written = kept(flow)
    assert {f"two-texts.{kind}.json" for kind in KINDS} == written.keys()
    assert all(json.loads(text) for text in written.values())
    flow.run().assert_outcomes(passed=2)
    flow.run("--snapshot-update").assert_outcomes(passed=2)
    assert written == kept(flow)


def test_new_only(flow):
    """--snapshot-update-new-only writes what is missing and accepts no change."""
    flow.run("--snapshot-update-new-only").assert_outcomes(passed=2)
    written = kept(flow)
    flow.write("triage.test.yaml", CASE.replace("fix it", "mend it"))
    flow.run("--snapshot-update-new-only").assert_outcomes(passed=1, failed=1)
    assert written == kept(flow)


def test_same_stem_two_forms(project):
    """Two workflows of one stem keep their snapshots apart."""
    for name, text in (("hello.json", "json"), ("hello.yaml", "yaml")):
        project.write(name, {"nodes": [{"id": "say", "type": "echo", "params": {"text": text}}]})
    project.write("hello.test.yaml", "cases:\n- name: it\n  snapshot: [outputs]\n")
    project.run("--snapshot-update").assert_outcomes(passed=4)
    files = sorted(project.flows.rglob("it.outputs.json"))
    assert ["hello.json", "hello.yaml"] == [path.parent.name for path in files]
    assert ["json", "yaml"] == [json.loads(path.read_text())["text"] for path in files]


def test_mismatch_in_words(flow):
    """A change reads by node, item, file and line, with its class, who uses it, and the command that accepts it."""
    flow.run("--snapshot-update")
    flow.write("conftest.py", LABELS.replace('"label": "bug"', '"label": "defect"'))
    result = flow.run("-k", "run")
    result.stdout.fnmatch_lines(
        [
            "flows/triage.json:9  node 'classify' (batch, parallel, 2 items)",
            '  BEHAVIOUR  items[[]0[]].label    "bug" -> "defect" (used by: tell)',
            "flows/triage.json:*  node 'tell'",
            "flows/triage.json  the run",
            '  BEHAVIOUR  outputs.first    "bug" -> "defect"',
            "  accept: pytest --pflow-workflows=flows 'flows/triage.json::run[[]two texts[]]' --snapshot-update",
        ]
    )


def test_accept_command_accepts(flow):
    """The command that is printed, run as it is, accepts the change of that case."""
    flow.run("--snapshot-update")
    flow.write("conftest.py", LABELS.replace('"label": "bug"', '"label": "defect"'))
    command = re.search(r"accept: pytest (.*)", flow.run().stdout.str())
    assert command
    flow.pytester.runpytest_inprocess(*shlex.split(command[1])).assert_outcomes(passed=1)
    flow.run().assert_outcomes(passed=2)


def test_inserted_item_is_a_line(flow):
    """One item more in a batch of a hundred is one line of that batch."""
    texts = [f"text {number}" for number in range(100)]
    flow.write("triage.test.yaml", CASE.replace("[fix it, add it]", json.dumps(texts)))
    flow.run("--snapshot-update")
    texts.insert(40, "fix one more")
    flow.write("triage.test.yaml", CASE.replace("[fix it, add it]", json.dumps(texts)))
    lines = flow.run("-k", "run").stdout.lines
    start = next(number for number, line in enumerate(lines) if "node 'classify' (batch, parallel, 101 items)" in line)
    assert lines[start + 1].startswith("  BEHAVIOUR  items[40]")
    assert "added" in lines[start + 1]
    assert not lines[start + 2].startswith("  B")


def test_failing_case_keeps_snapshots(flow):
    """A case whose expectations fail shows what changed, and its snapshots are not updated."""
    flow.run("--snapshot-update")
    written = kept(flow)
    flow.write("conftest.py", LABELS.replace('"label": "bug"', '"label": "defect"'))
    flow.write("triage.test.yaml", f"{CASE}    expect: {{outputs: {{first: bug}}}}\n")
    result = flow.run("--snapshot-update")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(['*outputs.first is "defect", expected "bug"*', "*items[[]0[]].label*"])
    result.stdout.no_fnmatch_line("*accept:*")
    assert written == kept(flow)


def test_formatted_snapshot_is_equal(flow):
    """A snapshot that a formatter wrote anew still matches; one whose 1 became 1.0 or true does not."""
    flow.run("--snapshot-update")
    path = flow.flows / "__traces__" / "triage.json" / "two-texts.batch_metadata.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data, indent=8, sort_keys=True).replace("\n", "\r\n"))
    flow.run().assert_outcomes(passed=2)
    for other in (2.0, True):
        data["classify"]["count"] = other
        path.write_text(json.dumps(data))
        flow.run().assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<<<<<<< HEAD\n{}\n", "*two-texts.trace.json:1:1: error: *"),
        ('{"nodes": [}', "*two-texts.trace.json:1:12: error: *"),
        ("", "*two-texts.trace.json:*error:*"),
        ("[1, 2]", "*the trace*"),
        ('{"nodes": 3, "status": []}', "*BEHAVIOUR*nodes*3 (integer)*"),
    ],
)
def test_malformed_snapshot(flow, content, said):
    """A snapshot that is none is named with its place and how to take it anew; no traceback of ours."""
    flow.run("--snapshot-update")
    (flow.flows / "__traces__" / "triage.json" / "two-texts.trace.json").write_text(content)
    result = flow.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([said, "*--snapshot-update*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    flow.run("--snapshot-update").assert_outcomes(passed=2)
    flow.run().assert_outcomes(passed=2)


def test_binary_snapshot(flow):
    """A snapshot that is no text is said to be none."""
    flow.run("--snapshot-update")
    (flow.flows / "__traces__" / "triage.json" / "two-texts.trace.json").write_bytes(b"\xff\xfe\x00")
    flow.run().stdout.fnmatch_lines(["*two-texts.trace.json: error: the snapshot cannot be compared: it is not UTF-8*"])


def test_folder_in_the_way(flow):
    """What cannot be written is said in a line."""
    flow.write("__traces__", "a file where the folder should be")
    result = flow.run("--snapshot-update")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the snapshot cannot be compared: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        ("trace", "*:4:*'snapshot'*"),
        ("[traces]", "*'traces'*"),
        ("[]", "*snapshot*"),
        ("[trace, trace]", "*twice*"),
    ],
)
def test_snapshot_field_checked(flow, snapshot, said):
    """A snapshot field that is none is an error at its line."""
    flow.write("triage.test.yaml", CASE.replace("[trace, outputs, batch_metadata]", snapshot))
    flow.run().stdout.fnmatch_lines([f"flows/triage.test.yaml:4:{said.removeprefix('*:4:')}"])


@pytest.mark.parametrize("other", ["two-texts", "Two texts"])
def test_shared_file_refused(flow, other):
    """Two cases whose snapshots would share a file are refused at the second."""
    flow.write("triage.test.yaml", f"{CASE}  - name: {other}\n    inputs: {{texts: []}}\n    snapshot: [trace]\n")
    flow.run().stdout.fnmatch_lines([f"flows/triage.test.yaml:5:*'{other}' would have the same snapshots*'two texts'*"])


def test_without_syrupy(flow):
    """Without syrupy's plugin the case fails in one line."""
    result = flow.run("-p", "no:syrupy")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*snapshots need the plugin syrupy*"])


def test_folders_are_no_tests(flow):
    """What is kept beside workflows is never collected, not even by name."""
    flow.run("--snapshot-update")
    flow.run("--collect-only", "-q").stdout.no_fnmatch_line("*__traces__*")
    flow.pytester.runpytest_inprocess("--pflow-workflows=flows/__traces__").assert_outcomes()


PYTHON = """\
import pytest


@pytest.mark.pflow_workflow("triage.json")
def test_trace(pflow, trace_snapshot):
    result = pflow.run(inputs={"texts": ["fix it", "add it"]})
    assert result == trace_snapshot
    assert trace_snapshot == result.trace
    assert result.trace.to_dict() == trace_snapshot(name="by name")


class TestBatches:
    @pytest.mark.pflow_workflow("triage.json")
    @pytest.mark.parametrize("count", [1, 2])
    def test_batch(self, pflow, batch_snapshot, count):
        result = pflow.run(inputs={"texts": ["fix it", "add it"][:count]})
        assert result == batch_snapshot
        assert result.store["classify"] == batch_snapshot
        assert result == batch_snapshot(timing=True)
"""


@pytest.fixture
def python(flow):
    """The project with a Python test instead of the case."""
    (flow.flows / "triage.test.yaml").unlink()
    flow.write("test_triage.py", PYTHON)
    return flow


def test_fixtures(python):
    """The fixtures keep a file for each comparison, beside the test, and pass from then on."""
    python.pytester.runpytest_inprocess("flows", "--snapshot-update").assert_outcomes(passed=3)
    written = kept(python)
    assert {
        "test_trace.trace.json",
        "test_trace.1.trace.json",
        "test_trace[by name].trace.json",
        *(f"TestBatches.test_batch[{n}]{i}.batch_metadata.json" for n in (1, 2) for i in ("", ".1", ".2")),
    } == written.keys()
    assert written["test_trace.trace.json"] == written["test_trace.1.trace.json"]
    python.pytester.runpytest_inprocess("flows").assert_outcomes(passed=3)
    assert written == kept(python)


def test_bounds_of_timing(python):
    """With timing, the snapshot has bounds; one that is not kept fails and says what it took."""
    python.pytester.runpytest_inprocess("flows", "--snapshot-update")
    path = python.flows / "__traces__" / "test_triage.py" / "TestBatches.test_batch[1].2.batch_metadata.json"
    data = json.loads(path.read_text())
    assert {"at_most"} == data["classify"]["batch_metadata"]["timing"]["wall_ms"].keys()
    data["classify"]["batch_metadata"]["timing"]["wall_ms"]["at_most"] = 0
    path.write_text(json.dumps(data))
    result = python.pytester.runpytest_inprocess("flows", "-k", "test_batch and 1")
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["*timing.wall_ms*at most 0*"])


def test_python_mismatch(python):
    """A Python test shows the same words, with the file and line of the workflow."""
    python.pytester.runpytest_inprocess("flows", "--snapshot-update")
    python.write("conftest.py", LABELS.replace('"label": "bug"', '"label": "defect"'))
    result = python.pytester.runpytest_inprocess("flows", "-k", "test_trace")
    result.stdout.fnmatch_lines(
        [
            "E*accept: pytest flows/test_triage.py::test_trace --snapshot-update",
            "E*flows/triage.json:9  node 'classify' (batch, parallel, 2 items)",
            'E*BEHAVIOUR  items[[]0[]].label    "bug" -> "defect"*',
        ]
    )


def test_wrong_thing_compared(python):
    """What is no run is refused in words."""
    python.write("test_triage.py", "def test_it(trace_snapshot):\n    assert 'text' == trace_snapshot\n")
    result = python.pytester.runpytest_inprocess("flows")
    result.stdout.fnmatch_lines(["E*TypeError: a snapshot of a run is compared with a RunResult*not with*string*"])


def test_syrupy_filters(python):
    """Filters of syrupy's own filters work as in any of its snapshots."""
    python.write(
        "test_triage.py",
        "from syrupy.filters import props\nimport pytest\n\n\n@pytest.mark.pflow_workflow('triage.json')\n"
        "def test_it(pflow, trace_snapshot):\n    result = pflow.run(inputs={'texts': ['fix it']})\n"
        "    assert result == trace_snapshot(exclude=props('nodes'))\n",
    )
    python.pytester.runpytest_inprocess("flows", "--snapshot-update").assert_outcomes(passed=1)
    assert "nodes" not in json.loads(kept(python)["test_it.trace.json"])
    python.pytester.runpytest_inprocess("flows").assert_outcomes(passed=1)


def test_missing_snapshot_shows_the_run(flow):
    """A first run without a snapshot shows what it gave, to be looked at before it is accepted."""
    flow.run().stdout.fnmatch_lines(["✓ Workflow completed in *", 'outputs: {"first": "bug"}'])


def test_python_tests_keep_apart(flow):
    """Two parameter sets that differ by a hyphen for a space have a file each."""
    flow.write(
        "test_apart.py",
        "import pytest\n\n\n@pytest.mark.parametrize('m', ['a b', 'a-b'])\ndef test_p(pflow, trace_snapshot, m):\n"
        "    ir = {'nodes': [{'id': 'a', 'type': 'echo', 'params': {'text': m}}]}\n"
        "    assert pflow.run(ir) == trace_snapshot\n    assert pflow.run(ir) == trace_snapshot(name=m)\n",
    )
    flow.pytester.runpytest_inprocess("flows", "--snapshot-update").assert_outcomes(passed=2)
    flow.pytester.runpytest_inprocess("flows").assert_outcomes(passed=2)
    assert 4 == len(kept(flow))


def test_no_batch_to_keep(flow):
    """A snapshot of batches of a workflow without one is refused, in a case and in Python, and so is timing of a trace."""
    flow.write("say.json", {"nodes": [{"id": "say", "type": "echo", "params": {"text": "x"}}]})
    flow.write("say.test.yaml", "cases:\n- name: a\n  snapshot: [trace, batch_metadata]\n")
    flow.run("-k", "say and run").stdout.fnmatch_lines(["flows/say.test.yaml:3:21: error: the workflow has no batch*"])
    flow.write(
        "test_say.py",
        "def test_batch(pflow, batch_snapshot):\n    assert pflow.run('say.json') == batch_snapshot\n\n\n"
        "def test_timing(pflow, trace_snapshot):\n    assert pflow.run('say.json') == trace_snapshot(timing=True)\n",
    )
    result = flow.pytester.runpytest_inprocess("flows", "--snapshot-update")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*TypeError: the workflow has no batch*", "*TypeError: timing is an option of batch_snapshot*"]
    )


def test_own_outputs_named_like_http(flow):
    """An output that only http nodes have by nature is kept of any other node."""
    flow.write("say.json", {"nodes": [{"id": "say", "type": "echo", "params": {"response_time": "gold"}}]})
    flow.write("say.test.yaml", "cases:\n- name: a\n  snapshot: [trace, outputs]\n")
    flow.run("-k", "say", "--snapshot-update").assert_outcomes(passed=2, deselected=2)
    flow.write("say.json", {"nodes": [{"id": "say", "type": "echo", "params": {"response_time": "bronze"}}]})
    flow.run("-k", "say").assert_outcomes(passed=1, failed=1, deselected=2)


def test_link_stays_a_link(flow):
    """A snapshot that is a link to a file is written there."""
    flow.run("--snapshot-update")
    path = flow.flows / "__traces__" / "triage.json" / "two-texts.outputs.json"
    path.rename(flow.flows / "shared.txt")
    path.symlink_to(flow.flows / "shared.txt")
    (flow.flows / "shared.txt").write_text("{}")
    flow.run("--snapshot-update").assert_outcomes(passed=2)
    assert path.is_symlink()
    assert {"first": "bug"} == json.loads((flow.flows / "shared.txt").read_text())


def test_commands_carry_the_ini_file(flow):
    """The command that accepts names the ini file and what was overridden in it, so that it works when pasted."""
    (flow.pytester.mkdir("ci") / "own.ini").write_text("[pytest]\npflow_workflows = ../ci/../flows\n")
    result = flow.pytester.runpytest_inprocess("-c", "ci/own.ini", "--rootdir=.")
    command = re.search(r"accept: pytest (.*)", result.stdout.str())
    assert command
    flow.pytester.runpytest_inprocess(*shlex.split(command[1])).assert_outcomes(passed=1)


def test_clock_that_is_none(flow):
    """A fixture pflow_clock that gives no clock is said to."""
    flow.write("conftest.py", f"{LABELS}\n\nimport pytest\n\n@pytest.fixture\ndef pflow_clock(): return 5\n")
    flow.run("-k", "run").stdout.fnmatch_lines(["*the fixture pflow_clock gives int, which is no clock*"])
