"""One fault of a file to write is one message, whichever option names it."""

import os

import pytest

OPTIONS = {
    "--pflow-cov=json:": "json",
    "--pflow-report=": "html",
    "--pflow-sarif=": "sarif",
    "--pflow-summary=": "md",
}
every_option = pytest.mark.parametrize("option", OPTIONS)


@pytest.fixture
def refused(project):
    """Runs pytest, which is to refuse its options, and gives what it says, line by line."""
    project.hello()

    def run(*options):
        result = project.run("--pflow-against=HEAD", *options)
        assert pytest.ExitCode.USAGE_ERROR == result.ret
        result.stdout.no_fnmatch_line("*passed*")
        return [line.removeprefix("ERROR: ") for line in result.errlines if line]

    return run


@every_option
def test_no_folder(project, refused, option):
    """A file in a folder that is not there."""
    name = f"no/x.{OPTIONS[option]}"
    said = f"{option}{name}: there is no folder '{project.pytester.path / 'no'}'; make it first"
    assert [said] == refused(option + name)


@every_option
def test_is_a_folder(project, refused, option):
    """A folder where a file is wanted."""
    name = f"taken.{OPTIONS[option]}"
    (project.pytester.path / name).mkdir()
    assert [f"{option}{name}: this is a folder; name a file in it"] == refused(option + name)


@pytest.mark.parametrize("option", ["--pflow-report=", "--pflow-sarif=", "--pflow-summary=", "--pflow-cov=json: "])
def test_no_name(refused, option):
    """No name at all."""
    assert [f"{option}: takes a file, and got an empty name"] == refused(option)


@every_option
def test_shut_folder(project, refused, monkeypatch, option):
    """A file in a folder that may not be written, even where the file is there."""
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode != os.W_OK and allowed(path, mode, **more))
    name = f"x.{OPTIONS[option]}"
    (project.pytester.path / name).touch()
    said = f"{option}{name}: the folder '{project.pytester.path}' may not be written"
    assert [said] == refused(option + name)


def test_shut_device(refused, monkeypatch):
    """A device that may not be written."""
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode != os.W_OK and allowed(path, mode, **more))
    said = "--pflow-cov=json:/dev/null: this may not be written"
    assert [said] == refused("--pflow-cov=json:/dev/null")


def test_lost_link(project, refused):
    """A link is what it leads to."""
    (project.pytester.path / "x").symlink_to(project.pytester.path / "no" / "x")
    (said,) = refused("--pflow-summary=x")
    assert said.startswith("--pflow-summary=x: there is no folder '")


def test_all_at_once(refused):
    """Every file of a feature that cannot be written is told."""
    assert 2 == len(refused("--pflow-cov=json:no/x", "--pflow-cov=html:no/y"))
    assert 2 == len(refused("--pflow-sarif=no/x", "--pflow-summary=no/y"))
    assert 2 == len(refused("--pflow-cov=xml", "--pflow-cov=yaml"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("--pflow-sarif=x", "--pflow-summary=./x"),
        ("--pflow-summary=x", "--pflow-cov=lcov:x"),
        ("--pflow-cov=json:x", "--pflow-cov=lcov:flows/../x"),
        ("--pflow-cov=html:x.html", "--pflow-report=x.html"),
    ],
)
def test_same_file(refused, one, other):
    """Two options that would write over each other's file."""
    assert [f"{one} and {other} name the same file"] == refused(one, other)


@pytest.mark.parametrize("option", ["--pflow-cov=json:", "--pflow-sarif=", "--pflow-summary="])
@pytest.mark.parametrize("name", ["hello.json", "hello.test.yaml"])
def test_workflow_is_kept(project, refused, ada, option, name):
    """A workflow, or its case file, that is named by mistake is not written over."""
    project.hello(ada)
    before = (project.flows / name).read_text()
    given = f"{option}./flows/../flows/{name}"
    said = "this lies among the workflows, and would be written over; name another file"
    assert [f"{given}: {said}"] == refused(given)
    assert before == (project.flows / name).read_text()


@pytest.mark.parametrize("broken", ["{", '{"nodes": []}'])
def test_broken_workflow_is_kept(project, refused, broken):
    """So is one that is being written."""
    project.write("b.json", broken)
    (said,) = refused("--pflow-cov=json:flows/b.json")
    assert "would be written over" in said


def test_last_report_is_replaced(project, ada):
    """A report of the last run among the workflows is no workflow."""
    project.hello(ada)
    project.write("notes.txt", "")
    for _ in range(2):
        project.run("--pflow-cov=json:flows/cov.json", "--pflow-cov=lcov:flows/notes.txt").assert_outcomes(passed=2)
    assert "hello.json" in (project.flows / "cov.json").read_text()
    assert "hello.json" in (project.flows / "notes.txt").read_text()
