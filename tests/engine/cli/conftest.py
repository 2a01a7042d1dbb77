"""The command line as a process of its own, and in this one; a project in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from pflow_engine.cli.main import ended

PATIENCE = 60
PLUGIN = """\
import os
import sys
import threading

from pflow_engine import Node, node


@node("noisy", outputs={"value": int})
def noisy() -> dict:
    print("said to stdout")
    return {"value": 7}


@node("broken")
def broken() -> dict:
    return {}[1]


@node("odd", outputs={"value": int})
def odd(item: int) -> dict:
    if item % 2 == 0:
        raise ValueError(f"{item} is even")
    return {"value": item}


class Waits(Node):
    def post(self, shared, prepared, executed):
        open("waiting", "w").close()
        self.context.cancel.wait(60)


def pflow_register_nodes(registry):
    for name, source in {"noisy": noisy, "broken": broken, "odd": odd, "waits": Waits}.items():
        registry.register(name, source)
"""
TRIAGE = {
    "name": "triage",
    "inputs": {
        "since": {"type": "string", "description": "The release."},
        "least": {"type": "integer", "default": 1},
    },
    "nodes": [
        {"id": "fetch", "type": "echo", "params": {"commits": ["a", "b"], "since": "${since}"}},
        {
            "id": "label",
            "type": "echo",
            "params": {"text": "${commit}", "least": "${least}"},
            "batch": {"items": "${fetch.commits}", "as": "commit", "parallel": True},
        },
    ],
    "outputs": {"count": {"type": "integer", "source": "${label.success_count}"}},
}


class Ended(NamedTuple):
    """How a command ended, and what it left on the two streams."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """An empty folder to stand in, with the file ``triage.json``; nobody has a say about colours."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "triage.json").write_text(json.dumps(TRIAGE, indent=1))
    return folder


@pytest.fixture
def called():
    """``called("run", "triage.json", stdin=b"…")``: how it ended, in this process."""

    def call(*arguments, stdin=b""):
        with CliRunner().isolation(input=stdin) as (out, err, _):
            code = ended([str(argument) for argument in arguments])
        return Ended(code, out.getvalue().decode(), err.getvalue().decode())

    return call


@pytest.fixture
def start(tmp_path):
    """``start("run", "triage.json", **of_popen)``: the command as a process, with a plugin's node types installed."""
    site = tmp_path / "site"
    (site / "nodes_of_ours-1.dist-info").mkdir(parents=True)
    (site / "nodes_of_ours.py").write_text(PLUGIN)
    (site / "nodes_of_ours-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: nodes-of-ours\nVersion: 1\n"
    )
    (site / "nodes_of_ours-1.dist-info" / "entry_points.txt").write_text("[pflow_engine]\nours = nodes_of_ours\n")
    started = []

    def begin(*arguments, env=None, **options):
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        paths = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pflow_engine", *map(str, arguments)]
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths, **(env or {})}, **given))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(PATIENCE)
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stream.close()


@pytest.fixture
def process(start):
    """``process("run", "triage.json", stdin=b"…")``: how it ended, as a process of its own."""

    def run(*arguments, stdin=None, **options):
        given = {"stdin": subprocess.PIPE} if stdin is not None else {}
        begun = start(*arguments, **given, **options)
        out, err = begun.communicate(stdin, PATIENCE)
        return Ended(begun.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
def write(project):
    """``write([node, …], **ir)``: the file of a workflow, ``w.json``; its name."""

    def put(nodes, name="w.json", **ir):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({"nodes": nodes, **ir}))
        return name

    return put
