from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin.shell_node import Shell


def test_success_outputs(run):
    """A command that succeeds leaves what it printed, as it printed it, and no error."""
    ran = run(Shell, command="echo out; echo err >&2")
    assert (None, {"stdout": "out\n", "stderr": "err\n", "exit_code": 0}) == ran


def test_failure_quotes_stderr(run):
    """The error of a failed command has its exit code and the end of what it said."""
    action, outputs = run(Shell, command="echo kept; seq 9 >&2; exit 3")
    assert "error" == action
    assert "Command failed with exit code 3: 7\n8\n9" == outputs["error"]
    assert ("kept\n", 3) == (outputs["stdout"], outputs["exit_code"])


def test_silent_failure(run):
    """A command that fails without a word has an error all the same."""
    assert "Command failed with exit code 1" == run(Shell, command="false")[1]["error"]


def test_long_stderr_cut(run):
    """An error quotes at most 500 characters."""
    _, outputs = run(Shell, command="printf '%0900d' 0 >&2; false")
    assert 500 == len(outputs["error"].removeprefix("Command failed with exit code 1: "))


def test_ignored_failure(run):
    """With ignore_errors any exit code is a success."""
    expected = {"stdout": "", "stderr": "", "exit_code": 4}
    assert (None, expected) == run(Shell, command="exit 4", ignore_errors=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("as it is\n", "as it is\n"),
        ("", ""),
        ({"é": [1, None]}, '{"é": [1, null]}'),
        ([1, "a"], '[1, "a"]'),
        (False, "false"),
        (0, "0"),
        (b"bytes", "bytes"),
        (None, ""),
    ],
)
def test_stdin_forms(run, given, expected):
    """Text goes in as it is, other data as JSON, null as nothing."""
    assert expected == run(Shell, command="cat", stdin=given)[1]["stdout"]


@pytest.mark.parametrize("given", [{1, 2}, "\ud800"])
def test_stdin_refused(run, given):
    """What has no form as text is refused before anything runs."""
    with pytest.raises(Unhealable, match="'stdin' cannot be written as text"):
        run(Shell, command="cat", stdin=given)


def test_large_stdin_streams(run):
    """More than a pipe holds goes in and comes out at the same time."""
    text = "0123456789" * 100_000
    assert text == run(Shell, command="cat", stdin=text)[1]["stdout"]


def test_unread_stdin(run):
    """A command need not read what it is given."""
    assert None is run(Shell, command="exec <&-; true", stdin="x" * 1_000_000)[0]


def test_binary_output(run):
    """Bytes that are no UTF-8 come as base64, and are said to."""
    _, outputs = run(Shell, command=r"printf '\377'; printf '\376' >&2")
    expected = {
        "stdout": "/w==",
        "stdout_is_binary": True,
        "stderr": "/g==",
        "stderr_is_binary": True,
        "exit_code": 0,
    }
    assert expected == outputs


def test_added_environment(run, monkeypatch):
    """Variables are added to those there are; values that are no text become it."""
    monkeypatch.setenv("THERE", "already")
    command = 'echo "$THERE $N $DATA [$NOTHING]"'
    env = {"N": 1, "DATA": {"a": True}, "NOTHING": None}
    assert 'already 1 {"a": true} []\n' == run(Shell, command=command, env=env)[1]["stdout"]


def test_env_as_text(run):
    """A map that came as JSON text is taken for the map."""
    assert "1\n" == run(Shell, command="echo $N", env='{"N": 1}')[1]["stdout"]


def test_working_folder(run, tmp_path, monkeypatch):
    """The command runs in cwd, where ~ is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "inner").mkdir()
    assert f"{tmp_path}/inner\n" == run(Shell, command="pwd", cwd="~/inner")[1]["stdout"]


def test_missing_folder(run, tmp_path):
    """A folder that does not exist is named."""
    action, outputs = run(Shell, command="pwd", cwd=f"{tmp_path}/no")
    assert "error" == action
    expected = {
        "stdout": "",
        "stderr": "",
        "exit_code": 126,
        "error": f"cannot start: no folder '{tmp_path}/no' to start in",
    }
    assert expected == outputs


def test_command_too_long(run):
    """A command longer than the system takes is an error with its reason."""
    assert "cannot start: Argument list too long" == run(Shell, command="#" * 3_000_000)[1]["error"]


def test_command_with_nul(run):
    """A command that no system takes is an error too."""
    assert "cannot start: embedded null byte" == run(Shell, command="echo \0")[1]["error"]


def test_timeout_keeps_output(run):
    """What was printed before the time was up is kept."""
    action, outputs = run(Shell, command="echo early; sleep 30", timeout=0.2)
    assert ("error", "early\n", "timed out after 0.2s") == (action, outputs["stdout"], outputs["error"])


def test_ignored_timeout(run):
    """A timeout is an error even where exit codes are not."""
    assert "error" == run(Shell, command="sleep 30", timeout=0.1, ignore_errors=True)[0]


class _Gate:
    """Where what was started waits to be let through and write; every one of it has it open."""

    def __init__(self, folder):
        self.fifo, self.late = folder / "gate", folder / "late"
        os.mkfifo(self.fifo)
        self.open = f"exec 3<>{self.fifo}"
        self.wait = f"read go <&3; touch {self.late}"

    def landed(self):
        """Let everyone through until nobody is left; whether any of it wrote."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                entry = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return self.late.exists()
            with suppress(BrokenPipeError):  # who had it open a moment ago has gone: look again
                os.write(entry, b"go\n")
            os.close(entry)
        return True


@pytest.fixture
def gate(tmp_path):
    """A gate at which commands wait."""
    return _Gate(tmp_path)


