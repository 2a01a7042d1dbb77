"""What modules and classes hold, put back before each schedule; and their locks, put under it.

Module globals, class attributes, default arguments and what they lead to: a cache that the first schedule filled would
hide from all others what filling it does, and a counter would make each of them another. What the function makes
itself is new each time, and what it only closes over is left alone.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from enum import Enum
from types import BuiltinMethodType, FunctionType, ModuleType
from typing import Any, Final

from pflow_testkit.stress.primitives import Lock, RLock
from pflow_testkit.stress.scope import Scope

_MOST_OBJECTS: Final = 50_000
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_WAITERS: Final = ("threading", "queue", "functools")
"""Modules whose objects hold locks of their own: conditions, queues, cached properties."""

Put = Callable[[Any], None]


def surroundings(scope: Scope, names: Iterable[str] | None = None) -> Surroundings:
    """Those of the modules in the scope, or of just these of them."""
    wanted = sys.modules.keys() if names is None else names
    modules = [sys.modules.get(name) for name in [*wanted]]
    return Surroundings(scope, [module for module in modules if isinstance(module, ModuleType) and scope.has(module)])


class Surroundings:
    """As they were when this was made."""

    def __init__(self, scope: Scope, modules: Iterable[ModuleType]) -> None:
        self._scope = scope
        self._seen: dict[int, Any] = {}
        self._locks: dict[int, Lock | RLock] = {}
        self._free: list[Lock | RLock] = []
        self._put_back: list[tuple[Put, Any]] = []
        self._restore: list[Callable[[], None]] = []
        self._todo: deque[tuple[Any, str]] = deque((module, module.__name__) for module in modules)
        self._todo.extend((handler, "logging") for ref in logging._handlerList if (handler := ref()))  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to them
        self._walk()

    def _walk(self) -> None:
        while self._todo and len(self._seen) < _MOST_OBJECTS:
            self._visit(*self._todo.popleft())
        self._todo.clear()

    def restore(self) -> None:
        """Put everything back as it was."""
        for restore in self._restore:
            restore()
        for lock in self._free:
            if lock.owner is not None:
                lock.renew()  # a thread of a schedule that was broken off has it; any other keeps what it has

    def narrow(self) -> None:
        """From here on look after what code of the modules that were entered can reach; put the rest back."""
        self.restore()
        self._restore, self._seen = [], {}
        for name in [*self._scope.entered]:
            if (module := sys.modules.get(name)) is not None:
                self._todo.append((module, name))
        self._walk()

    def release(self) -> None:
        """The same, and the locks are the real ones again."""
        self.restore()
        for put, value in reversed(self._put_back):
            put(_real(value))

    def _visit(self, owner: Any, name: str) -> None:
        if id(owner) in self._seen:
            return
        self._seen[id(owner)] = owner
        if isinstance(owner, ModuleType | type):
            self._visit_names(owner, name)
        elif isinstance(owner, FunctionType):
            self._defaults(owner, name)
        elif isinstance(owner, functools._lru_cache_wrapper):  # noqa: SLF001  # it has no other name
            self._restore.append(owner.cache_clear)
        elif isinstance(owner, MutableMapping) and isinstance(owner, dict):
            self._visit_mapping(owner, name)
        elif isinstance(owner, list):
            self._visit_list(owner, name)
        elif isinstance(owner, set | deque | bytearray):
            self._visit_bag(owner)
        elif isinstance(owner, tuple):
            self._later((value, f"{name}[{index}]") for index, value in enumerate(owner))
        elif hasattr(owner, "__dict__") and self._is_known(owner):
            self._visit_mapping(vars(owner), name)

    def _is_known(self, owner: Any) -> bool:
        kind = type(owner)
        if isinstance(owner, threading.Thread | threading.local | Enum):
            return False
        module = sys.modules.get(kind.__module__)
        waits = kind.__module__ in _WAITERS or isinstance(owner, logging.Handler)
        return waits or (module is not None and self._scope.has(module))

    def _visit_names(self, owner: Any, name: str) -> None:
        own = {key: value for key, value in vars(owner).items() if not key.startswith(("__", "@"))}
        if isinstance(owner, type) and (
            issubclass(owner, Enum) or not self._scope.has(sys.modules.get(owner.__module__))
        ):
            return
        for key, value in own.items():
            own[key] = self._adopted(value, f"{name}.{key}", functools.partial(setattr, owner, key))
        self._later((_inner(value), f"{name}.{key}") for key, value in own.items() if not isinstance(value, ModuleType))
        self._restore.append(functools.partial(_restore_names, owner, own))

    def _visit_mapping(self, owner: dict[Any, Any], name: str) -> None:
        for key, value in list(owner.items()):
            self._adopted(value, f"{name}.{key}", functools.partial(owner.__setitem__, key))
        self._later((value, f"{name}.{key}") for key, value in owner.items())
        self._restore.append(functools.partial(_restore_mapping, owner, [*owner.items()]))

    def _visit_list(self, owner: list[Any], name: str) -> None:
        for index, value in enumerate(owner):
            self._adopted(value, f"{name}[{index}]", functools.partial(owner.__setitem__, index))
        self._later((value, f"{name}[{index}]") for index, value in enumerate(owner))
        self._restore.append(functools.partial(_restore_list, owner, [*owner]))

    def _visit_bag(self, owner: Any) -> None:
        self._restore.append(functools.partial(_restore_bag, owner, owner.copy()))

    def _defaults(self, owner: FunctionType, name: str) -> None:
        self._later((value, name) for value in [*(owner.__defaults__ or ()), *(owner.__kwdefaults__ or {}).values()])
        wrapped = getattr(owner, "__wrapped__", None)
        self._later([(wrapped, name)] if wrapped is not None else [])

    def _later(self, values: Iterable[tuple[Any, str]]) -> None:
        self._todo.extend((value, name) for value, name in values if _may_change(value))

    def _adopted(self, value: Any, name: str, put: Put) -> Any:
        mine = self._under_schedule(value, name)
        if mine is not value:
            with suppress(AttributeError, TypeError):
                put(mine)
                self._put_back.append((put, mine))
                return mine
        return value

    def _under_schedule(self, value: Any, name: str) -> Any:
        if isinstance(value, _LOCK | _RLOCK):
            return self._lock(value, name)
        if isinstance(value, BuiltinMethodType) and isinstance(value.__self__, _LOCK | _RLOCK):
            return getattr(self._lock(value.__self__, name.rpartition(".")[0]), value.__name__)
        return value

    def _lock(self, raw: Any, name: str) -> Lock | RLock:
        lock = self._locks.get(id(raw))
        if lock is None:
            kind = Lock if isinstance(raw, _LOCK) else RLock
            lock = self._locks[id(raw)] = kind.adopting(raw, name)
            if not (raw.locked() if isinstance(raw, _LOCK) else _is_taken(raw)):
                self._free.append(lock)
        return lock


def _real(mine: Any) -> Any:
    # The real lock, or its method: not always the one that was there, a re-entrant one is freed by no other thread.
    return mine.raw if isinstance(mine, Lock | RLock) else getattr(mine.__self__.raw, mine.__name__)


def _inner(value: Any) -> Any:
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _may_change(value: Any) -> bool:
    return value is not None and not isinstance(value, str | bytes | int | float | ModuleType)


def _is_taken(raw: Any) -> bool:
    if raw.acquire(False):
        raw.release()
        return bool(raw._is_owned())  # noqa: SLF001  # what threading.Condition asks
    return True


def _restore_names(owner: Any, own: dict[str, Any]) -> None:
    now = vars(owner)
    for key in [key for key in now if key not in own and not key.startswith(("__", "@"))]:
        with suppress(AttributeError, TypeError):
            delattr(owner, key)
    for key, value in own.items():
        if now.get(key, own) is not value:
            with suppress(AttributeError, TypeError):
                setattr(owner, key, value)


def _restore_mapping(owner: dict[Any, Any], items: list[tuple[Any, Any]]) -> None:
    if len(owner) == len(items) and all(a is c and b is d for (a, b), (c, d) in zip(owner.items(), items, strict=True)):
        return
    whole: Any = OrderedDict if isinstance(owner, OrderedDict) else dict
    whole.clear(owner)
    whole.update(owner, items)


def _restore_list(owner: list[Any], items: list[Any]) -> None:
    if len(owner) != len(items) or any(a is not b for a, b in zip(owner, items, strict=True)):
        list.__setitem__(owner, slice(None), items)


def _restore_bag(owner: Any, items: Any) -> None:
    if owner != items:
        owner.clear()
        if isinstance(owner, set):
            owner.update(items)
        else:
            owner.extend(items)
