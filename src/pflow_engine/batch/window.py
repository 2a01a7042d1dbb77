"""Indices, in order, to whoever asks next; until stopped."""

from __future__ import annotations

import threading


class Window:
    """Hands each index out once. Workers pull from it, so no more are in flight than there are workers.

    The lock is held for one ``next``: no two workers get the same item, on free-threaded builds either. It
    guards the count of workers as well.
    """

    __slots__ = ("_idle", "_indices", "_lock", "_stopped", "_workers")

    def __init__(self, count: int) -> None:
        self._indices = iter(range(count))
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._workers = 0
        self._stopped = False

    def take(self) -> int | None:
        """The next index; None when there is none or it was stopped."""
        with self._lock:
            return None if self._stopped else next(self._indices, None)

    def stop(self) -> None:
        """Hand out no more. What is in flight goes on."""
        with self._lock:
            self._stopped = True

    def enter(self) -> None:
        """A worker begins."""
        with self._lock:
            self._workers += 1

    def leave(self) -> None:
        """A worker has ended."""
        with self._lock:
            self._workers -= 1
            self._idle.notify_all()

    def wait_idle(self) -> None:
        """Wait for all workers to end.

        An executor's shutdown is not enough: a thread that Ctrl-C caught it starting is at work and unknown to it.
        """
        with self._lock:
            self._idle.wait_for(lambda: not self._workers)
