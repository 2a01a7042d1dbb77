"""The standard library's ways to wait, put under the schedule for as long as the exploration takes.

Each patch asks whether the calling thread is under a schedule, and else does what it always did: other threads of
the process notice nothing.
"""

from __future__ import annotations

import _thread
import concurrent.futures
import concurrent.futures.thread
import functools
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from pflow_testkit.stress.active import here
from pflow_testkit.stress.failure import Abandoned
from pflow_testkit.stress.primitives import Lock, RLock, sleep_in
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.strand import State, Strand

_start, _join, _is_alive = threading.Thread.start, threading.Thread.join, threading.Thread.is_alive
Places = list[tuple[Any, str, Any]]
"""Where what is to stand."""
_CLOCKS: Final = {name: getattr(time, name) for name in ("monotonic", "perf_counter", "time")}
_sleep = time.sleep
_new_lock = _thread.allocate_lock
_TICK: Final = 1e-6
"""Seconds that pass by looking at the clock: a loop that waits for a moment comes to it."""
_STRAND: Final = "_pflow_strand"
_HASH: Final = "_pflow_hash"


def replacements() -> Places:
    """Where what stands, and what is to stand there."""
    return [
        (threading, "Lock", Lock),
        (threading, "_allocate_lock", Lock),
        (threading, "RLock", RLock),
        (_thread, "allocate_lock", Lock),
        (_thread, "RLock", RLock),
        (functools, "RLock", RLock),
        (threading.Thread, "start", start),
        (threading.Thread, "join", join),
        (threading.Thread, "is_alive", is_alive),
        (threading.Thread, "__hash__", by_birth),
        (concurrent.futures.Future, "__hash__", by_birth),
        (threading, "_time", _clock("monotonic")),
        (queue, "time", _clock("monotonic")),
        (queue, "SimpleQueue", queue._PySimpleQueue),  # type: ignore[attr-defined]  # noqa: SLF001  # the same in Python
        (time, "sleep", sleep),
        *((time, name, _clock(name)) for name in _CLOCKS),
        (concurrent.futures.thread, "_global_shutdown_lock", Lock()),
    ]


@contextmanager
def quiet_executors() -> Iterator[None]:
    """An executor's worker that is unwound is no news for the log."""
    logger = logging.getLogger("concurrent.futures")

    def is_news(record: logging.LogRecord) -> bool:
        return not (record.exc_info and record.exc_info[0] is Abandoned)

    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)


@contextmanager
def patched(places: Places) -> Iterator[None]:
    """Put these in their places, and take them out again."""
    before = [(owner, name, vars(owner).get(name, getattr(owner, name))) for owner, name, _ in places]
    try:
        for owner, name, value in places:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def start(self: threading.Thread) -> None:
    """``Thread.start``: the new thread waits for its first turn."""
    found = here()
    if found is None or self.ident is not None:
        _start(self)
        return
    scheduler, parent = found
    strand = scheduler.born(_label(self, parent, scheduler), daemon=self.daemon)
    work, begun = self.run, self._started  # type: ignore[attr-defined]  # what Thread.start waits for
    setattr(self, _STRAND, strand)
    self.run = _once(self, lambda: scheduler.strand(strand, work))  # type: ignore[method-assign]  # this one thread's
    self._started = _Begun(begun, isinstance(self, Worker))  # type: ignore[attr-defined]  # as above
    try:
        _start(self)
    except BaseException:
        scheduler.end(strand)
        raise
    if scheduler.hooks and not isinstance(self, Worker):
        scheduler.touch(parent)


class Worker(threading.Thread):
    """A thread whose starter does not ask for what it has only once it runs, as its id: it starts in half the time."""


def _once(thread: threading.Thread, work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        del thread.run
        work()

    return run


class _Begun:
    """The event of a thread's start, waited for in real time: its first steps are the interpreter's own."""

    def __init__(self, event: Any, hasty: bool) -> None:  # noqa: FBT001  # known by its name
        self._event = event
        self._shut = None if hasty else _new_lock()
        if self._shut is not None:
            self._shut.acquire()

    def is_set(self) -> bool:
        return self._event._flag  # type: ignore[no-any-return]  # noqa: SLF001  # what is_set gives

    def set(self) -> None:
        self._event._flag = True  # noqa: SLF001  # nobody waits for it but who waits here
        if self._shut is not None:
            self._shut.release()

    def wait(self) -> None:
        if self._shut is not None:
            self._shut.acquire()


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """``Thread.join``."""
    found, strand = here(), getattr(self, _STRAND, None)
    if found is None or strand is None or strand not in found[0].strands:
        _join(self, timeout)
        return
    scheduler, me = found
    if me is strand:
        raise RuntimeError("cannot join current thread")
    if scheduler.hooks:
        scheduler.touch(me)
    deadline = None if timeout is None else scheduler.now + max(timeout, 0)
    while strand.state is not State.ENDED:
        if not scheduler.block(me, strand, deadline):
            return
    _join(self)


def is_alive(self: threading.Thread) -> bool:
    """``Thread.is_alive``: under the schedule a thread ends with its last step."""
    strand = getattr(self, _STRAND, None)
    if here() is not None and strand is not None:
        return strand.state is not State.ENDED
    return _is_alive(self)


def by_birth(self: Any) -> int:
    """A hash that is the same in each run of a schedule: executors join their threads in the order of a set."""
    known: int | None = self.__dict__.get(_HASH)
    if known is None:
        found = here()
        known = id(self) >> 4 if found is None else found[0].numbered()
        self.__dict__[_HASH] = known
    return known


def sleep(seconds: float) -> None:
    """``time.sleep``."""
    found = here()
    if found is None:
        _sleep(seconds)
    else:
        sleep_in(*found, seconds)


def _clock(name: str) -> Callable[[], float]:
    real: Callable[[], float] = _CLOCKS[name]
    start = real()

    def read() -> float:
        found = here()
        if found is None or not _reads_for_user(found[0]):
            return real()
        found[0].now += _TICK
        return start + found[0].now

    return read


def _reads_for_user(scheduler: Scheduler) -> bool:
    # Not for an event loop: what that waits for is real.
    frame = sys._getframe(2)  # noqa: SLF001  # as warnings does
    name = str(frame.f_globals.get("__name__", ""))
    return name in ("threading", "queue", "pflow_engine.signals") or scheduler.scope.wants(
        frame.f_code, frame.f_globals
    )


def _label(thread: threading.Thread, parent: Strand, scheduler: Scheduler) -> str:
    number = len(scheduler.strands)
    if parent.label.startswith("item "):
        return f"{parent.label} · thread {number}"
    generic = thread.name.startswith(("Thread-", "ThreadPoolExecutor-"))
    return f"thread {number}" if generic else thread.name
