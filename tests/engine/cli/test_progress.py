"""Bars on a real terminal."""

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
ECHO = {"type": "echo", "params": {"x": "${item}"}}


@pytest.fixture
def on_terminal(start):
    """``on_terminal("run", …)``: the exit code, stdout, and what a terminal on stderr got."""
    import pty  # noqa: PLC0415  # not everywhere

    def run(*arguments, **env):
        ours, theirs = pty.openpty()
        process = start(*arguments, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "100", **env})
        os.close(theirs)
        err = b""
        while data := _read(ours):
            err += data
        os.close(ours)
        return process.wait(60), process.stdout.read().decode(), err.decode()

    return run


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux has it so when the other side is closed
        return b""


@pytest.fixture
def file(write):
    """A batch some items of which fail, and a batch of workflows with a batch in each."""
    write([{"id": "in", "batch": {"items": [1, 2]}, **ECHO}], "kid.json")
    batch = {"items": [1, 2, 3], "error_handling": "continue"}
    return write(
        [
            {"id": "b[red]", "type": "odd", "params": {"item": "${item}"}, "batch": batch},
            {"id": "sub", "type": "workflow", "params": {"workflow_ref": "kid.json"}, "batch": {"items": [1, 2]}},
            {"id": "end", "type": "noisy"},
        ],
        outputs={"n": {"source": "${end.value}"}},
    )


def _frames(err):
    """What bars stood there, one after the other: name and count."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err)
    return re.findall(r"(\S+) +[━╸╺]+ +(\d+/\d+)(?: +(\d failed))?", plain)


def test_bars(on_terminal, file):
    """Each running batch has a bar, nested ones too; they are gone in the end, and the cursor is back."""
    code, out, err = on_terminal("run", file)
    assert (3, "7\n") == (code, out)
    frames = _frames(err)
    assert {"b[red]", "sub", "sub[0]/in", "sub[1]/in"} == {name for name, *_ in frames}
    assert ("b[red]", "0/3", "") == frames[0]
    after = err.rpartition("\x1b[?25h")[2]
    assert [] == _frames(after)
    assert "said to stdout" in err
    assert "✓ Workflow completed in" in after


@pytest.mark.parametrize(("options", "env"), [([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--json"], {})])
def test_no_bars(on_terminal, file, options, env):
    """No bars for programs, for dumb terminals, and for those who want no colours."""
    code, _, err = on_terminal("run", file, *options, **env)
    assert (3, False) == (code, "\x1b" in err)


def test_cursor_after_sigterm(start, write, project):
    """SIGTERM leaves the terminal with its cursor."""
    import pty  # noqa: PLC0415  # not everywhere

    file = write([{"id": "b", "type": "waits", "batch": {"items": [1]}}])
    ours, theirs = pty.openpty()
    process = start("run", file, stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    err = b""
    while not (project / "waiting").exists():
        err += _read(ours)
    process.terminate()
    while data := _read(ours):
        err += data
    os.close(ours)
    assert -15 == process.wait(60)
    assert err.count(b"\x1b[?25l") == err.count(b"\x1b[?25h") == 1


def test_not_loaded(start, file):
    """Where nobody sees bars, what draws them is not loaded."""
    process = start("run", file, env={"PYTHONPROFILEIMPORTTIME": "1"}, stderr=subprocess.PIPE)
    loaded = process.communicate(timeout=60)[1]
    assert b" pflow_engine.cli.progress\n" in loaded
    assert b" rich" not in loaded
