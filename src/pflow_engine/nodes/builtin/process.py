"""A command to what it wrote and how it ended, within a time.

The command leads a session of its own. At the deadline, when cancelled and on Ctrl-C all that is left of it is killed
before the call returns, so nothing of it writes later; ``session`` says what is out of reach.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin.pipes import Limit, Step, last_words, reading, talk, writing
from pflow_engine.nodes.builtin.session import kill_session
from pflow_engine.nodes.builtin.shelter import sheltered

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
    return sheltered(lambda token: _run(launch, seconds, token), cancel)


class _Group:
    """A command and all that it starts, to be killed by any thread, from before it is there.

    The lock is held while it starts: whoever kills waits for that, so once a token was asked nothing is alive or
    starts. And it is held while it is reaped: until then the leader's id is nobody else's.
    """

    __slots__ = ("_killed", "_lock", "_process")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def start(self, launch: Launch) -> subprocess.Popen[bytes] | None:
        """Start it; None when it was killed before."""
        with self._lock:
            if not self._killed:
                self._process = _start(launch)
            return self._process

    def ended(self) -> bool:
        """Whether its leader has ended, and if so, reap it."""
        with self._lock:
            return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        with self._lock:
            self._killed = True
            if self._process is not None and self._process.returncode is None:
                kill_session(self._process.pid)


def _run(launch: Launch, seconds: float, cancel: CancelToken) -> Ended:
    limit = Limit(seconds, time.monotonic() + seconds, cancel)
    group = _Group()
    # Whoever cancels kills: its thread may be the last this process lives to see.
    forget = cancel.on_cancel(group.kill)
    try:
        process = group.start(launch)
    except (OSError, ValueError) as error:
        return Ended(b"", b"", _NOT_STARTED, f"cannot start: {_reason(launch, error)}")
    else:
        return _followed(group, process, launch.stdin, limit) if process else Ended(b"", b"", _NOT_STARTED, "cancelled")
    finally:
        forget()


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


def _followed(group: _Group, process: subprocess.Popen[bytes], stdin: bytes | None, limit: Limit) -> Ended:
    try:
        return _attend(group, process, stdin, limit)
    finally:
        if process.returncode is None:
            _end(group)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _attend(group: _Group, process: subprocess.Popen[bytes], stdin: bytes | None, limit: Limit) -> Ended:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    reads: dict[IO[bytes], Step] = {
        process.stdout: reading(process.stdout, out),
        process.stderr: reading(process.stderr, err),
    }
    writes = {process.stdin: writing(process.stdin, stdin or b"")} if process.stdin is not None else {}
    stopped = talk(reads, writes, limit) or _wait(group, limit) or _cancelled(process, limit)
    if stopped:
        _end(group)
        last_words(reads)
    exit_code = -signal.SIGKILL if process.returncode is None else process.returncode
    return Ended(bytes(out), bytes(err), exit_code, stopped)


def _wait(group: _Group, limit: Limit) -> str:
    # Its pipes are closed: it is about to end, or runs on in silence.
    pause = 0.0002
    while not group.ended():
        if stopped := limit.reached():
            return stopped
        limit.cancel.wait(min(pause, limit.left()))
        pause = min(2 * pause, 0.05)
    return ""


def _cancelled(process: subprocess.Popen[bytes], limit: Limit) -> str:
    # Whoever cancelled has killed it, and its end may be seen before the cancel is.
    return limit.reached() if process.returncode == -signal.SIGKILL and limit.cancel.cancelled else ""


def _end(group: _Group) -> None:
    group.kill()
    # What runs as another user cannot be killed: it is left behind, not waited for.
    late = time.monotonic() + 1
    while not group.ended() and time.monotonic() < late:
        time.sleep(0.0005)
