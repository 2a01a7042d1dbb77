"""A command to what it wrote and how it ended, within a time.

The command leads a process group of its own. At the deadline, when cancelled and on Ctrl-C the whole group is
killed before the call returns, so nothing of it writes later; a process that leaves the group is out of reach.
The leader is not reaped before the kill: while it is there, its group id is nobody else's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.pipes import Limit, Step, last_words, reading, talk, writing

_NOT_STARTED: Final = 126
"""What a shell gives for a command that it cannot start."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended. ``stopped`` says why it did not end by itself, or never began."""

    stdout: bytes
    stderr: bytes
    exit_code: int
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start and with what: ``env`` and ``cwd`` None are those of this process, ``stdin`` None is empty."""

    command: Sequence[str]
    stdin: bytes | None = None
    cwd: str | None = None
    env: Mapping[str, str] | None = None
    pass_fds: Sequence[int] = ()


def run_group(launch: Launch, seconds: float, cancel: CancelToken) -> Ended:
    """Run the command to its end, for at most so many seconds."""
    limit = Limit(seconds, time.monotonic() + seconds, cancel)
    if cancel.cancelled:
        return Ended(b"", b"", _NOT_STARTED, limit.reached())
    try:
        process = _start(launch)
    except (OSError, ValueError) as error:
        return Ended(b"", b"", _NOT_STARTED, f"cannot start: {_reason(launch, error)}")
    # Whoever cancels kills: its thread may be the last this process lives to see.
    forget = cancel.on_cancel(lambda: _kill_group(process))
    try:
        return _attend(process, launch.stdin, limit)
    finally:
        forget()
        if process.returncode is None:
            _kill(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # running the workflow's own commands is what this is for
        launch.command,
        bufsize=0,
        stdin=subprocess.DEVNULL if launch.stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=launch.cwd,
        env=launch.env,
        pass_fds=launch.pass_fds,
        start_new_session=True,
    )


def _reason(launch: Launch, error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and launch.cwd is not None and error.filename == launch.cwd:
        return f"no folder '{launch.cwd}' to start in"
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error)


def _attend(process: subprocess.Popen[bytes], stdin: bytes | None, limit: Limit) -> Ended:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    reads: dict[IO[bytes], Step] = {
        process.stdout: reading(process.stdout, out),
        process.stderr: reading(process.stderr, err),
    }
    writes = {process.stdin: writing(process.stdin, stdin or b"")} if process.stdin is not None else {}
    stopped = talk(reads, writes, limit) or _wait(process, limit) or _cancelled(process, limit)
    if stopped:
        _kill(process)
        last_words(reads)
    exit_code = -signal.SIGKILL if process.returncode is None else process.returncode
    return Ended(bytes(out), bytes(err), exit_code, stopped)


def _wait(process: subprocess.Popen[bytes], limit: Limit) -> str:
    # Its pipes are closed: it is about to end, or runs on in silence.
    pause = 0.0002
    while process.poll() is None:
        if stopped := limit.reached():
            return stopped
        limit.cancel.wait(min(pause, limit.left()))
        pause = min(2 * pause, 0.05)
    return ""


def _cancelled(process: subprocess.Popen[bytes], limit: Limit) -> str:
    # Whoever cancelled has killed it, and its end may be seen before the cancel is.
    return limit.reached() if process.returncode == -signal.SIGKILL and limit.cancel.cancelled else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    _kill_group(process)
    # What runs as another user cannot be killed: it is left behind, not waited for.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
