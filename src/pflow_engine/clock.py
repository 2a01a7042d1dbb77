"""Time and stopping: what a run asks when it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from pflow_engine.signals import wait_awake


class Clock(Protocol):
    """Where a run's time comes from. Tests hand in one whose sleeps take no time."""

    def now(self) -> float:
        """Seconds, counting from any moment; never backwards."""
        ...

    def today(self) -> datetime:
        """The date and time in UTC, for the trace."""
        ...

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        """Wait, but no longer than until ``cancel``."""
        ...

    def within(self, seconds: float, work: Callable[[], None], cancel: CancelToken, /) -> bool:
        """Start ``work`` in a thread of its own and wait for its end, at most so long; whether it ended in time.

        ``cancel`` is the token that the work, and whatever sleeps below it, was given. To ask it once the time is
        up is the caller's part.
        """
        ...


class RealClock:
    """The machine's clock."""

    now = staticmethod(time.perf_counter)
    """Seconds of the performance counter."""

    def today(self) -> datetime:
        """The date and time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        """Wait, but no longer than until ``cancel``."""
        cancel.wait(seconds)

    def within(self, seconds: float, work: Callable[[], None], _cancel: CancelToken, /) -> bool:
        """Start ``work`` in a thread of its own and wait for its end, at most so long; whether it ended in time."""
        ended = threading.Event()

        def run() -> None:
            work()
            ended.set()

        threading.Thread(target=run, daemon=True).start()
        return wait_awake(ended.wait, min(seconds, threading.TIMEOUT_MAX))


class CancelToken:
    """Asks whatever runs below it to stop; asked once, it stays so: ``cancelled`` says whether it was.

    The lock guards the callbacks: one that comes too late is called at once, so none is ever lost. It is
    re-entrant, since a signal handler may ask while its own thread holds it.

    ``above`` is the token whose asking asks this one; whoever makes it sees to that.
    """

    __slots__ = ("_asked", "_callbacks", "_lock", "above", "cancelled")

    def __init__(self, above: CancelToken | None = None) -> None:
        self.above = above
        self.cancelled = False  # an attribute, since every item of every batch asks
        self._lock = threading.RLock()
        self._asked = threading.Condition(self._lock)
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask. Callbacks run here, in the asking thread."""
        with self._lock:
            self.cancelled = True
            self._asked.notify_all()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> bool:
        """Sleep until asked, at most so long; whether it was asked."""
        with self._asked:
            return self._asked.wait_for(lambda: self.cancelled, min(seconds, threading.TIMEOUT_MAX))

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when asked; gives a function that takes it back."""
        with self._lock:
            late = self.cancelled
            if not late:
                self._callbacks.append(callback)
        if late:
            callback()
        return lambda: self._forget(callback)

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)
