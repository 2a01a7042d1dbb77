"""Waiting to none: a clock whose sleeps take next to no time, but count.

Every thread has skipped its own seconds, so an item that waits an hour does not make those beside it an hour older. The
thread that owns the clock, the first to ask it, sees the latest of all: what it waited for took as long as the longest.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from pflow_engine.clock import CancelToken
from pflow_engine.errors import Problem, Unhealable
from pflow_engine.signals import wait_awake

_TURN: Final = 0.005
"""Real seconds in which the threads beside a sleeper get to where they sleep themselves.

Without them one worker takes all items that only wait. On a machine that is busy with other things it may still take
one too many: durations of items are exact, what a parallel batch takes in all is at least that of its longest.
"""


class Hang(Unhealable):
    """A sleep that nothing would ever end."""


class _Mine(threading.local):
    """What a thread has skipped; None until it asks."""

    seconds: float | None = None
    owns = False


class _Limit:
    """Work that takes at most so many ``seconds``: what was ``spent`` asleep below it, and how it came out.

    Written under the clock's lock. ``over`` is set once, when the work has ended or slept for too long.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.spent = 0.0
        self.over = threading.Event()
        self.in_time = False

    @property
    def left(self) -> float:
        """Seconds that may still be slept."""
        return 0.0 if self.over.is_set() else self.seconds - self.spent


class SkippingClock:
    """The machine's clock, and on top what was slept: no sleep really takes its time.

    ``slept`` are the sleeps so far in seconds, in the order they ended; one that a timeout cut short is as long as it
    was let. The lock guards all but what is a thread's own.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._lock = threading.Lock()
        self._mine = _Mine()
        self._owned = False
        self._latest = 0.0
        self._owners = 0.0
        self._limits: dict[CancelToken, _Limit] = {}

    def now(self) -> float:
        """Seconds of the performance counter, and those this thread has skipped."""
        with self._lock:
            return time.perf_counter() + self._skipped()

    def today(self) -> datetime:
        """The real date and time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        """Take the seconds as slept, or as many of them as the timeouts over it leave; then their work is over.

        Raises:
            Hang: a sleep without end that no timeout is over.
        """
        if cancel.cancelled or not seconds > 0 or self._give_way(cancel):
            return
        with self._lock:
            overrun = self._spend(seconds, list(self._over(cancel)))
        if overrun:
            # Whoever waits for the work finds it too late, and asks the token.
            cancel.wait(math.inf)

    def within(self, seconds: float, work: Callable[[], None], cancel: CancelToken, /) -> bool:
        """Start ``work`` in a thread of its own and wait for its end; whether it came before so much time was over.

        That is slept or real time, each by itself: were they added, a slow machine would fail a test that sleeps for
        almost as long as it may.
        """
        limit = _Limit(seconds)
        with self._lock:
            started = self._skipped()
            self._limits[cancel] = limit
        threading.Thread(target=self._aside, args=(work, limit, cancel, started), daemon=True).start()
        try:
            wait_awake(limit.over.wait, min(seconds, threading.TIMEOUT_MAX))
        finally:
            self._close(limit, cancel, started)
        return limit.in_time

    def _give_way(self, cancel: CancelToken) -> bool:
        # The owner need not: nothing of the run goes on beside it while it sleeps itself.
        return not self._mine.owns and cancel.wait(_TURN)

    def _skipped(self) -> float:
        mine = self._mine
        if not self._owned:
            self._owned = mine.owns = True
        if mine.owns:
            self._owners = mine.seconds = self._latest
        elif mine.seconds is None:
            # Not the latest: that may be of a thread beside this one, which just came first.
            mine.seconds = self._owners
        return mine.seconds

    def _reach(self, skipped: float) -> None:
        self._mine.seconds = max(self._skipped(), skipped)
        self._latest = max(self._latest, self._mine.seconds)

    def _over(self, token: CancelToken | None) -> Iterator[_Limit]:
        while token is not None:
            if token in self._limits:
                yield self._limits[token]
            token = token.above

    def _spend(self, seconds: float, limits: list[_Limit]) -> bool:
        # Whether that was more than one of the limits leaves.
        tightest = min(limits, key=lambda limit: limit.left, default=None)
        overrun = tightest is not None and seconds >= tightest.left
        if tightest is not None and overrun:
            seconds = tightest.left  # none, where the time was up before
            tightest.over.set()
        elif seconds == math.inf:
            message = "nothing ever ends this: a node sleeps for ever and no timeout is over it"
            raise Hang(Problem("hang", message, hint="give the batch a 'timeout'"))
        if seconds > 0:
            self.slept.append(seconds)
            self._reach(self._skipped() + seconds)
        for limit in limits:
            limit.spent += seconds
        return overrun

    def _aside(self, work: Callable[[], None], limit: _Limit, cancel: CancelToken, started: float) -> None:
        with self._lock:
            self._mine.seconds = started
        work()
        with self._lock:
            if not limit.over.is_set():
                limit.in_time = True
                limit.over.set()
                del self._limits[cancel]

    def _close(self, limit: _Limit, cancel: CancelToken, started: float) -> None:
        with self._lock:
            limit.over.set()
            self._reach(started + limit.spent)
        if not limit.in_time:
            # Before the limit is forgotten: what sleeps on below it would find that nothing ends it.
            cancel.cancel()
            with self._lock:
                del self._limits[cancel]
