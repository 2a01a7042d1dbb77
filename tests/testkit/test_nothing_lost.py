"""Whatever is selected, ignored, broken or killed: no file that a test uses is deleted, changed or half written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

CONFTEST = """\
import os
import signal

import pytest

from pflow_engine import node


@node("word", outputs={"word": str})
def word(text: str) -> dict:
    if text == "kill" and os.environ.get("MAY_KILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"word": os.environ.get("OTHER", "") + text.upper()}


def pflow_register_nodes(registry):
    registry.register("word", word)


@pytest.fixture
def broken():
    if os.environ.get("BREAK"):
        raise RuntimeError("no setup")
    return "broken"
"""
FLOW = {
    "inputs": {"text": {"type": "string"}},
    "nodes": [
        {
            "id": "say",
            "type": "word",
            "batch": {"items": ["${text}", "b"], "parallel": True},
            "params": {"text": "${item}"},
        }
    ],
}
CASE = "  - name: {0}\n    inputs: {{text: {1}}}\n    snapshot: [trace, outputs, batch_metadata]\n"
PYTHON = """\
import pytest


@pytest.mark.pflow_workflow("one.json")
@pytest.mark.parametrize("text", ["x", "y"])
def test_it(pflow, trace_snapshot, snapshot, text):
    result = pflow.run(inputs={"text": text})
    assert result == trace_snapshot
    assert result.outputs["count"] == snapshot
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of two workflows of three cases, and two Python tests that use syrupy's own snapshots too."""
    flows = tmp_path_factory.mktemp("suite") / "flows"
    flows.mkdir()
    (flows / "conftest.py").write_text(CONFTEST)
    for name in ("one", "two"):
        (flows / f"{name}.json").write_text(json.dumps(FLOW))
        cases = [CASE.format("plain", "a"), CASE.format("kill it", "kill"), CASE.format("set up", "{$fixture: broken}")]
        (flows / f"{name}.test.yaml").write_text("cases:\n" + "".join(cases))
    (flows / "test_one.py").write_text(PYTHON)
    command = [sys.executable, "-m", "pytest", "flows", "--pflow-workflows=flows", "-p", "no:cacheprovider"]
    subprocess.run([*command, "--snapshot-update"], cwd=flows.parent, check=True, stdout=subprocess.DEVNULL)
    return flows


@pytest.fixture
def suite(project, written):
    """A copy of it, with all its snapshots."""
    shutil.copytree(written, project.flows, dirs_exist_ok=True)
    assert 18 + 2 + 1 == len(kept(project))
    return project


def run(project, *args):
    """Pytest over workflows and Python tests alike; with workers of xdist in a process of its own."""
    pytest_run = project.pytester.runpytest_subprocess if "-n" in args else project.pytester.runpytest_inprocess
    # hypothesis takes a second to load, in each process.
    light = ("-p", "no:hypothesispytest") if "-n" in args else ()
    return pytest_run("flows", "--pflow-workflows=flows", *light, *args)


def kept(project):
    """Every file that is kept, with its bytes; syrupy's own too, which xdist's workers lock."""
    files = [*project.flows.rglob("__traces__/*/*"), *project.flows.rglob("__snapshots__/*.ambr")]
    return {str(path.relative_to(project.flows)): path.read_bytes() for path in files if path.is_file()}


@pytest.mark.parametrize("update", [(), ("--snapshot-update",)], ids=["compare", "update"])
@pytest.mark.parametrize(
    "args",
    [
        ("-k", "plain"),
        ("-k", "not run and not test_it"),
        ("--deselect", "flows/one.json::run[plain]", "--deselect", "flows/test_one.py"),
        ("--ignore", "flows/two.json"),
        ("--ignore", "flows/test_one.py"),
        ("flows/two.json::run[plain]",),
        ("-n", "2"),
        ("-n", "2", "-k", "two"),
    ],
    ids=" ".join,
)
def test_a_part_of_the_tests(suite, args, update):
    """A part of the tests leaves the files of the others as they are."""
    before = kept(suite)
    if "::" in args[0]:
        suite.run(*args, *update)
    else:
        run(suite, *args, *update)
    assert before == kept(suite)


@pytest.mark.parametrize("update", [(), ("--snapshot-update",)], ids=["compare", "update"])
def test_last_failed(suite, update, monkeypatch):
    """--lf after a failure leaves the files of what passed."""
    before = kept(suite)
    monkeypatch.setenv("BREAK", "1")
    run(suite, *update).assert_outcomes(passed=8, failed=2)
    assert before == kept(suite)
    monkeypatch.delenv("BREAK")
    run(suite, "--lf", *update).assert_outcomes(passed=2)
    assert before == kept(suite)


@pytest.mark.parametrize("update", [(), ("--snapshot-update",)], ids=["compare", "update"])
def test_stopped_at_the_first_failure(suite, update, monkeypatch):
    """-x after a setup that failed leaves the files of all that never ran."""
    before = kept(suite)
    monkeypatch.setenv("BREAK", "1")
    run(suite, "-x", *update).assert_outcomes(passed=3, failed=1)
    assert before == kept(suite)


STOPPING = """\
import os


def test_first(snapshot):
    assert "BREAK" not in os.environ
    assert 1 == snapshot


def test_later(snapshot):
    assert 2 == snapshot
"""


@pytest.mark.parametrize("args", [("-n", "1"), ("-n", "2"), ()], ids=" ".join)
@pytest.mark.parametrize("update", [(), ("--snapshot-update",)], ids=["compare", "update"])
def test_stopped_beside_traces(project, args, update, monkeypatch):
    """Where something of ours is kept, -x leaves syrupy's own files, too, and speaks of no option that nobody gave."""
    project.write("test_both.py", STOPPING)
    (project.flows / "__traces__").mkdir()
    options = ("flows", "-p", "no:hypothesispytest", "-p", "no:randomly")
    project.pytester.runpytest_subprocess(*options, "--snapshot-update").assert_outcomes(passed=2)
    before = kept(project)
    assert 1 == len(before)
    monkeypatch.setenv("BREAK", "1")
    result = project.pytester.runpytest_subprocess(*options, "-x", *args, *update)
    assert 1 == result.parseoutcomes()["failed"]
    result.stdout.no_fnmatch_line("*--snapshot-disable-unused*")
    assert before == kept(project)


@pytest.mark.parametrize("update", [(), ("--snapshot-update",)], ids=["compare", "update"])
def test_killed_worker(suite, update, monkeypatch):
    """A worker that is killed in a test takes no file with it."""
    before = kept(suite)
    monkeypatch.setenv("MAY_KILL", "1")
    result = run(suite, "-n", "2", *update)
    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(["*worker 'gw*' crashed while running 'flows/*.json::run[[]kill it[]]'*"])
    assert before == kept(suite)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_killed_session(project, workers):
    """A session killed while it updates leaves each file whole: as it was, or as it is to be."""
    names = [f"case {number}" for number in range(30)]
    project.write("conftest.py", CONFTEST)
    project.write("one.json", FLOW)
    project.write("one.test.yaml", "cases:\n" + "".join(CASE.format(name, f"{name} {'x' * 9000}") for name in names))
    run(project, "--snapshot-update")
    before = kept(project)
    assert 90 == len(before)
    command = [sys.executable, "-m", "pytest", "--pflow-workflows=flows", "-q", "--snapshot-update", *workers]
    env = {**os.environ, "OTHER": "changed "}
    with subprocess.Popen(
        command, cwd=project.pytester.path, env=env, start_new_session=True, stdout=subprocess.DEVNULL
    ) as session:
        path = project.flows / "__traces__" / "one.json" / "case-5.trace.json"
        until = time.monotonic() + 60
        while path.read_bytes() == before[str(path.relative_to(project.flows))] and time.monotonic() < until:
            pass
        os.killpg(session.pid, signal.SIGKILL)
    after = kept(project)
    whole = {name: text for name, text in after.items() if not name.rpartition("/")[2].startswith(".")}
    assert before.keys() == whole.keys()
    changed = {name for name, text in whole.items() if text != before[name]}
    assert 0 < len(changed) < 60
    assert all("changed " in json.dumps(json.loads(whole[name])) for name in changed)
    run(project, "--snapshot-update", "--pflow-prune")
    assert before == kept(project)


def test_renamed_case(suite):
    """A renamed case is reported as an orphan and stays, also under --snapshot-update; --pflow-prune removes it."""
    before = kept(suite)
    cases = suite.flows / "one.test.yaml"
    cases.write_text(cases.read_text().replace("plain", "simple"))
    for args in (("--snapshot-update",), (), ("-n", "2"), ("-k", "two")):
        result = run(suite, *args)
        result.stdout.fnmatch_lines(
            [
                "*pflow snapshots and cassettes*",
                "3 files that no test uses (was a case renamed or taken out?):",
                "  flows/__traces__/one.json/plain.batch_metadata.json",
                "  flows/__traces__/one.json/plain.outputs.json",
                "  flows/__traces__/one.json/plain.trace.json",
                "to remove: pytest *flows --pflow-workflows=flows *--pflow-prune",
            ]
        )
        assert before.items() <= kept(suite).items()
    result = run(suite, "--pflow-prune", "-k", "nothing at all")
    result.stdout.fnmatch_lines(
        ["removed, since no test uses them (3):", "  flows/__traces__/one.json/plain.trace.json"]
    )
    gone = {f"__traces__/one.json/plain.{kind}.json" for kind in ("trace", "outputs", "batch_metadata")}
    assert gone == before.keys() - kept(suite).keys()
    run(suite).stdout.no_fnmatch_line("*no test uses*")


def test_workflow_gone(suite):
    """The snapshots of a workflow that is gone are orphans, and so are kinds that a case no longer names."""
    (suite.flows / "two.json").unlink()
    (suite.flows / "two.test.yaml").unlink()
    one = suite.flows / "one.test.yaml"
    one.write_text(one.read_text().replace("[trace, outputs, batch_metadata]", "[trace]", 1))
    result = run(suite)
    result.stdout.fnmatch_lines(["11 files that no test uses*"])
    run(suite, "--pflow-prune")
    assert not (suite.flows / "__traces__" / "two.json").exists()
    run(suite).assert_outcomes(passed=6)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_python_orphans(suite, workers):
    """A snapshot of a Python test is an orphan when its test is gone, or passed without it; not when it did not run."""
    test = suite.flows / "test_one.py"
    test.write_text(test.read_text().replace('["x", "y"]', '["x"]') + "\ndef test_late(trace_snapshot): pass\n")
    (suite.flows / "__traces__" / "test_one.py" / "test_late.trace.json").write_text("{}")
    result = run(suite, "--snapshot-warn-unused", *workers)
    result.stdout.fnmatch_lines(
        [
            "2 files that no test uses*",
            "  flows/__traces__/test_one.py/test_it[[]y[]].trace.json",
            "  flows/__traces__/test_one.py/test_late.trace.json",
        ]
    )
    run(suite, "-k", "plain", "--snapshot-warn-unused", *workers).stdout.fnmatch_lines(["1 file that no test uses*"])
    lone = suite.run("flows/test_one.py::test_it[x]", "--snapshot-warn-unused")
    lone.stdout.no_fnmatch_line("*no test uses*")


def test_broken_case_file(suite):
    """A case file that cannot be read makes no orphans: it may name any of them."""
    before = kept(suite)
    (suite.flows / "one.test.yaml").write_text("cases: [")
    result = run(suite, "--pflow-prune", "--continue-on-collection-errors")
    result.stdout.no_fnmatch_line("*no test uses*")
    assert before == kept(suite)


def test_prune_takes_only_ours(suite):
    """What other people put beside the snapshots stays, and under --collect-only everything does."""
    notes = suite.flows / "__traces__" / "docs" / "notes.md"
    notes.parent.mkdir()
    notes.write_text("hi")
    (suite.flows / "__traces__" / "one.json" / "README.md").write_text("hi")
    orphan = suite.flows / "__traces__" / "one.json" / "gone.trace.json"
    orphan.write_text("{}")
    run(suite, "--pflow-prune", "--collect-only").stdout.fnmatch_lines(["1 file that no test uses*"])
    assert orphan.exists()
    run(suite, "--pflow-prune", "-k", "plain")
    assert not orphan.exists()
    assert notes.exists()
    assert (suite.flows / "__traces__" / "one.json" / "README.md").exists()


def test_orphans_out_of_reach(suite, monkeypatch):
    """Where the folders cannot be looked through the session ends as it would have, with a line about it."""

    def denied(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", denied)
    result = suite.run("-k", "plain")
    result.stdout.fnmatch_lines(["snapshots and cassettes that no test uses were not looked for:*Permission denied"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
