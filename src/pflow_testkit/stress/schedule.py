"""A token to a schedule: who goes on, at each point where another could.

A schedule is a pure function of its token and of how many points there are. Nothing here may depend on the
clock, on thread ids, on hash seeds or on the order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Final, Literal, NamedTuple, Protocol

StrategyName = Literal["pct", "random", "threads"]

NEVER: Final = 1 << 60
"""Points until a decision that is not to come."""

_TOKEN = re.compile(r"(pct|random|threads)(?:\.([1-9][0-9]*))?:(-?[0-9]+):([0-9a-f]+)(?::([0-9a-f.,-]*))?")
_SWITCH = re.compile(r"([0-9]+)\.([0-9a-f]+)-([0-9]+)")
DEPTH: Final = 3
"""Of ``pct``, where none is given: two change points."""


class Seen(Protocol):
    """A thread as a schedule sees it: its number by order of birth, and the points it came to."""

    number: int
    count: int


class Switch(NamedTuple):
    """Thread ``number``, come to its own point ``at``, gives way to ``to``.

    Counted by the thread's own points, so that a switch stays where it is when others are taken out.
    """

    number: int
    at: int
    to: int

    def __str__(self) -> str:
        return f"{self.number}.{self.at:x}-{self.to}"


@dataclass(frozen=True, slots=True)
class Token:
    """One schedule: ``pct:41:2a`` is schedule 42 of seed 41; with ``switches`` just these are made."""

    strategy: StrategyName
    seed: int
    number: int
    depth: int = DEPTH
    switches: tuple[Switch, ...] | None = None

    def __str__(self) -> str:
        depth = "" if self.depth == DEPTH or self.strategy != "pct" else f".{self.depth}"
        made = "" if self.switches is None else ":" + ",".join(map(str, self.switches))
        return f"{self.strategy}{depth}:{self.seed}:{self.number:x}{made}"

    @classmethod
    def parse(cls, text: str) -> Token:
        """The token a report printed.

        Raises:
            ValueError: it is none.
        """
        match = _TOKEN.fullmatch(text.strip())
        made = match[5] if match else None
        parts = [_SWITCH.fullmatch(part) for part in made.split(",")] if made else []
        if match is None or not all(parts):
            raise ValueError(f"{text!r} is no schedule: it looks like pct:41:2a or pct:41:2a:1.5-2")
        switches = None if made is None else tuple(Switch(int(p[1]), int(p[2], 16), int(p[3])) for p in parts if p)
        strategy: StrategyName = match[1]  # type: ignore[assignment]  # the pattern has just these
        return cls(strategy, int(match[3]), int(match[4], 16), int(match[2] or DEPTH), switches)

    def with_switches(self, switches: Sequence[Switch]) -> Token:
        """The same with just these switches."""
        return replace(self, switches=tuple(switches))

    def schedule(self, points: int) -> Schedule:
        """Who goes on. ``points`` is how often another could have, in the run in order."""
        if self.switches is not None or self.number == 0:
            return Listed(self.switches or ())
        if self.strategy == "random":
            return Walk(Random(f"{self.seed}:{self.number}"))  # noqa: S311  # to be repeated, not to be secret
        return Priorities(self, points)


class Schedule(Protocol):
    """Decides. It is asked only when a decision is due, so a point where nothing happens costs next to nothing."""

    def born(self, thread: Seen) -> None:
        """A thread has started."""
        ...

    def tired(self, thread: Seen) -> None:
        """It has run alone for very long, most likely waiting in a loop: another is to have its turn."""
        ...

    def choose(self, able: Sequence[Seen], running: Seen | None, contested: int) -> int:
        """The place in ``able`` of who goes on; ``running`` came to the point and is among them, or cannot go on."""
        ...

    def due(self, able: Sequence[Seen], running: Seen, contested: int) -> int:
        """After how many more points of ``running`` to ask again; ``contested`` points came before."""
        ...


def in_order(able: Sequence[Seen], running: Seen | None) -> int:
    """The place of who goes on where nothing else is said: the same one, else the first by number."""
    numbers = [thread.number for thread in able]
    if running is not None and running.number in numbers:
        return numbers.index(running.number)
    return numbers.index(min(numbers))


class Listed:
    """The order of birth, but for the switches listed."""

    def __init__(self, switches: Sequence[Switch]) -> None:
        self._to = {(switch.number, switch.at): switch.to for switch in switches}
        self._at: dict[int, list[int]] = {}
        for switch in switches:
            self._at.setdefault(switch.number, []).append(switch.at)
        self._tired = -1

    def born(self, thread: Seen) -> None:
        """Nothing to remember."""

    def tired(self, thread: Seen) -> None:
        """Pass over it once."""
        self._tired = thread.number

    def choose(self, able: Sequence[Seen], running: Seen | None, contested: int) -> int:  # noqa: ARG002  # of the protocol
        """As listed; who cannot go on is passed over."""
        tired, self._tired = self._tired, -1
        if running is not None:
            to = self._to.get((running.number, running.count))
            for place, thread in enumerate(able):
                if thread.number == to:
                    return place
        if running is not None and running.number == tired:
            return _after(able, tired)
        return in_order(able, running)

    def due(self, able: Sequence[Seen], running: Seen, contested: int) -> int:  # noqa: ARG002  # of the protocol
        """The next switch of this thread."""
        ahead = [at - running.count for at in self._at.get(running.number, ()) if at > running.count]
        return min(ahead, default=NEVER)


def _after(able: Sequence[Seen], number: int) -> int:
    # The next by number, round and round.
    later = [thread.number for thread in able if thread.number > number]
    wanted = min(later) if later else min(thread.number for thread in able)
    return next(place for place, thread in enumerate(able) if thread.number == wanted)


class Walk:
    """Anyone who can, at each point."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def born(self, thread: Seen) -> None:
        """Nothing to remember."""

    def tired(self, thread: Seen) -> None:
        """It was luck."""

    def choose(self, able: Sequence[Seen], running: Seen | None, contested: int) -> int:  # noqa: ARG002  # of the protocol
        """Anyone."""
        return int(self._random.random() * len(able))

    def due(self, able: Sequence[Seen], running: Seen, contested: int) -> int:  # noqa: ARG002  # of the protocol
        """At once."""
        return 1 if len(able) > 1 else NEVER