leaver = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who belongs to a session")


@pytest.mark.parametrize(
    "command",
    [
        "{wait}",
        "({wait}) & {wait}",
        "({wait}) >/dev/null 2>&1 & sleep 1000",
        "({wait}) & echo done",
        "exec >&- 2>&-; {wait}",
        pytest.param("timeout 1000 sh -c '{wait}'", marks=leaver),
        pytest.param("(timeout 1000 sh -c '{wait}' &); sleep 1000", marks=leaver),
        pytest.param("(timeout 1000 sh -c '{wait}' &); echo done", marks=leaver),
        pytest.param("setsid sh -c '{wait}' & sleep 1000", marks=leaver),
        pytest.param("sh -c \"setsid sh -c '({wait}) & sleep 1000' & sleep 1000\"", marks=leaver),
    ],
)
def test_no_late_write(run, gate, command):
    """Nothing that the command started is there after the timeout: in its group, in one of its own, or a session."""
    action, outputs = run(Shell, command=f"{gate.open}; {command.format(wait=gate.wait)}", timeout=0.5)
    assert ("error", "timed out after 0.5s") == (action, outputs["error"])
    assert not gate.landed()


def test_background_holds_pipe(run):
    """A background process that keeps the output open is ended at the timeout, not waited for."""
    action, outputs = run(Shell, command="sleep 1000 & echo done", timeout=0.2)
    assert ("error", "done\n", "timed out after 0.2s") == (action, outputs["stdout"], outputs["error"])


def test_escaped_process(run, tmp_path):
    """A process that left the group does not hold the call up past the timeout."""
    late = tmp_path / "late"
    escape = f"import os, time; os.setsid(); print(1, flush=True); time.sleep(3); open({str(late)!r}, 'w')"
    _, outputs = run(Shell, command=f'python3 -c "{escape}" & sleep 30', timeout=0.3)
    assert ("timed out after 0.3s", False) == (outputs["error"], late.exists())


def test_silent_timeout(run):
    """A command that closed its outputs is ended at the timeout as well."""
    action, outputs = run(Shell, command="exec >&- 2>&-; sleep 30", timeout=0.2)
    assert ("error", "timed out after 0.2s") == (action, outputs["error"])


def test_left_running(run, tmp_path):
    """A background process that keeps no output open may outlive its command."""
    done = tmp_path / "done"
    os.mkfifo(done)
    assert None is run(Shell, command=f"(echo alive > {done}) >/dev/null 2>&1 &")[0]
    assert "alive\n" == done.read_text()


def _cancel_when_ready(fifo, settings):
    os.mkfifo(fifo)
    thread = threading.Thread(target=lambda: (fifo.read_text(), settings.cancel.cancel()))
    thread.start()
    return thread


@pytest.mark.parametrize("outputs_closed", ["", "exec >&- 2>&-;"])
def test_cancel_ends_group(run, settings, tmp_path, outputs_closed):
    """A cancel ends the command at once, wherever it is."""
    thread = _cancel_when_ready(tmp_path / "ready", settings)
    action, outputs = run(Shell, command=f"echo go > {tmp_path}/ready; {outputs_closed} sleep 30")
    thread.join()
    assert ("error", "cancelled", -9) == (action, outputs["error"], outputs["exit_code"])


def test_cancelled_before(run, settings, tmp_path):
    """When it is cancelled already nothing is started."""
    settings.cancel.cancel()
    assert "cancelled" == run(Shell, command=f"touch {tmp_path}/started")[1]["error"]
    assert not (tmp_path / "started").exists()


def test_interrupt_ends_group(run, gate):
    """An exception from outside, such as Ctrl-C, leaves nothing running."""

    def interrupt(_signal, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(Shell, command=f"{gate.open}; kill -USR1 $PPID; {gate.wait}")
    signal.signal(signal.SIGUSR1, before)
    assert not gate.landed()


def _open():
    return len(list(Path("/dev/fd").iterdir())), threading.active_count()


def test_no_descriptors_left(run):
    """A run, also one that is stopped, leaves no descriptor and no thread."""
    run(Shell, command="true")
    before = _open()
    run(Shell, command="cat", stdin="x")
    run(Shell, command="sleep 30", timeout=0.05)
    run(Shell, command="true", cwd="/no/such/folder")
    assert before == _open()


@pytest.mark.parametrize("command", ["", " \n"])
def test_empty_command(run, command):
    """An empty command is refused, with what it is for."""
    with pytest.raises(Unhealable, match="'command' is empty") as caught:
        run(Shell, command=command)
    assert "give it: what /bin/sh runs" == caught.value.problems[0].hint


def test_all_problems_told(run):
    """Every param that is wrong is told at once."""
    with pytest.raises(Unhealable) as caught:
        run(Shell, env="no map", timeout=0, cwd=5)
    expected = [
        ("missing-param", "parameter 'command' is missing"),
        ("param-type", "parameter 'cwd' takes string, got integer"),
        ("param-type", "parameter 'env' takes object, got string"),
        ("param-type", "parameter 'timeout' takes seconds above 0 and up to 1000000, got 0"),
    ]
    assert expected == [(problem.code, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), True, "30"])
def test_timeout_refused(run, timeout):
    """A timeout is a number of seconds that can be waited for."""
    with pytest.raises(Unhealable, match="'timeout' takes"):
        run(Shell, command="true", timeout=timeout)


def test_null_left_out(run):
    """A null is the same as leaving the param out."""
    assert None is run(Shell, command="true", cwd=None, env=None, timeout=None, ignore_errors=None)[0]
