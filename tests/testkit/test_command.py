"""The command as it is installed."""

import os
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from pflow_testkit.command import main; main()"]


def _ended(*arguments, **env):
    done = subprocess.run(
        [*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **env}
    )
    return done.returncode, done.stdout, done.stderr


def test_is_the_command_line():
    """It takes the engine's commands, and gives their exit codes."""
    code, out, err = _ended("nodes", "echo")
    assert (0, "echo", "") == (code, out.splitlines()[0], err)
    assert 2 == _ended("run", "no.json")[0]


def test_interrupted_while_starting(tmp_path):
    """Ctrl-C while modules are imported shows no traceback."""
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    assert (130, "", "interrupted\n") == _ended("nodes", PYTHONPATH=str(tmp_path))