class Priorities:
    """Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010).

    Each thread has a random priority and the highest goes on; at ``depth - 1`` points that of whoever runs
    falls below all. A bug of that depth is found with probability 1 / (threads * points^(depth - 1)) or better.

    Unlike in the paper the first point is drawn without putting back: over the schedules of a seed it comes to
    every point before it comes to one twice.
    """

    def __init__(self, token: Token, points: int) -> None:
        self._random = Random(f"{token.seed}:{token.number}")  # noqa: S311  # to be repeated, not to be secret
        points = max(points, 1)
        changes = [_drawn(token.seed, token.number, points)]
        changes += [self._random.randint(1, points) for _ in range(token.depth - 2)]
        self._changes = sorted(changes[: token.depth - 1])
        self._priorities: dict[int, float] = {}
        self._lowest = 0.0

    def born(self, thread: Seen) -> None:
        """Draw its priority."""
        self._priorities[thread.number] = 1 + self._random.random()

    def tired(self, thread: Seen) -> None:
        """It falls below all."""
        self._lowest -= 1
        self._priorities[thread.number] = self._lowest

    def choose(self, able: Sequence[Seen], running: Seen | None, contested: int) -> int:
        """The highest, after the change that was due."""
        while self._changes and self._changes[0] <= contested:
            self._changes.pop(0)
            if running is not None:
                self.tired(running)
        if len(able) == 1:
            return 0
        ranks = [self._priorities[thread.number] for thread in able]
        return ranks.index(max(ranks))

    def due(self, able: Sequence[Seen], running: Seen, contested: int) -> int:
        """At the next change, or at once when someone higher can go on."""
        if len(able) < 2:  # noqa: PLR2004  # nobody else
            return NEVER
        if max([self._priorities[thread.number] for thread in able]) > self._priorities[running.number]:
            return 1
        return max(self._changes[0] - contested, 1) if self._changes else NEVER


def _drawn(seed: int, number: int, points: int) -> int:
    # The number-th of a shuffled deck of points; a new deck when one is used up.
    deck, card = divmod(number - 1, points)
    return _deck(seed, deck, points)[card]


@lru_cache(maxsize=4)
def _deck(seed: int, deck: int, points: int) -> list[int]:
    cards = list(range(1, points + 1))
    Random(f"{seed}/{deck}/{points}").shuffle(cards)  # noqa: S311  # as above
    return cards
