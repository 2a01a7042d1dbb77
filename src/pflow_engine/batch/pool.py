"""What a pool must have for a batch to run in processes that share no memory with this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from pflow_engine.errors import PflowError


class WorkerLost(Exception):
    """What was submitted killed the processes that it ran on, as often as the pool allows."""


class ClusterLost(PflowError):
    """Nothing that was submitted will ever be done: the scheduler is gone, or the last worker."""


class CrossingPool(Protocol):
    """An executor whose workers share no memory with this process: ``crosses`` says so."""

    crosses: bool

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run it on any worker. The future raises WorkerLost or ClusterLost where it cannot be had."""
        ...

    def ask(self, function: Callable[..., Any], /, *args: Any) -> Mapping[str, Any]:
        """Call it now in each worker process, beside what runs there: what each gave, or raised."""
        ...

    def tell(self, function: Callable[..., Any], /, *args: Any) -> None:
        """The same without waiting and without an answer."""
        ...

    def check(self) -> None:
        """Raise ClusterLost when what was submitted can no longer be done."""
        ...
