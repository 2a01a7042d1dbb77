"""Threads of which one at a time may run: the baton, and who gets it.

Each thread has a gate, a raw lock that is shut. Who has the baton runs; to hand it on is to open another's gate and
wait at one's own. Staying costs a comparison in the tracer: it counts ``steps``, and calls ``pause`` at ``due``.

``_guard`` is held wherever the state of the threads changes: the watchdog, and threads that are not under the schedule,
look and write here too. It is never held while a thread waits or user code runs.
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Any, Final

from pflow_testkit.stress.failure import Abandoned, Failure
from pflow_testkit.stress.schedule import NEVER, Schedule, Switch, in_order
from pflow_testkit.stress.scope import Scope
from pflow_testkit.stress.strand import State, Strand, free
from pflow_testkit.stress.stuck import deadlock, left_behind, no_end

_new_lock: Final = _thread.allocate_lock

PATIENCE: Final = 5000
"""Points after which a thread that others wait beside gives way: it is most likely waiting for them in a loop."""
_MOST_POINTS: Final = 1_000_000
_MOST_POLLS: Final = 500
"""Times that one thread may look again, in vain, for what it waits for while all others are blocked."""
_MOST_SLEEPS: Final = 10_000
"""Times that it may sleep."""
_MOST_LATE_POLLS: Final = 100
"""The same once the function has returned."""
_MOST_UNWINDING: Final = 1000
_OUTSIDE_SECONDS: Final = 5.0
_EXPLORING: Final = 2
"""Threads there are before the function starts its own: who explores, and the watchdog."""


Run = Callable[[Strand, Callable[[], Any]], None]
"""In a thread that was started: what it has to do."""


class Scheduler:
    """One schedule being run. The thread that makes it is number 0."""

    def __init__(self, schedule: Schedule, scope: Scope, strand: Run, *, hooks: bool = False) -> None:
        self.scope = scope
        self.strand = strand
        self.hooks = hooks
        self.steps = 0
        self.due = NEVER
        self.contested = 0
        self.now = 0.0
        self.handed = 0
        self.switches: list[Switch] = []
        self.failures: list[Failure] = []
        self.warnings: dict[str, None] = {}
        self.over = False
        self.closed = False
        self.interrupted = False
        self._schedule = schedule
        self._guard = _new_lock()
        self._contest = False
        self._mark = 0
        self._since = 0
        self._polls = 0
        self._poller: Strand | None = None
        self._draining = False
        self._numbers = 0
        self._woken_outside: dict[int, Any] = {}  # by identity: not all of them can be hashed
        # Threads that are not of the schedule may yet do what ours wait for: then the watchdog decides.
        self._patient = threading.active_count() > _EXPLORING
        self._sure = False
        self.main = Strand(0, "main")
        self.main.ident, self.main.native = _thread.get_ident(), _thread.get_native_id()
        self.strands = [self.main]
        self.by_ident = {self.main.ident: self.main}
        self.running: Strand | None = self.main
        schedule.born(self.main)

    def born(self, label: str, *, daemon: bool) -> Strand:
        """A thread that the running one is about to start."""
        strand = Strand(len(self.strands), label, daemon=daemon)
        with self._guard:
            self._schedule.born(strand)
            self.strands.append(strand)
            self._settle()
            self._dispatch()
        return strand

    def numbered(self) -> int:
        """Another number each time, the same ones in each run of the schedule."""
        self._numbers += 1
        return self._numbers

    def enter(self, strand: Strand) -> None:
        """In the new thread: wait for the first turn."""
        strand.ident, strand.native = _thread.get_ident(), _thread.get_native_id()
        self.by_ident[strand.ident] = strand
        strand.gate.acquire()
        self._unwind_if_over(strand)

    def me(self) -> Strand | None:
        """The strand of the thread that asks; None if it is not under the schedule."""
        return self.by_ident.get(_thread.get_ident())

    def count_of(self, strand: Strand) -> int:
        """How many points the running thread has come to, until now."""
        return strand.count + self.steps - self._mark

    def pause(self, me: Strand) -> None:
        """A decision is due at a point of ``me``; gives back when it is to go on."""
        self._guard.acquire()
        if self.running is not me:
            self._rejoin(me)
        else:
            self._settle()
            if self.steps >= _MOST_POINTS and not self.over:
                self._end_with(no_end(self, _MOST_POINTS))
            if self._since >= PATIENCE:
                self._schedule.tired(me)
            self._hand(me, me if self.over or self.interrupted else self._chosen(me))
        self._unwind_if_over(me)

    def touch(self, me: Strand) -> None:
        """A point that is no opcode or line: an operation on a lock, or a hook of the engine."""
        self.steps += 1
        if self.steps >= self.due or self.running is not me:
            self.pause(me)

    def block(self, me: Strand, on: Any, deadline: float | None = None) -> bool:
        """Give way until woken; False if the ``deadline`` of the schedule's own clock came first.

        True as well where ``me`` had been let go of and has its turn again: what it wants may have come meanwhile.
        """
        self._block(me, on, deadline)
        self._unwind_if_over(me)
        return not me.timed_out

    def wake(self, on: Any) -> None:
        """What threads may wait for has changed. Called by any thread, of the schedule or not."""
        waiting = [strand for strand in self.strands if strand.on is on]
        me = self.me()
        # Who runs beside the one that has the baton may wake one that is just about to wait.
        beside = me is None or self.running is not me
        if not waiting and not beside:
            return
        with self._guard:
            if beside:
                self._woken_outside[id(on)] = on
            for strand in waiting:
                if strand.on is on and strand.state is State.BLOCKED:
                    free(strand)
            self._settle()
            self._dispatch()

    def end(self, me: Strand) -> None:
        """The thread is done: hand the baton on, for good."""
        self._guard.acquire()
        if me.state is State.ENDED:
            self._guard.release()
            return
        if self.running is me:
            self.steps += 1
        self._settle()
        me.state = State.ENDED
        self._finished(me)
        if self.running is me:
            target = self._next(me)
            self._give(target)
            self._guard.release()
            if target is not None:
                target.gate.release()
        else:
            self._dispatch()
            self._guard.release()

    def let_go(self, strand: Strand) -> bool:
        """From the watchdog: ``strand`` has the baton and waits for something else. Others may go on."""
        with self._guard:
            if self.running is not strand or not (self._contest or self._may_wake()):
                return False
            self._settle()
            strand.state = State.OUTSIDE
            self.running = None
            self._dispatch()
            return True

    def nudge(self) -> None:
        """From the watchdog: nobody runs, and nothing came from outside. Sleepers wake up, or it is a deadlock."""
        with self._guard:
            if self.running is not None:
                return
            outside = any(strand.state is State.OUTSIDE for strand in self.strands)
            self._sure = not outside
            if not outside or self._let_time_pass():
                self._dispatch()
            self._sure = False

    def cpu_of(self, strand: Strand, processor_time: Callable[[int], float]) -> float:
        """Seconds that a thread has worked; asked for while it cannot end, since then the system may not know it."""
        with self._guard:
            if strand.state is State.ENDED or not strand.ident:
                return 0.0
            return processor_time(strand.ident)

    def drain(self) -> None:
        """The function has returned: run the others to their ends. Who cannot come to it is left behind."""
        self._draining = True
        self._wait_for_all()
        left = [strand for strand in self.strands[1:] if strand.state is not State.ENDED]
        seen = [strand for strand in left if not strand.daemon]
        if seen and not self.over:
            self.failures.append(left_behind(self, seen))
        if left:
            self.abandon()
            self._wait_for_all()
        self.closed = True

    def abandon(self) -> None:
        """Unwind all that runs."""
        with self._guard:
            self._end_with(None)

    def _wait_for_all(self) -> None:
        # Not the deadlocked: these free the main thread, and are left. Who is outside gets some seconds of real time.
        if any(strand.state is not State.ENDED for strand in self.strands[1:]):
            self._block(self.main, self, None, _OUTSIDE_SECONDS)

    def _block(self, me: Strand, on: Any, deadline: float | None, patience: float = -1) -> None:
        self._guard.acquire()
        if self.running is not me:
            self._rejoin(me)
            if on is not self:
                me.timed_out = False
                return
            self._guard.acquire()
        self.steps += 1
        self._settle()
        me.timed_out = False
        if self.over and on is not self:
            self._guard.release()
            return
        me.state, me.on, me.deadline = State.BLOCKED, on, deadline
        self._hand(me, self._next(me), patience)

    def _hand(self, me: Strand, target: Strand | None, patience: float = -1) -> None:
        # The guard is held, and let go of here.
        if target is me:
            self._arm()
            self._guard.release()
            return
        self._give(target)
        self._guard.release()
        if target is not None:
            target.gate.release()
        while not me.gate.acquire(timeout=patience) and self.running is not None:
            pass

    def _give(self, target: Strand | None) -> None:
        self.running = target
        self.handed += 1
        self._since = 0
        # Where nobody runs for a while, since all may depend on threads outside, the poller polls on.
        self._polls = self._polls if target in (self._poller, None) else 0
        if target is not None:
            self._arm()

    def _dispatch(self) -> None:
        # Somebody may have become able: where nobody runs, one of them does.
        if self.running is not None:
            self._arm()
        elif (target := self._next(None)) is not None:
            self._give(target)
            target.gate.release()

    def _rejoin(self, me: Strand) -> None:
        # It was let go of, and is back: from here on it waits for its turn like the others.
        me.state = State.ABLE
        if self.running is None or self.closed:
            self._give(self.running or me)
            self._guard.release()
            return
        self._settle()
        self._arm()
        self._guard.release()
        me.gate.acquire()

    def _settle(self) -> None:
        ran, self._mark = self.steps - self._mark, self.steps
        if self.running is not None:
            self.running.count += ran
        if self._contest:
            self.contested += ran
            self._since += ran

    def _arm(self) -> None:
        assert self.running is not None
        able = self._able()
        self._contest = len(able) > 1
        ahead = self._schedule.due(able, self.running, self.contested)
        if self._contest:
            ahead = min(ahead, max(PATIENCE - self._since, 1))
        at_once = self.over or self.interrupted
        self.due = 0 if at_once else min(self.steps + ahead, _MOST_POINTS)

    def _able(self) -> list[Strand]:
        able = State.ABLE
        return [strand for strand in self.strands if strand.state is able]

    def _chosen(self, me: Strand | None) -> Strand:
        able = self._able()
        if self.over:
            return able[-1]
        target = able[self._schedule.choose(able, me, self.contested)]
        if me is not None and target is not able[in_order(able, me)]:
            self.switches.append(Switch(me.number, me.count, target.number))
        if target is me:
            self._since = 0 if self._since >= PATIENCE else self._since
        return target

    def _next(self, me: Strand | None) -> Strand | None:
        # Who runs when ``me`` cannot; None when all that is left to wait for is outside.
        if not self._able():
            if any(strand.state is State.OUTSIDE for strand in self.strands):
                return None
            if not self._let_time_pass() and not self._retry():
                if self._patient and not self._sure:
                    return None
                self._be_stuck()
        return self._chosen(me) if self._able() else None

    def _let_time_pass(self) -> bool:
        asleep = [strand for strand in self.strands if strand.state is State.BLOCKED and strand.deadline is not None]
        if not asleep:
            return False
        first = min(asleep, key=lambda strand: (strand.deadline, strand.number))
        self._polls = self._polls + 1 if first is self._poller and len(asleep) == 1 else 0
        self._poller = first
        most = _MOST_LATE_POLLS if self._draining else _MOST_SLEEPS if hasattr(first.on, "passes") else _MOST_POLLS
        if self._polls > most and len(self.strands) > 1:
            return False
        assert first.deadline is not None
        self.now = max(self.now, first.deadline)
        for strand in asleep:
            if strand.deadline is not None and strand.deadline <= self.now:
                free(strand)
                strand.timed_out = True
        return True

    def _may_wake(self) -> bool:
        return any(strand.state is State.BLOCKED and strand.deadline is not None for strand in self.strands)

    def _retry(self) -> bool:
        # A thread beside ours changed something, perhaps just before one of ours began to wait for that.
        changed, self._woken_outside = self._woken_outside, {}
        for strand in self.strands:
            if strand.state is State.BLOCKED and strand.on is not self and id(strand.on) in changed:
                free(strand)
        return bool(self._able())

    def _be_stuck(self) -> None:
        if self._draining:
            free(self.main)
            self.main.timed_out = True
        elif not self.over:
            self._end_with(deadlock(self))

    def _end_with(self, failure: Failure | None) -> None:
        if failure is not None:
            self.failures.append(failure)
        self.over = True
        self.due = 0
        for strand in self.strands:
            if strand.state is State.BLOCKED and strand.on is not self:
                free(strand)

    def _finished(self, me: Strand) -> None:
        for strand in self.strands:
            if strand.state is State.BLOCKED and strand.on is me:
                free(strand)
        if self._draining and all(strand.state is State.ENDED for strand in self.strands[1:]):
            free(self.main)

    def _unwind_if_over(self, me: Strand) -> None:
        if self.interrupted and not self.over:
            self.abandon()
        if self.over:
            me.unwinding += 1
            if me.unwinding > _MOST_UNWINDING and me is not self.main:
                self.end(me)
                me.gate.acquire()  # it catches whatever ends it: kept here for good
            raise Abandoned
