import json
import os
from pathlib import Path

import pytest

TRIAGE = {
    "inputs": {"fail": {"type": "boolean", "default": False}},
    "nodes": [
        {"id": "fetch", "type": "shell", "params": {"command": 'if [ "${fail}" = True ]; then exit 3; fi'}},
        {"id": "show", "type": "echo", "params": {"text": "fine"}},
        {"id": "alert", "type": "echo", "params": {"text": "${fetch.error}"}},
    ],
    "edges": [{"from": "fetch", "to": "show"}, {"from": "fetch", "to": "alert", "action": "error"}],
}
FINE = "cases:\n  - name: fine\n"
BOTH = FINE + "  - name: not\n    inputs: {fail: true}\n"


def _json(project):
    return json.loads((project.pytester.path / "pflow-coverage.json").read_text())


def test_names_missing(project):
    """What no case reaches is named with its line."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", FINE)
    result = project.run("--pflow-cov")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*- pflow coverage -*",
            "flows/triage.json    2/3    1/2        1/2        -     0/1      50%",
            "reached by no test (4):",
            "  flows/triage.json:*  error  fetch fails",
            "  flows/triage.json:*  node  alert",
            "  flows/triage.json:*  template  alert: ${fetch.error}",
            "  flows/triage.json:*  edge  fetch -[[]error]-> alert",
        ]
    )


def test_names_nothing(project):
    """Where the cases reach everything, nothing is missing."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", BOTH)
    result = project.run("--pflow-cov")
    result.stdout.fnmatch_lines(["flows/triage.json    3/3    2/2        2/2        -     1/1     100%"])
    result.stdout.no_fnmatch_line("reached by no test*")


@pytest.mark.parametrize(("under", "code"), [("50", 0), ("50.1", 1), ("0", 0)])
def test_fail_under(project, under, code):
    """A session that reaches less than it should fails, and says by how much."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", FINE)
    result = project.run(f"--pflow-cov-fail-under={under}")
    assert code == result.ret
    if code:
        result.stdout.fnmatch_lines(["50% reached (4/8), which is less than --pflow-cov-fail-under=50.1"])


def test_failing_tests_stay_failed(project):
    """Enough coverage does not make a failing session a passing one."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", BOTH + "    expect: {status: failed}\n")
    assert 1 == project.run("--pflow-cov-fail-under=10").ret


def test_same_with_workers(project):
    """Spread over workers the totals are those of one process, hits and all."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", BOTH)
    project.hello()
    project.run("--pflow-cov=json")
    alone = _json(project)
    assert [] == alone["lost_workers"]
    project.pytester.runpytest_subprocess("--pflow-workflows=flows", "--pflow-cov=json", "-n", "2")
    assert alone == _json(project)
    assert 2 == alone["files"]["flows/triage.json"]["places"][0]["hits"]


def test_workflow_without_cases(project):
    """A workflow that no case runs counts, with nothing reached."""
    project.hello()
    project.run("--pflow-cov=json")
    assert 0 == _json(project)["totals"]["total"]["covered"]
    assert 1 == _json(project)["totals"]["node"]["total"]


def test_deselected_cases(project):
    """What a deselected case would have reached is missing."""
    project.write("triage.json", TRIAGE)
    project.write("triage.test.yaml", BOTH)
    result = project.run("--pflow-cov", "-k", "fine")
    result.stdout.fnmatch_lines(["*edge  fetch -[[]error]-> alert"])


def test_python_tests_count(project):
    """A run by the fixture counts as one of a case does."""
    project.hello()
    project.write("test_hello.py", "def test_it(pflow): pflow.run('hello.json', {'name': 'Ada'})\n")
    result = project.pytester.runpytest_inprocess(
        "--pflow-workflows=flows", "flows/test_hello.py", "flows", "--pflow-cov=json"
    )
    result.assert_outcomes(passed=2)
    assert 100 == _json(project)["totals"]["total"]["percent"]


def test_nested_from_parent(project):
    """A child that has no cases of its own is reached through its parent's."""
    project.write(
        "low.json", {"inputs": {"x": {}}, "nodes": [{"id": "say", "type": "echo", "params": {"text": "${x}"}}]}
    )
    params = {"workflow_ref": "low.json", "param_mapping": {"x": "1"}}
    project.write("top.json", {"nodes": [{"id": "sub", "type": "workflow", "params": params}]})
    project.run("--pflow-cov=json")
    assert [1, 1] == [each["hits"] for each in _json(project)["files"]["flows/low.json"]["places"]]


def test_stubbed_types(project):
    """A workflow with a type that is not installed is counted, since its case stubs it."""
    project.write("ask.json", {"nodes": [{"id": "ask", "type": "oracle"}]})
    project.write("ask.test.yaml", "cases:\n  - name: it\n    stubs: {ask: {answer: 42}}\n")
    project.run("--pflow-cov=json")
    assert 1 == _json(project)["totals"]["node"]["covered"]


