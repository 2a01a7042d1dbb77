"""Every problem of files and folders."""

import json

import pytest

BAD = [{"id": "n", "type": "eco"}]
GOOD = [{"id": "n", "type": "echo"}]


def test_sound(called):
    """A sound file leaves nothing on stdout."""
    assert (0, "", "1 workflow, 0 errors\n") == called("validate", "triage.json")


def test_all_of_all_files(called, write, project):
    """All problems of all files are told, with their places; stdout has nothing else."""
    write(BAD, "a/one.json")
    (project / "a" / "two.yaml").write_text("nodes:\n- {id: n, type: echo\n")
    (project / "no.json").write_text("[]")
    code, out, err = called("validate", "a", "triage.json", "no.json")
    assert (1, "2 workflows, 3 errors\n") == (code, err)
    assert [
        "a/one.json:1:32: error",
        "a/two.yaml:3:1: error",
        "no.json:1:1: error",
    ] == [line.rpartition(": error")[0] + ": error" for line in out.splitlines() if ": error" in line]


def test_json(called, write):
    """With --json the problems are JSON, also where there are none."""
    code, out, err = called("validate", write(BAD), "--json")
    assert (1, ["unknown-type"], "") == (code, [each["code"] for each in json.loads(out)["problems"]], err)
    assert (0, {"problems": []}, "") == (0, json.loads(called("validate", "triage.json", "--json").out), "")


def test_no_workflow_in_folder(called, write, project):
    """What is no workflow is passed over in a folder, and refused where it is named."""
    (project / "package.json").write_text("{}")
    (project / "triage.test.yaml").write_text("cases: []")
    assert 0 == called("run", "triage.json", "since=v", "--trace", "t.json").code
    assert (0, "", "1 workflow, 0 errors\n") == called("validate", ".")
    code, out, _ = called("validate", "t.json")
    assert (1, "t.json:1:1: error: no workflow: it is the trace of a run [no-nodes]") == (code, out.splitlines()[0])


@pytest.mark.parametrize("name", ["no.json", "empty"])
def test_not_there(called, project, name):
    """A file that is not there, and a folder without a workflow, are mistakes of the call; the others are looked at."""
    (project / "empty").mkdir()
    code, out, err = called("validate", name, "triage.json")
    assert (2, "1 workflow, 1 error\n") == (code, err)
    assert out.startswith(f"{name}: error: ")


def test_nothing_named(called):
    """No name at all, of a variable that is not set, is not the folder one stands in."""
    assert (2, "0 workflows, 1 error\n") == called("validate", "")[::2]


def test_unreadable_folder(called, project, monkeypatch):
    """A folder that cannot be read is a mistake of the call."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "shut")

    monkeypatch.setattr("pflow_engine.cli.validate.workflow_files", refuse)
    code, out, _ = called("validate", ".")
    assert (2, "shut: error: cannot be read: permission denied [unreadable]") == (code, out.splitlines()[0])


def test_warnings_pass(called, write):
    """Warnings are told, and stop nothing."""
    code, out, err = called("validate", write(GOOD, inputs={"x": {"default": 1}}))
    assert (0, "1 workflow, 0 errors\n") == (code, err)
    assert "warning: input 'x' is never used" in out


def test_told_once(called, write):
    """A file that is named twice, or nested by another one, is told of once."""
    write(BAD, "f/kid.json")
    write([{"id": "s", "type": "workflow", "params": {"workflow_ref": "kid.json"}}], "f/top.json")
    _, out, _ = called("validate", "f", "f/kid.json")
    assert 1 == out.count("[unknown-type]")
    assert 1 == out.count("[nested-workflow]")
