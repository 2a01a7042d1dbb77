"""A plugin that is installed."""

import os
import subprocess
import sys

import pytest

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "pflow-greeting"
version = "1.0"

[project.entry-points.pflow_engine]
greeting = "pflow_greeting"
"""

PLUGIN = """\
from pflow_engine import hookimpl, node


@node("greet", outputs={"said": str})
def greet(name: str) -> dict:
    return {"said": f"hello {name}"}


@hookimpl
def pflow_register_nodes(registry):
    registry.register("greet", greet)
"""

SCRIPT = """\
from pflow_engine import run

print(run({"nodes": [{"id": "n", "type": "greet", "params": {"name": "Ada"}}]}).outputs["said"])
"""


@pytest.fixture
def site(tmp_path):
    """A folder with the plugin installed in it, and nothing else."""
    source, target = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "pflow_greeting.py").write_text(PLUGIN)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    quiet = ["--disable-pip-version-check", "--no-cache-dir", "--target", str(target), str(source)]
    subprocess.run([*command, *quiet], check=True, capture_output=True, timeout=120)
    return target


def test_default_finds_it(site):
    """The default registry has the types of installed plugins."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout == "hello Ada\n"
