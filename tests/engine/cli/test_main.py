"""The command as a whole: help, start-up, exit codes, bugs."""

import json
import subprocess
import sys

import pytest

from pflow_engine.cli.main import command

HEAVY = ("pytest", "rich", "dask", "distributed", "mcp", "httpx", "hypothesis", "syrupy")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["nodes", "echo"], ["completion", "bash"]])
def test_start_up_is_light(arguments):
    """What needs none of them loads none of the heavy libraries."""
    script = (
        "import sys\nfrom pflow_engine.cli.main import ended\n"
        f"ended({arguments})\nprint([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == shown.stderr


def test_help_has_codes(called):
    """The help has the exit codes, and every sub-command."""
    code, out, err = called("--help")
    assert (0, "") == (code, err)
    assert "  3    degraded: some items of a batch failed (0 with --allow-degraded)\n" in out
    for name in ("run", "validate", "describe", "nodes", "convert", "mcp", "completion"):
        assert f"\n  {name} " in out


def test_version(called):
    """The version is the distribution's."""
    assert (0, "pflow-testkit, version 0.1.0\n", "") == called("--version")


@pytest.mark.parametrize(
    "arguments", [[], ["rn"], ["run"], ["run", "triage.json", "--jso"], ["validate"], ["completion", "tcsh"]]
)
def test_usage(called, arguments):
    """A command line that is none is told on stderr, with code 2."""
    code, out, err = called(*arguments)
    assert (2, "") == (code, out)
    assert err.startswith("Usage: pflow-testkit ")


def test_bug(called, monkeypatch):
    """A bug of ours is one line that says where, and no traceback."""

    def crash(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr("pflow_engine.cli.describe.validate", crash)
    code, out, err = called("describe", "triage.json")
    assert (1, "") == (code, out)
    assert err.startswith("error: RecursionError at test_main.py:")
    assert err.endswith(": too deep\nThis is a mistake of pflow-testkit: please report it.\n")


def test_interrupted_early(called, monkeypatch):
    """Ctrl-C before anything runs is told in a word."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pflow_engine.cli.run.load", interrupt)
    assert (130, "", "interrupted\n") == called("run", "triage.json")


def test_aborted(called, monkeypatch):
    """Ctrl-C that comes before there is a sub-command is told in a word, too."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "main", interrupt)
    assert (130, "", "interrupted\n") == called("nodes")


def test_few_characters(process):
    """A stream that cannot hold a character gets its number."""
    code, out, err = process("run", "triage.json", "since=v", env={"PYTHONIOENCODING": "ascii"})
    assert (0, "2\n") == (code, out)
    assert err.startswith("\\u2713 Workflow completed in ")


def test_mcp(process):
    """The server answers on stdout, and ends with its stdin."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    code, out, _ = process("mcp", stdin=json.dumps(hello).encode() + b"\n")
    assert (0, 1) == (code, json.loads(out.splitlines()[0])["id"])


def test_mcp_missing(process, tmp_path):
    """Without the extra the error says how to install it."""
    (tmp_path / "site" / "mcp.py").write_text("raise ImportError('No module named mcp')")
    code, out, err = process("mcp", stdin=b"")
    assert (2, "") == (code, out)
    assert err.endswith("hint: pip install 'pflow-testkit[mcp]'\n")
