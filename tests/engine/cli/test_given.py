"""Inputs on the command line: NAME=VALUE, files and stdin."""

import json
import subprocess
import sys

import pytest

ECHO = [{"id": "n", "type": "echo", "params": {"x": "${x}"}}]


def _declared(**fields):
    return {"inputs": {"x": fields}, "outputs": {"x": {"source": "${n.x}"}}}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("string", "5", "5"),
        ("string", "a=b", "a=b"),
        ("string", "@@x", "@x"),
        ("string", "-", "-"),
        ("integer", "-5", "-5"),
        ("number", "1.5", "1.5"),
        ("boolean", "true", "true"),
        ("array", "[1]", "[\n  1\n]"),
        ("object", "{}", "{}"),
        ("any", "[1]", "[1]"),
    ],
)
def test_by_type(called, write, kind, text, expected):
    """A value is read by the type that its input declares."""
    assert (0, f"{expected}\n") == called("run", write(ECHO, **_declared(type=kind)), f"x={text}")[:2]


def test_empty(called, write):
    """An empty value is a value; an empty output is nothing to show."""
    ended = called("run", write(ECHO, **_declared(default="none")), "x=")
    assert (0, "") == ended[:2]
    assert {"x": ""} == json.loads(called("run", "w.json", "x=", "--json").out)["outputs"]


def test_undeclared(called, write):
    """A workflow that declares no inputs takes any, as text."""
    assert (0, "[1]\n") == called("run", write(ECHO), "x=[1]")[:2]


def test_all_problems(called, project):
    """Everything that is wrong with the inputs is told at once, and nothing that is not."""
    (project / "bad").write_bytes(b"\xff")
    code, out, err = called("run", "triage.json", "since=@no", "least=x", "leas=1", "word", "least=2", "a=@bad", "=b")
    assert (2, "") == (code, out)
    assert [
        "error: input 'since': no cannot be read: no such file or directory [input-file]",
        "error: 'word' is not NAME=VALUE [input-word]",
        "error: 'least' is given twice [input-twice]",
        "error: input 'a': bad cannot be read: not UTF-8, at byte 0 [input-file]",
        "error: '=b' is not NAME=VALUE [input-word]",
        "triage.json:3:12: error: the workflow declares no input 'leas' [unknown-input]",
        "triage.json:8:3: error: input 'least' takes integer, got string 'x' [input-type]",
    ] == [line for line in err.splitlines() if "error: " in line]


def test_forgotten_equals(called):
    """A word that is almost the name of an input is told so."""
    assert "hint: did you mean 'since=…'?" in called("run", "triage.json", "sinse").err


def test_missing(called):
    """A required input that is missing is named."""
    code, out, err = called("run", "triage.json")
    assert (2, "") == (code, out)
    assert err.startswith("triage.json:4:3: error: required input 'since' is missing (The release.) [missing-input]\n")


def test_missing_as_json(called):
    """With --json what is wrong with the inputs is JSON."""
    code, out, err = called("run", "triage.json", "--json")
    assert (2, ["missing-input"], "") == (code, [each["code"] for each in json.loads(out)["problems"]], err)


def test_output_of_node(called):
    """Outputs of nodes are given to one that runs alone."""
    code, _, err = called("run", "triage.json", "since=1", "fetch.commits=[]")
    assert (2, "error: 'fetch.commits' is an output of a node, which the run makes itself [input-name]") == (
        code,
        err.splitlines()[0],
    )


def test_file(called, write, project):
    """The text of a file is taken as it is."""
    (project / "x.txt").write_bytes("é\r\n".encode())
    told = called("run", write(ECHO, **_declared()), "x=@x.txt", "--json").out
    assert {"x": "é\r\n"} == json.loads(told)["outputs"]


@pytest.mark.parametrize("word", ["x=@-", "x=-"])
def test_stdin_named(process, write, word):
    """What comes on stdin is taken where it is named."""
    assert (0, "hey\n") == process("run", write(ECHO, **_declared(stdin=True)), word, stdin=b"hey")[:2]


def test_stdin_of_any(process, write):
    """Any input may be named to take stdin."""
    assert (0, "7\n") == process("run", write(ECHO, **_declared(type="integer")), "x=@-", stdin=b"7\n")[:2]


def test_piped_in(process, write):
    """An input that declares stdin takes what is piped in, and no other input does."""
    file = write(ECHO, **_declared(stdin=True, default="none"))
    assert (0, "hey\n") == process("run", file, stdin=b"hey")[:2]
    assert (0, "given\n") == process("run", file, "x=given", stdin=b"hey")[:2]
    assert (0, "none\n") == process("run", write(ECHO, **_declared(default="none")), stdin=b"hey")[:2]


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE])
def test_nothing_piped_in(start, write, stdin):
    """Nothing, or an empty pipe, leaves the default."""
    process = start("run", write(ECHO, **_declared(stdin=True, default="none")), stdin=stdin)
    assert b"none\n" == process.communicate(timeout=60)[0]


def test_no_stdin(write, project):
    """A process without a stdin runs."""
    write(ECHO, **_declared(stdin=True, default="none"))
    script = "import sys; sys.stdin = None\nfrom pflow_engine.cli import main\nmain(['run', 'w.json'])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert b"none\n" == shown.stdout


def test_redirected_file(start, write, project):
    """A file on stdin is piped in, too."""
    (project / "x.txt").write_text("from a file")
    with (project / "x.txt").open() as file:
        process = start("run", write(ECHO, **_declared(stdin=True)), stdin=file)
        assert b"from a file\n" == process.communicate(timeout=60)[0]


@pytest.mark.parametrize("words", [[], ["x=@-", "y=@-"]])
def test_stdin_twice(process, write, words):
    """Only one input can take what comes on stdin."""
    both = {"x": {"stdin": True}, "y": {"stdin": True}}
    node = {"id": "n", "type": "echo", "params": {"x": "${x}${y}"}}
    code, out, err = process("run", write([node], inputs=both), *words, stdin=b"hey")
    assert (2, "") == (code, out)
    assert err.startswith("error: 'x' and 'y' all take what comes on stdin [input-stdin]\n")


def test_stdin_no_text(process, write):
    """Bytes on stdin that are no UTF-8 are told."""
    code, out, err = process("run", write(ECHO, **_declared(stdin=True)), stdin=b"a\xff")
    assert (2, "") == (code, out)
    assert (
        "error: input 'x': stdin cannot be read: not UTF-8, at byte 1 [input-file]\n  hint: save it as UTF-8\n" == err
    )
