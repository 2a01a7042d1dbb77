"""What the same work costs without an engine: the floors that ours is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from timing import Contestant, timed
from work import doubled

FLOOR = "floor (ThreadPoolExecutor.map)"
PULL_LOOP = "pull loop"

_Work = Callable[[int], dict[str, Any]]
_PARAMS = {"value": None}


def floor(work: _Work, count: int, workers: int = 10) -> Contestant:
    """A bare executor: a future for each item, and one copy of a dict."""

    def call(item: int) -> dict[str, Any]:
        return work(**{**_PARAMS, "value": item})

    def act() -> list[dict[str, Any]]:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(call, range(count)))

    return timed(FLOOR, act, count, doubled(count))


def pull_loop(work: _Work, count: int, workers: int = 10) -> Contestant:
    """Threads that take from one iterator: the least that threads can cost."""
    return timed(PULL_LOOP, lambda: _pulled(work, range(count), workers), count, doubled(count))


def _pulled(work: _Work, items: Sequence[int], workers: int) -> list[dict[str, Any]]:
    results: list[Any] = [None] * len(items)
    indices = iter(range(len(items)))

    def take() -> None:
        for index in indices:  # the interpreter lock gives each index to one thread
            results[index] = work(items[index])

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(take) for _ in range(workers)]:
            future.result()
    return results
