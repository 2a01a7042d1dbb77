"""``--pflow-init``: a first case file that passes at once, or that says what is to be filled in."""

import json

import pytest
import yaml

PURE = {
    "inputs": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "tags": {"type": "array"},
        "more": {"type": "object", "default": {"a": 1}},
    },
    "nodes": [
        {"id": "say", "type": "echo", "params": {"text": "Hello ${name}", "count": "${count}", "tags": "${tags}"}},
        {"id": "where", "type": "shell", "params": {"command": "pwd; echo $HOME ${more.a}"}},
    ],
    "outputs": {"text": {"source": "${say.text}"}, "count": {"source": "${say.count}"}},
}


def init(project, *names):
    """Pytest --pflow-init for workflows of the project."""
    return project.pytester.runpytest_inprocess(*(f"--pflow-init=flows/{name}" for name in names))


def case_of(project, name):
    """The only case in a case file."""
    (case,) = yaml.safe_load((project.flows / f"{name}.test.yaml").read_text())["cases"]
    return case


def test_pure_passes_at_once(project):
    """A pure workflow gets a case with inputs, outputs and a snapshot, and nothing is run but that."""
    project.write("pure.json", PURE)
    ran = project.pytester.path / "ran"
    project.write("other.json", {"nodes": [{"id": "a", "type": "shell", "params": {"command": f"touch {ran}"}}]})
    result = init(project, "pure.json")
    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        ["wrote flows/pure.test.yaml", "wrote flows/__traces__/pure.json/example.trace.json", "*no tests ran*"]
    )
    result.stdout.no_fnmatch_line("*no test uses*")
    assert not ran.exists()
    assert {
        "name": "example",
        "inputs": {"name": "example", "count": 1, "tags": []},
        "expect": {"status": "success", "outputs": {"text": "Hello example", "count": 1}},
        "snapshot": ["trace"],
    } == case_of(project, "pure")
    project.pytester.runpytest_inprocess("--pflow-workflows=flows/pure.json").assert_outcomes(passed=2)


def test_every_demo_workflow(project, request):
    """Of each pure workflow of the demo the first case passes at once; of the others the stubs are listed."""
    demo = request.config.rootpath / "tests" / "workflows"
    names = []
    for path in [*demo.glob("*.json"), *demo.glob("*.yaml"), demo / "conftest.py"]:
        if not path.name.endswith(".test.yaml"):
            project.write(path.name, path.read_text())
            names += [path.name] if path.suffix != ".py" else []
    result = init(project, *names)
    assert 0 == result.ret
    to_fill = [line.strip().split(":")[0] for line in result.stdout.lines if line.startswith("  flows/")]
    assert {"flows/triage.json", "flows/check_pages.json", "flows/upload_reports.yaml"} <= set(to_fill)
    pure = [name for name in names if "stubs:" not in (project.flows / name).with_suffix(".test.yaml").read_text()]
    assert len(pure) >= 5
    again = project.pytester.runpytest_inprocess(*(f"--pflow-workflows=flows/{name}" for name in pure))
    again.assert_outcomes(passed=2 * len(pure))


def test_stubs_to_fill(project):
    """A workflow with effects gets the stubs to fill, each listed with its place; filled in, it passes."""
    fetch = {"id": "fetch", "type": "http", "params": {"url": "https://example.invalid/"}}
    show = {"id": "show", "type": "echo", "params": {"text": "${fetch.response}"}}
    project.write("fetch.json", {"nodes": [fetch, show]})
    result = init(project, "fetch.json")
    result.stdout.fnmatch_lines(
        [
            "wrote flows/fetch.test.yaml",
            "fill in what these nodes would give, then run pytest with --snapshot-update:",
            "  flows/fetch.json:4  fetch (http): response, status_code, response_headers, response_time",
        ]
    )
    text = (project.flows / "fetch.test.yaml").read_text()
    assert text.startswith("# Fill in the stubs")
    assert {"fetch"} == case_of(project, "fetch")["stubs"].keys()
    assert not (project.flows / "__traces__").exists()
    project.write("fetch.test.yaml", text.replace("response: example", "response: [1, 2]"))
    project.run("--snapshot-update").assert_outcomes(passed=2)
    project.run().assert_outcomes(passed=2)


