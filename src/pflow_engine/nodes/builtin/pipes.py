"""A process's pipes to what came out of them, until they close or a limit is reached."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from pflow_engine.clock import CancelToken

_CHUNK: Final = 65536
"""Bytes: what a pipe holds, so that one read empties it."""

Step = Callable[[], bool]
"""Reads or writes once; whether there is more to come."""


@dataclass(frozen=True, slots=True)
class Limit:
    """When to stop: ``deadline`` on the monotonic clock, ``seconds`` after the start, or on cancel."""

    seconds: float
    deadline: float
    cancel: CancelToken

    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.deadline - time.monotonic())

    def reached(self) -> str:
        """Why to stop now; empty when there is no reason to."""
        if self.cancel.cancelled:
            return "cancelled"
        return "" if self.left() else f"timed out after {self.seconds:g}s"


def reading(pipe: IO[bytes], into: bytearray) -> Step:
    """A step that adds what is there to ``into``."""

    def step() -> bool:
        chunk = os.read(pipe.fileno(), _CHUNK)
        into.extend(chunk)
        return bool(chunk)

    return step


def writing(pipe: IO[bytes], data: bytes) -> Step:
    """A step that writes as much of the data as there is room for."""
    rest = memoryview(data)
    os.set_blocking(pipe.fileno(), False)

    def step() -> bool:
        nonlocal rest
        try:
            rest = rest[os.write(pipe.fileno(), rest[:_CHUNK]) :]
        except BrokenPipeError:  # a command need not read what it is given
            return False
        return bool(rest)

    return step


def talk(reads: Mapping[IO[bytes], Step], writes: Mapping[IO[bytes], Step], limit: Limit) -> str:
    """Take steps until all pipes are closed; gives the reason when a limit ends it sooner."""
    with selectors.PollSelector() as selector, _bell(limit.cancel) as bell:
        selector.register(bell, selectors.EVENT_READ, (bell, lambda: True))
        for pipe, step in reads.items():
            selector.register(pipe, selectors.EVENT_READ, (pipe, step))
        for pipe, step in writes.items():
            selector.register(pipe, selectors.EVENT_WRITE, (pipe, step))
        while len(selector.get_map()) > 1:
            for key, _ in selector.select(limit.left()):
                _advance(selector, *key.data)
            if stopped := limit.reached():
                return stopped
    return ""


def last_words(reads: Mapping[IO[bytes], Step]) -> None:
    """Read what is left in pipes whose writers were killed, once: one that got away may write for ever."""
    for pipe, step in reads.items():
        if not pipe.closed:
            os.set_blocking(pipe.fileno(), False)
            with contextlib.suppress(BlockingIOError):
                step()


def _advance(selector: selectors.BaseSelector, pipe: Any, step: Step) -> None:
    if not step():
        selector.unregister(pipe)
        pipe.close()


@contextlib.contextmanager
def _bell(cancel: CancelToken) -> Iterator[socket.socket]:
    # A socket that turns readable on cancel. The lock keeps a ring that comes late from another thread off
    # a descriptor that is closed, and by then perhaps somebody else's.
    heard, rung = socket.socketpair()
    lock = threading.Lock()

    def ring() -> None:
        with lock:
            if rung.fileno() >= 0:
                rung.send(b"!")

    with heard:
        forget = cancel.on_cancel(ring)
        try:
            yield heard
        finally:
            forget()
            with lock:
                rung.close()
