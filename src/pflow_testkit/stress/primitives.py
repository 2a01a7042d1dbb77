"""Locks and sleep that give way in the schedule instead of blocking.

All else in ``threading`` and ``queue`` is written in Python on top of these two locks, so it comes along by itself.
Each lock holds a real one, which alone says whether it is taken: a thread that is not under the schedule may use it as
well, before, during and after.
"""

from __future__ import annotations

import _thread
import queue
import sys
import threading
from _thread import get_ident
from types import CodeType
from typing import Any, Final, NoReturn, Self

from pflow_testkit.stress.active import ACTIVE
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.scope import Scope, shown
from pflow_testkit.stress.strand import Strand

_new_lock = _thread.allocate_lock
_new_rlock = _thread.RLock
_FOREVER: Final = -1
_BELOW: Final = (threading.__file__, queue.__file__, __file__)
"""Files whose own operations on locks are those of whoever called them."""


class AnyLock:
    """What both kinds of lock share. ``owner`` is the strand that has it, ``made`` where it was made."""

    __slots__ = ("__weakref__", "_made", "_maker", "_raw", "_users", "_waiting", "owner")

    _kind = "lock"
    _raw: Any

    def __init__(self, raw: Any = None) -> None:
        self._raw = raw if raw is not None else self._fresh()
        self.owner: Strand | None = None
        self._waiting = 0
        frame = sys._getframe(1)  # noqa: SLF001  # as warnings does
        self._made: tuple[CodeType, int, dict[str, Any]] | str = (frame.f_code, frame.f_lineno, frame.f_globals)
        while frame.f_code.co_filename in _BELOW and frame.f_back is not None:
            frame = frame.f_back
        self._maker = (frame.f_code, frame.f_globals)
        self._users: bool | None = None

    @classmethod
    def adopting(cls, raw: Any, name: str) -> Self:
        """A lock that was there before, under the name it was found by."""
        lock = cls(raw)
        lock._made, lock._users = name, True
        return lock

    def acquire(self, blocking: bool = True, timeout: float = _FOREVER) -> bool:  # noqa: FBT001, FBT002  # of threading
        """As threading's."""
        # What here() does, without the call: locks are taken a hundred times in a schedule of a few items.
        scheduler = ACTIVE.scheduler
        me = None if scheduler is None else scheduler.by_ident.get(get_ident())
        if scheduler is None or me is None:
            return bool(self._raw.acquire(blocking, timeout))
        if not blocking or timeout != _FOREVER:
            _check(blocking=blocking, timeout=timeout)
        if self._users is not False or not scheduler.hooks:
            self._point(scheduler, me)
        if self._raw.acquire(False):
            self.owner = me
            return True
        return bool(blocking) and timeout != 0 and self._wait(scheduler, me, timeout)

    def _wait(self, scheduler: Scheduler, me: Strand, timeout: float) -> bool:
        deadline = None if timeout < 0 else scheduler.now + timeout
        in_time = True
        while not self._raw.acquire(False):
            if not in_time:
                return False
            self._waiting += 1
            try:
                in_time = scheduler.block(me, self, deadline)
            finally:
                self._waiting -= 1
        self.owner = me
        return True

    def release(self) -> None:
        """As threading's."""
        self._raw.release()
        self._released()

    def _released(self) -> None:
        self.owner = None
        scheduler = ACTIVE.scheduler
        if scheduler is None:
            return
        me = scheduler.by_ident.get(get_ident())
        if me is None:
            scheduler.wake(self)
            return
        if self._waiting or scheduler.running is not me:
            scheduler.wake(self)
        if self._users is not False or not scheduler.hooks:
            self._point(scheduler, me)

    def _point(self, scheduler: Scheduler, me: Strand) -> None:
        if not scheduler.hooks:
            if scheduler.running is not me:
                scheduler.pause(me)
            return
        if self._users is None:
            # Locks that the standard library or the engine make for themselves are none of the user's.
            self._users = scheduler.scope.wants(*self._maker)
        if self._users:
            scheduler.touch(me)

    def said(self, scope: Scope) -> str:
        """The lock as its user knows it; nothing where the user does not know it at all."""
        held = f", held by {self.owner.label}" if self.owner is not None else ""
        if isinstance(self._made, str):
            return f"the {self._kind} {self._made}{held}"
        code, line, variables = self._made
        if not scope.wants(code, variables):
            return ""
        return f"the {self._kind} made at {shown(code.co_filename)}:{line}{held}"

    def renew(self) -> None:
        """Free it, whoever has it: the threads of a schedule that was broken off never will."""
        self._raw = self._fresh()
        self.owner = None

    @staticmethod
    def _fresh() -> Any:
        raise NotImplementedError

    @property
    def raw(self) -> Any:
        """The real lock."""
        return self._raw

    def _at_fork_reinit(self) -> None:
        self._raw = self._fresh()

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<{self._kind} {self._raw!r}>"

    def __reduce__(self) -> NoReturn:
        # As the real ones: what holds a lock is not to become copyable by being watched.
        raise TypeError(f"cannot pickle '_thread.{self._kind}' object")


class Lock(AnyLock):
    """``threading.Lock``."""

    __slots__ = ()

    _kind = "lock"

    def renew(self) -> None:
        """As above; any thread may release this kind."""
        if self._raw.locked():
            self._raw.release()
        self.owner = None

    @staticmethod
    def _fresh() -> Any:
        return _new_lock()

    def locked(self) -> bool:
        """As threading's."""
        return bool(self._raw.locked())

    acquire_lock, release_lock, locked_lock = AnyLock.acquire, AnyLock.release, locked


class RLock(AnyLock):
    """``threading.RLock``."""

    __slots__ = ()

    _kind = "RLock"

    @staticmethod
    def _fresh() -> Any:
        return _new_rlock()

    def release(self) -> None:
        """As threading's."""
        self._raw.release()
        if not self._raw._is_owned():  # noqa: SLF001  # what threading.Condition asks
            self._released()

    def _is_owned(self) -> bool:
        return bool(self._raw._is_owned())  # noqa: SLF001  # as above

    def _release_save(self) -> Any:
        saved = self._raw._release_save()  # noqa: SLF001  # as above
        self._released()
        return saved

    def _acquire_restore(self, saved: tuple[int, int]) -> None:
        self.acquire()
        for _ in range(saved[0] - 1):
            self._raw.acquire()


class _Sleep:
    """What a thread waits for that sleeps: only time ends it."""

    passes = True

    @staticmethod
    def said(_scope: Scope) -> str:
        """In a report."""
        return "the end of its sleep"


_SLEEP = _Sleep()


def sleep_in(scheduler: Scheduler, me: Strand, seconds: float) -> None:
    """Sleep on the schedule's own clock: no time passes as long as anyone else can go on."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    until = scheduler.now + seconds
    while scheduler.block(me, _SLEEP, until) and scheduler.now < until:
        pass  # it was let go of before, and only now it sleeps


def _check(*, blocking: bool, timeout: float) -> None:
    # In threading's own words: what a test asserts about them holds under the schedule too.
    if not blocking and timeout != _FOREVER:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != _FOREVER:
        raise ValueError("timeout value must be a non-negative number")
