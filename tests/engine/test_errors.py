"""Problems as records and as text."""

import pickle

import pytest

from pflow_engine.errors import (
    InvalidWorkflow,
    NodeFailed,
    PflowError,
    Position,
    Problem,
    did_you_mean,
    nearest,
)


def _problem(source, column, **fields):
    return Problem("code", "wrong", file="f.json", position=Position(3, column), source=source, **fields)


def test_full_text():
    """A problem shows its place, its line with a caret, its path and its hint."""
    problem = _problem('{"a": 1}', 7, path="nodes[0].a", hint="mend it")
    expected = 'f.json:3:7: error: wrong [code]\n  3 | {"a": 1}\n    |       ^\n  at nodes[0].a\n  hint: mend it'
    assert expected == str(problem)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem("c", "m"), "error: m [c]"),
        (Problem("c", "m", file="f"), "f: error: m [c]"),
        (Problem("c", "m", severity="warning"), "warning: m [c]"),
        (Problem("c", "m", file="f", position=Position(1, 1)), "f:1:1: error: m [c]"),
    ],
)
def test_partial_text(problem, expected):
    """What is not known is not shown."""
    assert expected == str(problem)


@pytest.mark.parametrize(
    ("source", "column", "pad"),
    [
        ("abc", 3, "  "),
        ("\tx", 2, "\t"),
        ("日本x", 3, "    "),
        ("e\u0301x", 3, " "),
        ("😀x", 2, "  "),
    ],
)
def test_caret_width(source, column, pad):
    """The caret stands under its column whatever the width of the characters before it."""
    assert f"    | {pad}^" == str(_problem(source, column)).splitlines()[2]


def test_caret_of_cut_line():
    """Of a cut line the caret counts in what is shown."""
    assert "    |  ^" == str(_problem("…x…", 500, caret=2)).splitlines()[2]


@pytest.mark.parametrize(
    ("char", "shown"),
    [("\x1b", "\\x1b"), ("\r", "\\r"), ("\ud800", "\\ud800"), ("\u202e", "\\u202e"), ("\n", "\n"), ("é", "é")],
)
def test_control_characters(char, shown):
    """Nothing in a message can move a terminal's cursor or fail to encode."""
    assert f"error: a{shown}b [c]" == str(Problem("c", f"a{char}b"))


def test_control_character_in_source():
    """In the source line a control character is one column wide."""
    assert "  3 | a\ufffdb" == str(_problem("a\x1bb", 3)).splitlines()[1]


def test_all_problems():
    """An error's text has every problem."""
    error = PflowError([Problem("a", "one"), Problem("b", "two")])
    assert "error: one [a]\nerror: two [b]" == str(error)


def test_one_problem():
    """A single problem needs no list."""
    problem = Problem("a", "one")
    assert (problem,) == PflowError(problem).problems


def test_summary():
    """The summary is the messages in one line."""
    assert "one; two" == PflowError([Problem("a", "one"), Problem("b", "two")]).summary


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([Problem("w", "m", severity="warning"), Problem("e", "m")], "e"),
        ([Problem("w", "m", severity="warning")], ""),
        ([], ""),
    ],
)
def test_code(problems, expected):
    """The code is that of the first error; a warning has none to give."""
    assert expected == PflowError(problems).code


@pytest.mark.parametrize(
    "error", [InvalidWorkflow(Problem("a", "one")), NodeFailed(Problem("a", "b"), node_id="n", index=3)]
)
def test_pickle(error):
    """An error survives the way to another process."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(error), error.problems, error.__dict__) == (type(copy), copy.problems, copy.__dict__)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shel", ["shell"]),
        ("Read_File", ["read-file"]),
        ("write", ["write-file"]),
        ("xyz", []),
        ("wr", []),
        ("", []),
    ],
)
def test_nearest(name, expected):
    """The nearest name is found through case, dashes, typos and a missing end."""
    assert expected == nearest(name, ["shell", "read-file", "write-file"])


def test_nearest_several():
    """As many names as asked for, best first."""
    assert ["move-file", "remove-file"] == nearest("mov-file", ["remove-file", "move-file", "http"], count=2)


def test_nearest_of_thousands():
    """Among thousands only those with the same first letter are compared."""
    known = [*(f"x{number}" for number in range(5000)), "fetch"]
    assert ["fetch"] == nearest("fecth", known)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("shel", ["shell", "http"], "did you mean 'shell'? known: http, shell"),
        ("q", ["shell", "http"], "known: http, shell"),
        ("q", [], ""),
        (
            "q",
            [f"n{number:02}" for number in range(22)],
            f"known: {', '.join(f'n{n:02}' for n in range(20))} and 2 more",
        ),
    ],
)
def test_did_you_mean(name, known, expected):
    """The hint names the nearest and what there is, and stays short."""
    assert expected == did_you_mean(name, known)