def test_failing_run(project):
    """Where the run fails with example inputs the case says so, and still passes."""
    read = {"id": "read", "type": "read-file", "params": {"file_path": "${path}"}}
    project.write("read.json", {"inputs": {"path": {"type": "string"}}, "nodes": [read]})
    init(project, "read.json").stdout.fnmatch_lines(["with these inputs the run is failed: *example*"])
    assert {"status": "failed"} == case_of(project, "read")["expect"]
    project.run().assert_outcomes(passed=2)


def test_unstable_run(project):
    """Where two runs differ there is no snapshot, and what differs is named."""
    project.write("now.json", {"nodes": [{"id": "now", "type": "shell", "params": {"command": "date +%N"}}]})
    result = init(project, "now.json")
    result.stdout.fnmatch_lines(
        ["two runs differ, so there is no snapshot: node 'now'*stdout*", "*pflow_testkit_normalise*"]
    )
    assert {"name": "example", "expect": {"status": "success"}} == case_of(project, "now")
    project.run().assert_outcomes(passed=2)


def test_never_overwrites(project, ada):
    """A case file that is there is left as it is; other files on the command line are still done."""
    project.hello(ada)
    project.write("pure.json", PURE)
    result = init(project, "hello.json", "pure.json")
    assert 1 == result.ret
    result.stdout.fnmatch_lines(
        [
            "flows/hello.test.yaml: error: there is a case file already*",
            "no case file was written for flows/hello.json",
            "wrote flows/pure.test.yaml",
        ]
    )
    assert ada == (project.flows / "hello.test.yaml").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"nodes": [{"id": "a", "type": "htp"}]}, "*unknown node type 'htp'*"),
        ({"steps": []}, "*"),
        ("{", "*flows/bad.json:1:*"),
    ],
)
def test_broken_workflow(project, content, said):
    """A workflow with problems is shown with them, and no case file is written."""
    project.write("bad.json", content)
    result = init(project, "bad.json")
    assert 0 != result.ret
    result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (project.flows / "bad.test.yaml").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.json", "*--pflow-init: there is no file*none.json*did you mean*nine.json*"),
        ("", "*--pflow-init takes a workflow file, not the folder*"),
        ("conftest.py", "*--pflow-init*is no workflow file*"),
    ],
)
def test_no_workflow_file(project, name, said):
    """What is no workflow file is refused before anything happens."""
    project.write("nine.json", PURE)
    project.write("conftest.py", "")
    init(project, name).stderr.fnmatch_lines([said])


def test_with_workers(project):
    """With xdist asked for in the ini file the case file is written all the same."""
    project.write("pure.json", PURE)
    project.pytester.makeini("[pytest]\naddopts = -n 2 -p no:hypothesispytest\n")
    result = project.pytester.runpytest_subprocess("--pflow-init=flows/pure.json")
    result.stdout.fnmatch_lines(["wrote flows/pure.test.yaml"])


def test_no_secret_in_first_case(project, monkeypatch):
    """Outputs with secrets are not written down as expectations."""
    monkeypatch.setenv("SERVICE_TOKEN", "token-123456789")
    project.write("leak.json", {"nodes": [{"id": "a", "type": "shell", "params": {"command": "echo $SERVICE_TOKEN"}}]})
    init(project, "leak.json")
    kept = [path.read_text() for path in project.flows.rglob("*") if path.is_file()]
    assert len(kept) == 3
    assert not any("token-123456789" in text for text in kept)
    assert "[redacted]" in json.dumps(kept)


def test_folder_that_takes_no_file(project):
    """Where nothing can be written that is said, and other files are still done."""
    project.write("pure.json", PURE)
    project.write("deep/pure.json", PURE)
    project.write("deep/__traces__", "a file where the folder should be")
    result = init(project, "deep/pure.json", "pure.json")
    assert 1 == result.ret
    result.stdout.fnmatch_lines(
        ["*__traces__*", "no case file was written for flows/deep/pure.json", "wrote flows/pure.test.yaml"]
    )
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
