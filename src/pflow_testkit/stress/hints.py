"""The run in order to the switches that are worth trying first: between what two threads do to the same thing.

A schedule drawn at random must hit one point of thousands. The run in order shows what each thread reads and writes, as
far as that can be told from its source: the places where a switch can matter are known, and there are few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import FrameType
from typing import NamedTuple

from pflow_testkit.stress.accesses import Access, accesses_at
from pflow_testkit.stress.schedule import Switch
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.strand import Strand

MOST_HINTS = 60
_MOST_NOTED = 5_000


class _Noted(NamedTuple):
    number: int
    at: int
    access: Access


class Noticing:
    """Is told of each opcode of the run in order; ``Observe``."""

    def __init__(self) -> None:
        self._noted: list[_Noted] = []

    def __call__(self, scheduler: Scheduler, strand: Strand, frame: FrameType) -> None:
        """Note what it reads and writes."""
        if len(self._noted) < _MOST_NOTED:
            at = scheduler.count_of(strand)
            self._noted += [_Noted(strand.number, at, access) for access in accesses_at(frame)]

    def switches(self) -> list[tuple[Switch]]:
        """One switch each: first where a thread comes back to what it has used, then where it comes to it."""
        by_owner: dict[int, list[_Noted]] = {}
        for noted in self._noted:
            by_owner.setdefault(noted.access.owner, []).append(noted)
        shared = [group for group in by_owner.values() if len({noted.number for noted in group}) > 1]
        again = (switch for group in shared for switch in _conflicts(group, used=True))
        first = (switch for group in shared for switch in _conflicts(group, used=False))
        return [(switch,) for switch in islice(dict.fromkeys([*again, *first]), MOST_HINTS)]


def _conflicts(group: list[_Noted], *, used: bool) -> Iterator[Switch]:
    for place, mine in enumerate(group):
        before = any(other.number == mine.number and other.at < mine.at for other in group[:place])
        others = sorted({other.number for other in group if _conflict(mine, other)})
        if before is used:
            yield from (Switch(mine.number, mine.at, number) for number in others if number)


def _conflict(one: _Noted, other: _Noted) -> bool:
    if one.number == other.number or not one.access.meets(other.access):
        return False
    return one.access.syncs or one.access.writes or other.access.writes
