"""A run to what its nodes share and somebody has to close: connections, threads, processes of servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

from pflow_engine.clock import CancelToken
from pflow_engine.errors import Problem, Unhealable


class Closable(Protocol):
    """What a run closes when it ends."""

    def close(self) -> None:
        """Let go of everything; may take a moment, and is called once."""
        ...


_Kept = TypeVar("_Kept", bound=Closable)


class Resources:
    """What the nodes of a run hold in common: of each key one, made for whoever asks first.

    ``cancel`` is the run's token. The lock guards what is kept: items of a parallel batch ask at the same time.
    """

    def __init__(self, cancel: CancelToken) -> None:
        self.cancel = cancel
        self._lock = threading.Lock()
        self._kept: dict[Hashable, Closable] = {}
        self._closed = False

    def get(self, key: Hashable, make: Callable[[CancelToken], _Kept]) -> _Kept:
        """The one of that key; ``make`` is given the run's token, and should take no time.

        Raises:
            Unhealable: the run has ended. Only an attempt whose time was up long ago still asks then.
        """
        with self._lock:
            if self._closed:
                raise Unhealable(Problem("run-ended", "the run has ended"))
            if key not in self._kept:
                self._kept[key] = make(self.cancel)
            return self._kept[key]  # type: ignore[return-value]  # what stands under a key is what its users make

    def close(self) -> None:
        """Close them all, the last one first; nothing is made any more."""
        with self._lock:
            self._closed = True
            kept, self._kept = self._kept, {}
        for each in reversed(kept.values()):
            each.close()
