"""The floors of the two packages, and the size of their rooms."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_FUNCTION = 40
LONGEST_MODULE = 400


def _functions(tree):
    for item in ast.walk(tree):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = item.body[0] if ast.get_docstring(item) else None
            spent = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            yield item.name, item.end_lineno - item.lineno + 1 - spent


def _check(config):
    return cli.lint_imports(config_filename=str(config), no_cache=True, no_logo=True)


@pytest.fixture
def _path_restored(monkeypatch):
    # The linter puts the working folder on the path and leaves it there.
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.usefixtures("_path_restored")
def test_imports_point_down(capsys):
    """Every contract in pyproject.toml is kept."""
    broken = _check(ROOT / "pyproject.toml")
    assert broken == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.usefixtures("_path_restored")
def test_upward_import_is_seen(tmp_path, capsys):
    """A floor that imports from the one above it is found, and named."""
    config = tmp_path / "upside-down.toml"
    layers = "\n".join(f'    "pflow_engine.{name}",' for name in ("errors", "batch"))
    config.write_text(
        "[tool.importlinter]\nroot_package = 'pflow_engine'\n"
        f"[[tool.importlinter.contracts]]\nname = 'upside down'\ntype = 'layers'\nlayers = [\n{layers}\n]\n"
    )
    assert _check(config) == cli.EXIT_STATUS_ERROR
    assert "pflow_engine.batch is not allowed to import pflow_engine.errors" in capsys.readouterr().out


def test_long_function_is_seen():
    """A function is as long as its lines without its docstring."""
    body = "\n".join(["    x = 1"] * 41)
    tree = ast.parse(f'def f():\n    """One.\n\n    Two.\n    """\n{body}\n')
    assert [("f", 42)] == list(_functions(tree))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_rooms_are_small(path):
    """No module has more than 400 lines, no function more than 40 without its docstring."""
    text = path.read_text(encoding="utf-8")
    long_ones = [f"{name}: {lines} lines" for name, lines in _functions(ast.parse(text)) if lines > LONGEST_FUNCTION]
    assert [] == long_ones
    assert text.count("\n") <= LONGEST_MODULE
