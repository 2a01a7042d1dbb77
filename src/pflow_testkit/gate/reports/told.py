"""What a session found, as all reports are made of it: files as seen from the top of the working tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pflow_testkit.gate.row import Judged, Row


@dataclass(frozen=True, slots=True)
class Told:
    """What was compared with ``against``.

    ``unjudged`` are the workflows whose item ``gate`` came to no verdict; ``complete`` says whether all were to.
    """

    against: str
    judged: tuple[Judged, ...]
    unjudged: tuple[str, ...] = ()
    complete: bool = True

    @property
    def rows(self) -> list[Row]:
        """All that was found, the worst first."""
        return sorted((row for each in self.judged for row in each.rows), key=lambda row: row.order)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.complete and not self.unjudged


def classes_of(rows: Iterable[Row]) -> dict[str, int]:
    """How many there are of each class, what is approved apart."""
    counts = dict.fromkeys(("breaking", "approved", "behaviour", "cosmetic"), 0)
    for row in rows:
        counts["approved" if row.approved else row.severity.lower()] += 1
    return counts


def properties_of(rows: tuple[Row, ...]) -> Iterator[tuple[str, str]]:
    """What JUnit's file says of an item ``gate``: how many changes of each class, and their rules."""
    for name, count in classes_of(rows).items():
        yield f"pflow_gate_{name}", str(count)
    yield "pflow_gate_rules", " ".join(sorted({row.rule for row in rows}))
