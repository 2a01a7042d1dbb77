"""A thread under the schedule."""

from __future__ import annotations

import _thread
from enum import Enum, auto
from typing import Any, Final

_new_lock: Final = _thread.allocate_lock


class State(Enum):
    """What a thread is at. ``OUTSIDE`` waits for something the schedule knows nothing of."""

    ABLE = auto()
    BLOCKED = auto()
    OUTSIDE = auto()
    ENDED = auto()


class Strand:
    """A thread under the schedule. ``count`` are the points it came to, ``on`` is what it waits for."""

    __slots__ = (
        "count", "daemon", "deadline", "gate", "ident", "label", "native", "number", "on", "state", "timed_out",
        "unwinding",
    )  # fmt: skip

    def __init__(self, number: int, label: str, *, daemon: bool = False) -> None:
        self.number = number
        self.label = label
        self.daemon = daemon
        self.gate = _new_lock()
        self.gate.acquire()
        self.state = State.ABLE
        self.ident = 0
        self.native = 0
        self.count = 0
        self.on: Any = None
        self.deadline: float | None = None
        self.timed_out = False
        self.unwinding = 0


def free(strand: Strand) -> None:
    """It need not wait any longer."""
    strand.state = State.ABLE
    strand.on = strand.deadline = None
