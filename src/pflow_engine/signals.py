"""Ctrl-C and SIGTERM to one exception in the main thread, and to the end of the process once the trace is written.

Python runs a handler between any two steps of the main thread, so an exception from one may strike in the midst of
anything, cleaning up after the one before it included. Hence the rule: **of all the signals of a run, one raises**.

- The first asks the run to stop, in a thread that no signal reaches, and raises where the main thread is: nothing
  starts after it, processes are killed, running items end, the trace is written.
- The second changes nothing. It is seldom meant: a wrapper that hands signals on makes two of one key press, a
  supervisor follows SIGINT with SIGTERM. What it would save is the wait for running items, at the price of the trace.
- The third is meant: the process ends there and then as one that handles no signals. The trace is as it was before,
  whole or not there; the commands of nodes were killed at the first.

A signal that comes while the trace is written waits until it is. Only what has its default handling is handled,
and in the main thread only: elsewhere another run, or whoever embeds the engine, has taken charge already.

The system gives a signal to any thread, on Linux to one that happens to start a thread or a process at that moment, and
Python handles it when the main thread wakes up next. So the main thread waits in steps: ``wait_awake``.

Where the main thread only starts others and waits for them it is ``shielded``: an exception in the midst of the
standard library's locks leaves them locked, and whoever needs one next waits for ever. There a signal raises in
``wait_awake``, or at the end.
"""

from __future__ import annotations

import _thread
import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Final, NoReturn, Self

_DEFAULTS: Final[dict[int, Any]] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
_MEANT: Final = 3
"""The signal that ends the process, counting from the first."""
_STEP: Final = 0.05
"""Seconds in which the main thread sees a signal that another thread got."""

_entered: list[Signals] = []
"""The run that handles signals, if one does. Only the main thread looks and writes here."""


class Terminated(BaseException):
    """SIGTERM came. No SystemExit, which a node may raise and which is then its own failure."""


class Signals:
    """While it is entered, signals stop a run as the module says; ``cancel`` asks the run to.

    On leaving, their handling is what it was. If SIGTERM came, the process ends by it, for its supervisor to see;
    if Ctrl-C came and its exception was lost on the way, in a node that catches everything, it is raised again.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._asked: threading.Event | None = None
        self._came: list[int] = []
        self._numbers = itertools.count(1)
        self._taken: list[int] = []
        self._held = True
        self._shields = 0
        self._late: type[BaseException] | None = None
        self._process = os.getpid()
        self._handler = self._handle

    def hold(self) -> None:
        """From here on raise nothing.

        Its caller leaves the trace in a ``finally`` around this call, not after it: the one exception of a run may
        strike in here, before the first line, but then no other will.
        """
        self._held = True

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for signum, default in _DEFAULTS.items():
                if signal.getsignal(signum) == default:
                    self._taken.append(signum)
                    signal.signal(signum, self._handler)
        if self._taken:
            _entered.append(self)
        self._held = False
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if self._taken:
            _entered.remove(self)
        if self._asked is not None:
            self._asked.wait()
        for signum in reversed(self._taken):  # Ctrl-C last: from then on it raises again
            if signal.getsignal(signum) == self._handler:
                signal.signal(signum, _DEFAULTS[signum])
        if signal.SIGTERM in self._came:
            _end(signal.SIGTERM)
        if self._came and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            _as_default(signum, frame)
        # Asked once, in one step: the next signal may come between any two, and be handled in the midst of this one.
        number = next(self._numbers)
        self._came.append(signum)
        if number >= _MEANT:
            _end(signum)
        if number == 1:
            self._ask()
            stop = KeyboardInterrupt if signum == signal.SIGINT else Terminated
            if self._shields:
                self._late = stop
            elif not self._held:
                raise stop

    def raise_late(self) -> None:
        """Raise what came behind a shield."""
        if self._late is not None:
            stop, self._late = self._late, None
            raise stop

    @contextlib.contextmanager
    def shield(self) -> Iterator[None]:
        """Let no signal raise in here, but in ``wait_awake`` and at the end."""
        self._shields += 1
        try:
            yield
            self.raise_late()
        finally:
            self._shields -= 1

    def _ask(self) -> None:
        # Not here: the main thread may hold a lock that asking needs. Nor by a threading.Thread, whose start takes one.
        asked = threading.Event()

        def ask() -> None:
            try:
                self._cancel()
            finally:
                asked.set()

        # Where no thread is to be had, whoever catches the exception asks.
        with contextlib.suppress(RuntimeError):
            _thread.start_new_thread(ask, ())
            self._asked = asked


def shielded() -> AbstractContextManager[None]:
    """A shield for what the main thread does now; nothing in other threads, and where nobody handles signals."""
    return _entered[-1].shield() if _handled() else contextlib.nullcontext()


def wait_awake(wait: Callable[[float], object], seconds: float = threading.TIMEOUT_MAX) -> bool:
    """``wait(seconds)`` until it gives something true; whether it did. The main thread sees signals meanwhile.

    Raises:
        KeyboardInterrupt, Terminated: a signal came, behind a shield.
    """
    if threading.current_thread() is not threading.main_thread():
        return bool(wait(seconds))
    end = time.monotonic() + seconds
    while not wait(max(0.0, min(_STEP, end - time.monotonic()))):
        if _handled():
            _entered[-1].raise_late()
        if time.monotonic() >= end:
            return False
    return True


def _handled() -> bool:
    return bool(_entered) and threading.current_thread() is threading.main_thread()


def _as_default(signum: int, frame: FrameType | None) -> NoReturn:
    # In a fork that a node made: it has the memory of the run, but nothing of it is its own to stop.
    if signum == signal.SIGINT:
        signal.default_int_handler(signum, frame)
    _end(signum)


def _end(signum: int) -> NoReturn:
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)  # the first process of a container, which the system spares
