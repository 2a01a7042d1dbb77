"""The leader of a session to the end of all that it started.

Everywhere that is its process group. On Linux it is also what left the group, as ``timeout`` does and the jobs of an
interactive shell, or the session, as ``setsid`` does. Out of reach is what left the session and whose parent has ended,
since nothing leads to it any more, and what runs as another user.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

_MOST_ROUNDS: Final = 50
"""How often to look for members: twice is the rule, and a fork bomb that leaves its group has no end."""


def kill_session(leader: int) -> None:
    """Kill the leader, which nobody has reaped yet, and all that it started."""
    # All are stopped before the first is killed: who is stopped starts nobody, and loses no parent by whom it is found.
    _send(os.killpg, leader, signal.SIGSTOP)
    members: set[int] = set()
    for _ in range(_MOST_ROUNDS):
        found = {*_in_session(leader), *_children({leader, *members})} - members
        if not found:
            break
        for pid in found:
            _send(os.kill, pid, signal.SIGSTOP)
        members |= found
    for pid in members:
        _send(os.kill, pid, signal.SIGKILL)
    _send(os.killpg, leader, signal.SIGKILL)


def _in_session(leader: int) -> Iterator[int]:
    # Where there is no /proc the group is all that is known.
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.getsid(int(entry.name)) == leader:
                    yield int(entry.name)


def _children(parents: Iterable[int]) -> Iterator[int]:
    for parent in parents:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{parent}/task").glob("*/children"):
                yield from map(int, file.read_text().split())


def _send(kill: Callable[[int, int], None], pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill(pid, signum)
