from __future__ import annotations

import io
import os
import pickle
import sys

import pytest

from pflow_engine.nodes.builtin import code_runner


@pytest.fixture
def outcome_of(monkeypatch, tmp_path):
    """Run a job here instead of in a process of its own, and put back all that it changes."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))

    def run_here(code, inputs=b"", **given):
        job = pickle.dumps((sys.path, code)) + (inputs or pickle.dumps(given))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(job)))
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
        told = tmp_path / "told"
        code_runner.main(os.open(told, os.O_WRONLY | os.O_CREAT))
        return pickle.loads(told.read_bytes())

    return run_here


def test_result_pickled(outcome_of):
    """The outcome has the result, pickled, and the name of its type."""
    assert {"result": pickle.dumps([2]), "type": "list"} == outcome_of("result = [x]", x=2)


def test_no_result(outcome_of):
    """Without a result it has an error."""
    assert {"error": "the code set no 'result'"} == outcome_of("")


def test_raised_error(outcome_of):
    """An exception comes as its text and its traceback."""
    outcome = outcome_of("x = 1\nx.y")
    assert "AttributeError: 'int' object has no attribute 'y' (line 2)" == outcome["error"]
    assert ["<code>"] == [line.split('"')[1] for line in outcome["traceback"].splitlines() if "File" in line]


def test_linked_errors(outcome_of):
    """Causes, contexts and groups are shown with frames of the code alone."""
    code = "try:\n  import no.such\nexcept ImportError as e:\n  raise ExceptionGroup('g', [e]) from e"
    outcome = outcome_of(code)
    assert "ExceptionGroup: g (1 sub-exception) (line 4)" == outcome["error"]
    assert 2 == outcome["traceback"].count("line 2, in")
    assert "importlib" not in outcome["traceback"]


def test_does_not_parse(outcome_of):
    """Code that does not parse has the line in the error."""
    assert "SyntaxError: invalid syntax (line 2)" == outcome_of("\nx =")["error"]


def test_silent_exit(outcome_of):
    """An exception without a text is its type."""
    assert "SystemExit (line 1)" == outcome_of("raise SystemExit")["error"]


def test_not_picklable(outcome_of):
    """A result that cannot be pickled is told with its type."""
    assert outcome_of("result = lambda: 0")["error"].startswith("the result of type function cannot be handed on")


def test_unreadable_inputs(outcome_of):
    """Inputs that cannot be read here are an error."""
    expected = "the inputs cannot be read in the code's process: ModuleNotFoundError: No module named 'nowhere'"
    assert {"error": expected} == outcome_of("", inputs=b"cnowhere\nThing\n.")


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("data: list", [1]),
        ("data: list[int]", [1]),
        ("data: dict", "[1]"),
        ("data: str", "[1]"),
        ("data: list = data", "[1]"),
        ("data = data", "[1]"),
    ],
)
def test_declared_list(outcome_of, declaration, expected):
    """Text is parsed for an input that is declared a list, and for no other."""
    assert pickle.dumps(expected) == outcome_of(f"{declaration}\nresult = data", data="[1]")["result"]


@pytest.mark.parametrize("given", ["no json", 5])
def test_declared_but_other(outcome_of, given):
    """What is no JSON text stays what it is."""
    assert pickle.dumps(given) == outcome_of("data: list\nresult = data", data=given)["result"]
