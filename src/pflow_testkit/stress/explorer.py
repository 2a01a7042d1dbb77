"""A function to the schedule that breaks it, if one does."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from pflow_testkit.stress.active import ACTIVE
from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.hints import Noticing
from pflow_testkit.stress.interleaving import Recorder, telling
from pflow_testkit.stress.patches import patched, quiet_executors, replacements
from pflow_testkit.stress.report import Finding
from pflow_testkit.stress.running import Ran, Setting, run_once
from pflow_testkit.stress.schedule import DEPTH, StrategyName, Token
from pflow_testkit.stress.shrink import Switches, shrink, single
from pflow_testkit.stress.surroundings import Surroundings, surroundings
from pflow_testkit.stress.tracing import Observe
from pflow_testkit.stress.watchdog import watchdog

REPLAYS: Final = 10
SCHEDULES: Final = 200
_COLLECT_EVERY: Final = 50
_LATE_OPCODES: Final = sys.version_info >= (3, 12)
"""From 3.12 on, a function tells of its opcodes from its second call on: the first run does not count."""
_HINTED: Final = 0.3
"""The share of schedules that hints may take."""

Progress = Callable[[int, int], None]
"""Told of schedules done, of so many."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try. ``budget`` in seconds; ``replay`` runs one schedule instead of many.

    With ``hints``, ``pct`` tries the switches that the run in order makes look promising, too. What is found is made
    simple, and replayed, if it ``shrinks``.
    """

    schedules: int = SCHEDULES
    strategy: StrategyName = "pct"
    depth: int = DEPTH
    seed: int = 0
    budget: float | None = None
    replay: Token | None = None
    hints: bool = True
    shrinks: bool = True

    def tokens(self, hints: Sequence[Switches] = ()) -> Iterator[Token]:
        """The schedules after the one in order: by turns one as the ``hints`` say and one that is drawn."""
        if self.replay is not None:
            yield self.replay
            return
        hints = hints[: int(self.schedules * _HINTED)] if self.hints and self.strategy == "pct" else ()
        for number in range(1, self.schedules - len(hints) + 1):
            if number <= len(hints):
                yield Token(self.strategy, self.seed, 0, self.depth, hints[number - 1])
            yield Token(self.strategy, self.seed, number, self.depth)


@dataclass(frozen=True, slots=True)
class Exploration:
    """What came of it. ``schedules`` were run, ``points`` is how often another thread could go on in the first."""

    plan: Plan
    schedules: int
    points: int
    threads: int
    seconds: float
    found: Finding | None = None
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line."""
        if not self.points and self.plan.strategy != "threads":
            return f"never could two threads go on at once, so there is nothing to interleave ({self.seconds:.2f} s)"
        cut = self.found is None and self.schedules < self.plan.schedules and not self.plan.replay
        short = f" of {self.plan.schedules} (the budget was up)" if cut else ""
        return f"{self.schedules}{short} schedules, {self.threads} threads, {self.points} points, {self.seconds:.2f} s"


