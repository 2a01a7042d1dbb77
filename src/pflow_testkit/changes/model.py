"""A change, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """BREAKING: who uses it may fail. BEHAVIOUR: it does something else. COSMETIC: it does the same."""

    BREAKING = "BREAKING"
    BEHAVIOUR = "BEHAVIOUR"
    COSMETIC = "COSMETIC"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed between two runs.

    ``node`` is "" for the run itself. ``occurrence`` says which run of the node, from 0, ``item`` the index of the
    item: of a run or an item that is gone those it had, else those it has now. ``what`` is the place in words, ""
    where it is the node as a whole, and ``how`` what became of it. ``users`` are the nodes, by id, and the outputs
    ("output 'name'") that use it. ``was`` and ``now`` are the value in short, "" where there was or is none.
    """

    severity: Severity
    node: str
    occurrence: int
    item: int | None
    what: str
    how: str
    users: tuple[str, ...] = ()
    was: str = ""
    now: str = ""
