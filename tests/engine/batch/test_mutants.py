"""The mutant script is about the sources as they are, and tells a test that notices from one that does not."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("mutants.py")
ROOT = SCRIPT.parents[3]


def _loaded():
    spec = importlib.util.spec_from_file_location("mutants", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _loaded()
each = pytest.mark.parametrize("mutant", script.MUTANTS, ids=lambda mutant: mutant.name)


@pytest.fixture
def source():
    """``source(mutant)``: the text of its file."""
    return lambda mutant: (ROOT / "src/pflow_engine" / mutant.file).read_text(encoding="utf-8")


def _run(*names):
    command = [sys.executable, str(SCRIPT), *names]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_many():
    """There are thirty mutants and more, each with a name of its own."""
    assert 30 <= len(script.MUTANTS) == len({mutant.name for mutant in script.MUTANTS})


@each
def test_place_is_there(source, mutant):
    """A mutant changes one place, which occurs once in its file, to something else that Python reads."""
    assert 1 == source(mutant).count(mutant.old)
    changed = source(mutant).replace(mutant.old, mutant.new)
    assert ast.dump(ast.parse(source(mutant))) != ast.dump(ast.parse(changed))


@each
def test_test_is_there(mutant):
    """The test that is to notice a mutant exists."""
    path, _, name = mutant.test.partition("::")
    tree = ast.parse((ROOT / "tests/engine" / path).read_text(encoding="utf-8"))
    assert name in [item.name for item in tree.body if isinstance(item, ast.FunctionDef)]


def test_lost_place(monkeypatch, capsys):
    """Where the place of a mutant is gone nothing is run, and it is named: the script ends with 2."""
    monkeypatch.setattr(script, "MUTANTS", (script.MUTANTS[0]._replace(name="lost", old="no such place"),))
    assert script.main([]) == 2
    assert "lost: its place occurs 0 times in wrappers/items.py" in capsys.readouterr().err


def test_noticed():
    """The script names the test that noticed, and ends well."""
    ended = _run("index-from-one")
    noticed = "index-from-one | batch/test_spec.py::test_index_counts_items[sequential]\n1 mutants, 0 survived\n"
    assert (noticed, "", 0) == (ended.stdout, ended.stderr, ended.returncode)


def test_unnoticed(monkeypatch, capsys):
    """A mutant that no test noticed is named with the sentence it broke, and the script ends with 1."""
    harmless = script.MUTANTS[0]._replace(name="harmless", old="def _parsed", new="def  _parsed")
    monkeypatch.setattr(script, "MUTANTS", (harmless,))
    assert script.main([]) == 1
    assert f"harmless | SURVIVED: {harmless.sentence}\n1 mutants, 1 survived\n" == capsys.readouterr().out


def test_unsound(monkeypatch, capsys):
    """Where the tests fail on the sources as they are, no mutant is run: the script ends with 2."""
    gone = script.MUTANTS[0]._replace(test="batch/test_spec.py::test_that_is_not_there")
    monkeypatch.setattr(script, "MUTANTS", (gone,))
    assert (2, "") == (script.main([]), capsys.readouterr().out)


def test_unknown_name():
    """A name that no mutant has is refused, not passed over."""
    ended = _run("no-such-mutant")
    assert (2, True) == (ended.returncode, "there is no mutant no-such-mutant" in ended.stderr)
