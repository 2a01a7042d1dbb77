"""Files, dicts and texts to Documents."""

import errno
import gc
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pflow_engine.document.load import form_of, from_data, load, locate, parse, read_text
from pflow_engine.errors import InvalidWorkflow

NODES = '{"nodes": [{"id": "a", "type": "echo"}]}'


def _problem(path):
    with pytest.raises(InvalidWorkflow) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem


@pytest.fixture
def write(tmp_path):
    """Writes a file of that name and gives its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("name", ["w.json", "W.JSON", "w.yaml", "w.yml"])
def test_forms(write, name):
    """JSON and YAML are told apart by the file's name."""
    document = load(write(name, NODES))
    assert [{"id": "a", "type": "echo"}] == document.ir["nodes"]
    assert form_of(Path(name)) == document.form


@pytest.mark.parametrize("content", [f"\ufeff{NODES}", NODES.replace(" ", "\r\n"), f"\ufeff{NODES}\r\n"])
@pytest.mark.parametrize("name", ["w.json", "w.yaml"])
def test_marks_and_line_ends(write, name, content):
    """A byte order mark and Windows line ends make no difference."""
    assert [{"id": "a", "type": "echo"}] == load(write(name, content)).ir["nodes"]


@pytest.mark.parametrize(
    ("name", "form"), [("w.pflow.md", "markdown"), ("W.PFLOW.MD", "markdown"), ("README.md", None), (".pflow.md", None)]
)
def test_markdown_by_name(name, form):
    """A Markdown file is a workflow by its double ending alone."""
    assert form == form_of(Path(name))


def test_markdown(write):
    """A Markdown file makes the Document that JSON makes, with places."""
    document = load(write("w.pflow.md", "\ufeff## Steps\r\n\r\n### a\r\n\r\nx\r\n\r\n- type: echo\r\n"))
    assert ("markdown", [{"id": "a", "purpose": "x", "type": "echo"}], []) == (
        document.form, document.ir["nodes"], document.ir["edges"],
    )  # fmt: skip
    assert "echo" == document.text[slice(*document.span(("nodes", 0, "type")))]


def test_markdown_when_read():
    """What reads Markdown is loaded when a Markdown file is read, not before."""
    code = "import sys, pflow_engine; sys.exit(any('.markdown' in name for name in sys.modules))"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_windows_positions(write):
    """Windows line ends do not move positions, nor show in the source line."""
    problem = _problem(write("w.json", '{\r\n  "nodes": [,]\r\n}'))
    assert (2, 13, '  "nodes": [,]') == (problem.position.line, problem.position.column, problem.source)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("triag.json", "did you mean '{folder}/triage.yaml'?"),
        ("triage.json", "did you mean '{folder}/triage.yaml'?"),
        ("zzz.json", ""),
        ("none/zzz.json", "there is no folder {folder}/none either"),
    ],
)
def test_missing_file(write, name, hint):
    """A file that is not there gets the nearest one as its hint."""
    folder = write("triage.yaml", NODES).parent
    problem = _problem(folder / name)
    assert ("no such file", hint.format(folder=folder)) == (problem.message, problem.hint)


def test_link_to_nothing(write):
    """A link that leads nowhere is told as one, and not proposed in its own place."""
    link = write("triage.yaml", NODES).parent / "triages.json"
    link.symlink_to("gone.json")
    problem = _problem(link)
    assert "a link to gone.json, which is not there" == problem.message
    assert f"did you mean '{link.with_name('triage.yaml')}'?" == problem.hint


@pytest.mark.parametrize("name", ["w.json", "w"])
def test_folder(tmp_path, name):
    """A folder is told to be one, whatever its name."""
    (tmp_path / name).mkdir()
    assert "this is a folder, not a file" == _problem(tmp_path / name).message


