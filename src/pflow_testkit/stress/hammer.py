"""Plain threads, many times over: for what no schedule reaches, C extensions and builds without the global lock.

All threads of a round start at the same moment, and the interpreter switches between them every microsecond. What is
found so is real, but nobody can say when it will be found again.
"""

from __future__ import annotations

import concurrent.futures.thread
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from typing import Any, Final, ParamSpec, TypeVar

from pflow_testkit.stress.explorer import Exploration, Plan, Progress
from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.oracles import said_by
from pflow_testkit.stress.patches import patched
from pflow_testkit.stress.report import Finding
from pflow_testkit.stress.running import Setting
from pflow_testkit.stress.schedule import Token
from pflow_testkit.stress.scope import frame_of, place
from pflow_testkit.stress.surroundings import surroundings

INTERVAL: Final = 1e-6
"""Seconds between two switches."""
PATIENCE: Final = 10.0
"""Seconds until a round counts as stuck."""
_HOLD: Final = 0.002
"""Seconds that a thread waits for its fellows."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_start, _join = threading.Thread.start, threading.Thread.join


def hammer(
    setting: Setting, plan: Plan, on_progress: Progress | None = None, patience: float = PATIENCE
) -> Exploration:
    """Call the function round after round, until one goes wrong."""
    started, around, done, found = time.perf_counter(), surroundings(setting.scope), 0, None
    with ExitStack() as stack:
        stack.callback(around.release)
        stack.enter_context(hasty_switches())
        stack.enter_context(patched(setting.places))
        found = _prepared(setting)
        if setting.prepare_more is not None:
            around.restore()
            setting.prepare_more()
        while found is None and done < plan.schedules and not _is_late(plan, started):
            around.restore()
            done += 1
            failure = _Round(setting, patience).run()
            if on_progress is not None:
                on_progress(done, plan.schedules)
            if failure is not None:
                token = Token("threads", plan.seed, done)
                found = Finding(failure, token, token, 0, 0, 0)
    return Exploration(plan, done, 0, threading.active_count(), time.perf_counter() - started, found)


@contextmanager
def hasty_switches() -> Iterator[None]:
    """A switch every microsecond; afterwards as before, whatever ends it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _prepared(setting: Setting) -> Finding | None:
    failure = None if setting.prepare is None else setting.prepare()
    token = Token("threads", 0, 0)
    return None if failure is None else Finding(failure, token, token, 0, 0, 0)


def _is_late(plan: Plan, started: float) -> bool:
    return plan.budget is not None and time.perf_counter() - started > plan.budget


class _Round:
    """One call of the function, in a thread that can be given up on."""

    def __init__(self, setting: Setting, patience: float) -> None:
        self._setting, self._patience = setting, patience
        self._gate = threading.Event()
        self._failures: list[Failure] = []
        self._started: list[threading.Thread] = []
        self._daemons: set[threading.Thread] = set()
        self._through: list[BaseException] = []

    def run(self) -> Failure | None:
        places = [(threading.Thread, "start", self._starter()), (threading.Thread, "join", self._joiner())]
        main = threading.Thread(target=self._main, name="main", daemon=True)
        with warnings.catch_warnings(), patched(places):
            warnings.simplefilter("error", append=True)
            _start(main)
            _join(main, self._patience)
            for thread in self._started:
                _join(thread, 0 if main.is_alive() else self._patience)
        if self._through:
            raise self._through[0]
        stuck = [
            thread
            for thread in [main, *self._started]
            if thread.is_alive() and (thread is main or thread not in self._daemons)
        ]
        if stuck:
            self._failures.append(self._stuck(stuck))
        return _all_of(self._failures)

    def _main(self) -> None:
        setting = self._setting
        # What it starts is no daemon unless it says so; by now it is too late for the process to wait for this one.
        threading.current_thread()._daemonic = False  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way
        try:
            result = setting.fn()
            judged = self._judged(result)
            self._failures += [judged] if judged is not None else []
            if setting.check is not None and judged is None:
                setting.check(result)
        except setting.through as error:
            self._through.append(error)
        except BaseException as error:  # noqa: BLE001  # SystemExit too: what ends a thread is a finding
            self._failures.append(said_by(error, "", setting.scope))

    def _judged(self, result: Any) -> Failure | None:
        setting = self._setting
        judged = setting.judge(result) if setting.judge is not None else None
        if judged is None or setting.judge is None or setting.prepare_more is None:
            return judged
        setting.prepare_more()  # it may be the time of day that made the difference
        return setting.judge(result)

    def _starter(self) -> Callable[[threading.Thread], None]:
        def start(thread: threading.Thread) -> None:
            if thread.daemon:
                self._daemons.add(thread)
            work, thread.daemon = thread.run, True  # one that is stuck shall not keep the process from ending
            thread.run = lambda: self._work(thread, work)  # type: ignore[method-assign]  # this one thread's
            self._started.append(thread)
            _start(thread)

        return start

    def _joiner(self) -> Callable[[threading.Thread, float | None], None]:
        def join(thread: threading.Thread, timeout: float | None = None) -> None:
            self._gate.set()
            _join(thread, timeout)

        return join

    def _work(self, thread: threading.Thread, work: Callable[[], None]) -> None:
        self._gate.wait(_HOLD)
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # as above
            self._failures.append(said_by(error, thread.name, self._setting.scope))

    def _stuck(self, threads: list[threading.Thread]) -> Failure:
        lines = []
        for thread in threads:
            concurrent.futures.thread._threads_queues.pop(thread, None)  # type: ignore[attr-defined]  # noqa: SLF001  # the end of the process waits for these
            frames = self._setting.scope.frames(frame_of(thread.ident or 0))
            lines += [thread.name, *(f"    {place(frame)}" for frame in frames)]
        names = ", ".join(thread.name for thread in threads)
        return Failure("no end", f"no end within {self._patience:g} s: {names}", "", tuple(lines))


def _all_of(failures: list[Failure]) -> Failure | None:
    if len(failures) < 2:  # noqa: PLR2004  # nothing to join
        return failures[0] if failures else None
    first = failures[0]
    others = [line for other in failures[1:] for line in (other.text, *other.lines)]
    return Failure(first.kind, first.text, first.error_type, (*first.lines, *others), first.cause)


class GatedPool(Executor):
    """Each piece of work in a thread of its own; none begins before there are as many as there may be."""

    def __init__(self, workers: int) -> None:
        self._gate = threading.Barrier(workers)
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Start it."""
        future: Future[_T] = Future()
        thread = threading.Thread(target=self._into, args=(future, lambda: fn(*args, **kwargs)))
        self._threads.append(thread)
        thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # of Executor
        """Wait for all."""
        for thread in self._threads if wait else ():
            thread.join()

    def _into(self, future: Future[Any], work: Callable[[], Any]) -> None:
        try:
            self._gate.wait(PATIENCE)
            result = work()
        except BaseException as error:  # noqa: BLE001  # whoever asks for the result gets it
            future.set_exception(error)
        else:
            future.set_result(result)