class Explorer:
    """One exploration."""

    def __init__(self, setting: Setting, plan: Plan, on_progress: Progress | None = None) -> None:
        self.setting, self.plan = setting, plan
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._runs = 0
        self._warnings: dict[str, None] = {}
        self._around: Surroundings

    def run(self) -> Exploration:
        """The schedule in order, then the others, until one fails or all are done.

        Raises:
            RuntimeError: this thread, or another, is exploring already.
        """
        with watched(), patched(self.setting.places):
            self._around = surroundings(self.setting.scope)
            try:
                return self._explored()
            finally:
                self._around.release()

    def _explored(self) -> Exploration:
        in_order = Token(self.plan.strategy, self.plan.seed, 0)
        if self.setting.prepare is not None and (failure := self.setting.prepare()) is not None:
            return self._ended(0, None, Finding(failure, in_order, in_order, 0, *self._prepared_again(failure)))
        self._refer_again()
        if _LATE_OPCODES:
            self._once(in_order, 0, Noticing())
        noticing = Noticing()
        first = self._confirmed(in_order, 0, noticing)
        hints = noticing.switches() if self.setting.granularity != "hook" else []
        self._around.narrow()
        found = self._finding(in_order, first) if first.failure else None
        if not first.points:
            return self._ended(0, first, found)  # one thread at a time: all schedules are this one
        done = 0
        for done, token in enumerate(self.plan.tokens(hints) if found is None else (), start=1):
            ran = self._confirmed(token, first.points)
            self._tell(done)
            if ran.failure is not None:
                found = self._finding(token, ran)
            if found is not None or self._is_late():
                break
        return self._ended(done, first, found)

    def _confirmed(self, token: Token, points: int, observe: Observe | None = None) -> Ran:
        ran = self._once(token, points, observe)
        if ran.failure is None or ran.failure.kind != "parallel != sequential":
            return ran
        # It may be the time of day that made the difference: what differs in order, too, does not count.
        self._refer_again()
        return self._once(token, points, observe)

    def _refer_again(self) -> None:
        if self.setting.prepare_more is not None:
            self._around.restore()
            self.setting.prepare_more()

    def _ended(self, done: int, first: Ran | None, found: Finding | None) -> Exploration:
        points, threads = (first.points, first.threads) if first is not None else (0, 1)
        seconds = time.perf_counter() - self._started
        return Exploration(self.plan, done, points, threads, seconds, found, tuple(self._warnings))

    def _prepared_again(self, failure: Failure) -> tuple[int, int]:
        assert self.setting.prepare is not None
        alike = 0
        for _ in range(REPLAYS):
            self._around.restore()
            alike += failure.is_like(self.setting.prepare())
        return alike, REPLAYS

    def _once(self, token: Token, points: int, observe: Observe | None = None) -> Ran:
        self._runs += 1
        if self._runs % _COLLECT_EVERY == 0:
            gc.collect(0)
        self._around.restore()
        ran = run_once(self.setting, token.schedule(points), observe)
        self._warnings.update(dict.fromkeys(ran.warnings))
        return ran

    def _finding(self, token: Token, ran: Ran) -> Finding:
        failure = ran.failure
        assert failure is not None
        if failure.kind == "no end" or not self.plan.shrinks:
            # Of one without an end each run takes long, and where it goes round is seen from the stacks.
            return Finding(failure, token, token, len(ran.switches), 1, 1)
        best = token.with_switches(self._fewest(token, ran))
        recorder = Recorder()
        self._once(best, 0, recorder)
        again = [self._once(best, 0).failure for _ in range(REPLAYS)]
        alike = [other for other in again if other is not None and failure.is_like(other)]
        return Finding(
            failure=alike[0] if alike else failure,
            token=best if best.switches else replace(best, number=0, switches=None),
            found_by=token,
            switches_before=len(ran.switches),
            replayed=len(alike),
            replays=REPLAYS,
            rows=telling(recorder),
            warnings=tuple(self._warnings),
        )

    def _fewest(self, token: Token, ran: Ran) -> Switches:
        def attempt(fewer: Switches) -> Switches | None:
            other = self._once(token.with_switches(fewer), 0)
            return other.switches if ran.failure is not None and ran.failure.is_like(other.failure) else None

        fewest = shrink(ran.switches, attempt)
        if len(fewest) < 2:  # noqa: PLR2004  # as few as can be
            return fewest
        return single(self._once(Token(token.strategy, token.seed, 0), 0).counts, attempt) or fewest

    def _tell(self, done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(done, self.plan.schedules)

    def _is_late(self) -> bool:
        return self.plan.budget is not None and time.perf_counter() - self._started > self.plan.budget


@contextmanager
def watched() -> Iterator[None]:
    """The process as an exploration needs it, and as it was before."""
    if _exploring.locked():
        raise RuntimeError("a thread of this process is exploring schedules already; one at a time")
    with _exploring, ExitStack() as stack:
        stack.enter_context(watchdog())
        stack.enter_context(quiet_executors())
        stack.enter_context(patched(replacements()))
        stack.enter_context(_one_processor())
        stack.enter_context(_no_collector())
        stack.enter_context(_soft_interrupt())
        yield


_exploring = threading.Lock()


@contextmanager
def _one_processor() -> Iterator[None]:
    # Only one thread runs at a time: on one processor the baton changes hands three times as fast.
    pin = getattr(os, "sched_setaffinity", None)
    if pin is None:
        yield
        return
    before = os.sched_getaffinity(0)
    pin(0, {sorted(before)[os.getpid() % len(before)]})  # not the same one in each of xdist's workers
    try:
        yield
    finally:
        pin(0, before)


@contextmanager
def _no_collector() -> Iterator[None]:
    # It would run finalizers at points that depend on what ran before.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _soft_interrupt() -> Iterator[None]:
    # Ctrl-C ends the schedule at its next point: an exception in the midst of handing the baton on would lose it.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(signum: int, frame: Any) -> None:
        scheduler = ACTIVE.scheduler
        if scheduler is None or scheduler.interrupted or not callable(before):
            if callable(before):
                before(signum, frame)
            return
        scheduler.interrupted = True
        scheduler.due = 0

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