def test_not_by_name(write):
    """A name with another ending is refused, with the endings there are."""
    problem = _problem(write("w.txt", NODES))
    assert ("file-type", "workflow files end with .json, .yaml, .yml, .pflow.md") == (problem.code, problem.hint)


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (errno.EACCES, "cannot be read: permission denied", "look at its permissions"),
        (errno.EIO, "cannot be read: input/output error", ""),
    ],
)
def test_unreadable(write, monkeypatch, number, message, hint):
    """A file that cannot be read says why in the system's words."""
    path = write("w.json", NODES)

    def refuse(_path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    problem = _problem(path)
    assert ("unreadable", message, hint) == (problem.code, problem.message, problem.hint)


def test_impossible_name():
    """A name no file can have is an error like any other."""
    assert "unreadable" == _problem("a\0b.json").code


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b'{\n "a": "\xe9"}', (2, 8), "not UTF-8: byte 0xe9"),
        (b'\xef\xbb\xbf{"\xc3\xa9": "\xff"}', (1, 8), "not UTF-8: byte 0xff"),
        (NODES.encode("utf-16"), (1, 1), "not UTF-8: byte 0xff"),
    ],
)
def test_wrong_encoding(write, content, place, message):
    """The first byte that is no UTF-8 is named with its place."""
    problem = _problem(write("w.json", content))
    assert (place, message) == ((problem.position.line, problem.position.column), problem.message)
    assert ("UTF-16" in problem.hint) is content.startswith(b"\xff\xfe")


@pytest.mark.parametrize("content", ["", " \n\t\r\n", "\ufeff"])
@pytest.mark.parametrize("name", ["w.json", "w.yaml", "w.pflow.md"])
def test_empty(write, name, content):
    """An empty file says so."""
    problem = _problem(write(name, content))
    assert ("empty", 1) == (problem.code, problem.position.line)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.json", "[]", "no workflow: the top of the file is of type array, not object"),
        ("w.json", '"x"', "no workflow: the top of the file is of type string, not object"),
        ("w.yaml", "# x", "no workflow: there is nothing in the file"),
        ("w.json", '{"node": []}', "no workflow: it has no 'nodes'"),
        ("w.json", '{"ir": {}}', "no workflow: it has no 'nodes'"),
        ("w.json", '{"trace_version": "1", "nodes": []}', "no workflow: it is the trace of a run"),
    ],
)
def test_no_workflow(write, name, content, message):
    """What is no map with nodes is no workflow."""
    problem = _problem(write(name, content))
    assert ("no-nodes", message, 1) == (problem.code, problem.message, problem.position.line)


@pytest.mark.parametrize("source", [NODES, {"nodes": [{"id": "a", "type": "echo"}]}])
def test_from_data(source):
    """A dict and JSON text are the same IR."""
    assert [{"id": "a", "type": "echo"}] == from_data(source).ir["nodes"]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ({"nodes": [{1: "a"}]}, ["key"]),
        ({"nodes": [float("nan"), float("inf")]}, ["number", "number"]),
        ({"nodes": ["\ud800", {"\ud800": 1}]}, ["surrogate", "surrogate"]),
        ({}, ["no-nodes"]),
        ([], ["no-nodes"]),
    ],
)
def test_odd_data(data, codes):
    """What a dict can hold and a file cannot is refused with its path."""
    with pytest.raises(InvalidWorkflow) as caught:
        from_data(data)
    assert codes == [problem.code for problem in caught.value.problems]
    assert {"<ir>"} == {problem.file for problem in caught.value.problems}


def test_data_in_itself():
    """A dict that contains itself is nested too deeply."""
    data = {"nodes": []}
    data["nodes"].append(data)
    with pytest.raises(InvalidWorkflow, match="nested more than 100 levels deep"):
        from_data(data)


def test_read_text(write):
    """A file's text has no mark and plain line ends."""
    assert "a\nb" == read_text(write("w.txt", "\ufeffa\r\nb"))


def test_parse_and_locate():
    """Data and the places of its values come from the same text."""
    assert {"a": 1} == parse("a: 1", "yaml", "f")
    assert (3, 4) == locate("a: 1", "yaml").value(("a",))


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", [NODES, "no: [nodes"])
def test_collector_left_as_it_was(text, enabled):
    """The garbage collector rests while a file is read, and is then as it was before, if the file is refused, too."""
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with suppress(InvalidWorkflow):
            parse(text, "yaml", "w.yaml")
        after = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()
    assert enabled == after
