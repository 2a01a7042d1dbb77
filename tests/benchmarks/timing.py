"""Contestants to figures: one run of each in turn, round after round, and the medians.

In turn, so that whatever else the machine does hits all of them alike; a ratio is the median of the rounds'
ratios, not the ratio of two medians that may come from different moments.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from statistics import median
from time import perf_counter
from typing import Any

Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A name, and one run of it: the figure that counts, mostly seconds an item."""

    name: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Absent:
    """A contestant that cannot run here, and why."""

    name: str
    reason: str


Entry = Contestant | Absent


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rounds gave, by name and in the order of the rounds."""

    rounds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """The middle of a contestant's figures."""
        return median(self.rounds[name])

    def ratio(self, name: str, other: str) -> float:
        """How many times another's figure: the middle of the rounds' ratios."""
        pairs = zip(self.rounds[name], self.rounds[other], strict=True)
        return median(figure / beside for figure, beside in pairs)


def interleaved(entries: Iterable[Entry], runs: int, *, warm: bool = True) -> Figures:
    """Run all contestants in turn, ``runs`` times over; once before that, uncounted, if ``warm``."""
    contestants = [entry for entry in entries if isinstance(entry, Contestant)]
    for contestant in contestants if warm else ():
        contestant.measure()
    rounds: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for _ in range(runs):
        for contestant in contestants:
            gc.collect()
            rounds[contestant.name].append(contestant.measure())
    return Figures(rounds)


def timed(name: str, act: Callable[[], Any], count: int, check: Callable[[Any], None]) -> Contestant:
    """A contestant that is timed: seconds an item of ``act``. ``check`` raises if it did not do all of the work."""

    def measure() -> float:
        started = perf_counter()
        outcome = act()
        elapsed = perf_counter() - started
        # Held until here: to free what came out is no part of the work, and some leave more behind than others.
        check(outcome)
        return elapsed / count

    return Contestant(name, measure)


def installed(package: str, module: str, name: str, entry: Callable[[str], Entry]) -> Entry:
    """The contestant ``entry`` makes under its name with the package's version, or who is absent."""
    try:
        import_module(module)
    except ImportError:
        return Absent(name, f"not installed (pip install {package})")
    return entry(name.replace(package, f"{package} {version(package)}"))
