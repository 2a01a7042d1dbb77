"""A schedule that fails to one with the fewest switches that fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pflow_testkit.stress.schedule import Switch

Switches = tuple[Switch, ...]
Attempt = Callable[[Switches], Switches | None]
"""Runs just these switches: those that took effect if it failed in the same way, else None."""

MOST_ATTEMPTS = 300
_MOST_SINGLE = 600


def shrink(switches: Sequence[Switch], attempt: Attempt) -> Switches:
    """Leave out what can be left out: halves first, then quarters, in the end one by one."""
    return _Shrinking(tuple(switches), attempt).run()


def single(counts: Sequence[int], attempt: Attempt) -> Switches | None:
    """One switch that is enough, looked for where each thread comes to in the run in order; None if there is none.

    ``counts`` are the points of the threads by number. What is left by leaving out is seldom the simplest: switches
    undo one another.
    """
    tried = [
        (Switch(number, at, to),)
        for number in [*range(1, len(counts)), 0]
        for at in range(1, counts[number] + 1)
        for to in range(1, len(counts))
        if to != number
    ]
    if len(tried) > _MOST_SINGLE:
        return None
    return next((switches for switches in tried if attempt(switches) is not None), None)


class _Shrinking:
    """Delta debugging (Zeller, Hildebrandt 2002), with what each failing run tells of itself."""

    def __init__(self, switches: Switches, attempt: Attempt) -> None:
        self.best = switches
        self._attempt = attempt
        self._tried: set[Switches] = set()

    def run(self) -> Switches:
        size = max(len(self.best) // 2, 1)
        while self.best and len(self._tried) < MOST_ATTEMPTS:
            if self._without_some(size):
                size = min(size, max(len(self.best) // 2, 1))
            elif size == 1:
                break
            else:
                size = max(size // 2, 1)
        return self.best

    def _without_some(self, size: int) -> bool:
        return any(self._try(self.best[:at] + self.best[at + size :]) for at in range(0, len(self.best), size))

    def _try(self, fewer: Switches) -> bool:
        if fewer in self._tried or len(self._tried) >= MOST_ATTEMPTS:
            return False
        self._tried.add(fewer)
        effective = self._attempt(fewer)
        if effective is None:
            return False
        self.best = effective if len(effective) < len(fewer) else fewer
        return True