def test_unsound_is_told(project):
    """A workflow with problems is not counted, and that is said."""
    project.write("bad.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    result = project.run("--pflow-cov")
    result.stdout.fnmatch_lines(["not counted, since they are not sound:", "  flows/bad.json"])


@pytest.mark.parametrize("kind", ["html", "json", "lcov"])
def test_written_files(project, kind):
    """A report goes to its usual file, or to the one that is named."""
    project.hello()
    result = project.run(f"--pflow-cov={kind}", f"--pflow-cov={kind}:mine")
    result.stdout.fnmatch_lines([f"{kind}: pflow-coverage.{kind}", f"{kind}: mine"])
    folder = project.pytester.path
    assert "hello.json" in (folder / "mine").read_text() == (folder / f"pflow-coverage.{kind}").read_text()


@pytest.mark.parametrize(("kind", "written"), [("html", b"\\udce9"), ("json", b"\\udce9"), ("lcov", b"\xe9")])
def test_name_no_utf8(project, kind, written):
    """A workflow whose name is no UTF-8 is counted: its name is spelled out, or has its own bytes."""
    name = os.fsdecode(b"flows/caf\xe9.json")
    Path(name).write_text(json.dumps(TRIAGE))
    # pytest's own cache cannot hold such names.
    result = project.run("-p", "no:cacheprovider", f"--pflow-cov={kind}", "--pflow-report=it.html")
    assert 0 == result.ret
    assert b"caf" + written + b".json" in Path(f"pflow-coverage.{kind}").read_bytes()
    if kind == "json":
        assert name in _json(project)["files"]


def test_unwritable_file(project):
    """A report that cannot be written in the end is said, and fails the session."""
    project.hello()
    (project.pytester.path / "gone").mkdir()
    project.write("conftest.py", "import shutil\ndef pytest_collection_finish(): shutil.rmtree('gone')\n")
    result = project.run("--pflow-cov=json:gone/cov.json")
    assert 1 == result.ret
    result.stdout.fnmatch_lines(["json: gone/cov.json could not be written: No such file or directory"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--pflow-cov", "flows"],
            "*--pflow-cov: term, html, json or lcov*not 'flows'; if it is what to test, write --pflow-cov=term flows",
        ),
        (["--pflow-cov=xml"], "*--pflow-cov: term, html, json or lcov (these also with :FILE), not 'xml'"),
        (["--pflow-cov=term:x"], "*not 'term:x'"),
        (["--pflow-cov-fail-under=101"], "*--pflow-cov-fail-under: a percentage from 0 to 100, not 101"),
    ],
)
def test_wrong_options(project, options, said):
    """An option that means nothing is refused before anything runs."""
    result = project.run(*options)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([said.replace("[", "[[]")])


def test_nothing_collected(project):
    """Without a workflow there is nothing to tell, which is said."""
    result = project.run("--pflow-cov")
    result.stdout.fnmatch_lines(["no workflow was collected: name a folder with --pflow-workflows"])


def test_collect_only(project):
    """When nothing runs, nothing is counted."""
    project.hello()
    project.run("--pflow-cov=json", "--collect-only")
    assert not (project.pytester.path / "pflow-coverage.json").exists()


def test_off_by_default(project, ada):
    """Without the option nothing is counted."""
    project.hello(ada)
    project.run().stdout.no_fnmatch_line("*pflow coverage*")


DYING = """
import os, signal, time
from pathlib import Path
import pytest

def test_dies(pflow):
    pflow.run("hello.json", {"name": "Ada"})
    while not Path("told").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""
TOLD = """
from pathlib import Path

def pytest_runtest_logreport(report):
    if "hello.json::run" in report.nodeid and report.when == "teardown":
        Path("told").touch()
"""


INTERRUPTED = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    if "hello.json::run" in report.nodeid and report.when == "teardown" and hasattr(report, "node"):
        raise KeyboardInterrupt
"""


def test_killed_worker(project, ada):
    """A worker that is killed takes with it only what the test it was in reached, and that is said."""
    project.hello(ada)
    project.write("test_dies.py", DYING)
    project.pytester.makeconftest(TOLD)
    options = ("--pflow-workflows=flows", "--pflow-cov=json", "--pflow-cov-fail-under=50", "--pflow-report=it.html")
    result = project.pytester.runpytest_subprocess("flows/test_dies.py", "flows", *options, "-n", "2")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "the figures lack what worker gw? ran last: it ended early",
            "--pflow-cov-fail-under=50 is held against whole figures alone",
        ]
    )
    [lost] = _json(project)["lost_workers"]
    page = (project.pytester.path / "it.html").read_text()
    assert f"Of workflows the figures lack what worker {lost} ran last: it ended early." in page
    assert "<b>100%</b> of 1 workflow reached" in page
    assert {1} == {each["hits"] for each in _json(project)["files"]["flows/hello.json"]["places"]}


def test_interrupted_session(project, ada):
    """Where Ctrl-C ends a session, what ended before counts, and what is missing is said."""
    project.hello(ada)
    project.write("test_ends.py", "def test_a(): pass\n")
    project.pytester.makeconftest(INTERRUPTED)
    options = ("--pflow-workflows=flows", "--pflow-cov=json", "--pflow-report=it.html")
    result = project.pytester.runpytest_subprocess(*options, "-n", "2")
    assert "<b>100%</b> of 1 workflow reached" in (project.pytester.path / "it.html").read_text()
    assert pytest.ExitCode.INTERRUPTED == result.ret
    result.stdout.fnmatch_lines(["the figures lack what worker* gw? ran last: * ended early"])
    assert {*_json(project)["lost_workers"]} & {"gw0", "gw1"}  # one may have ended before
    assert {1} == {each["hits"] for each in _json(project)["files"]["flows/hello.json"]["places"]}


@pytest.mark.parametrize(("under", "code"), [("1", 1), ("0", 0)])
def test_nothing_is_not_all(project, under, code):
    """Of nothing, no share is reached."""
    project.write("test_it.py", "def test_it(): pass\n")
    result = project.run("flows/test_it.py", f"--pflow-cov-fail-under={under}", "--pflow-cov=json")
    assert code == result.ret
    assert _json(project)["totals"]["total"]["percent"] is None
    if code:
        result.stdout.fnmatch_lines(["there was nothing to reach, which is less than --pflow-cov-fail-under=1"])
