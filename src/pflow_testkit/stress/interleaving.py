"""One more run of a failing schedule to its lines: who executed what, in the order it happened."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType

from pflow_testkit.stress.accesses import Access, access_at
from pflow_testkit.stress.scheduler import Scheduler, Strand
from pflow_testkit.stress.scope import shown

_AROUND = 2
"""Lines that are shown before and after a switch."""
_MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Row:
    """A line, or the part of it that was executed without a break. ``note`` says what is special about it."""

    number: int
    label: str
    place: str
    source: str
    switched: bool = False
    accesses: tuple[Access, ...] = ()
    note: str = ""
    follows_gap: bool = False


@dataclass
class Recorder:
    """Is told of each opcode of the run; ``Observe``."""

    rows: list[_Open] = field(default_factory=list)
    _switches: int = 0

    def __call__(self, scheduler: Scheduler, strand: Strand, frame: FrameType) -> None:
        last = self.rows[-1] if self.rows else None
        if last is None or not last.goes_on(strand, frame):
            switched = len(scheduler.switches) > self._switches
            self._switches = len(scheduler.switches)
            last = _Open(strand.number, strand.label, frame.f_code, frame.f_lineno, _line_of(frame), switched=switched)
            self.rows.append(last)
        if (access := access_at(frame)) is not None:
            last.accesses.append(access)


@dataclass
class _Open:
    number: int
    label: str
    code: CodeType
    line: int
    source: str
    switched: bool
    accesses: list[Access] = field(default_factory=list)

    def goes_on(self, strand: Strand, frame: FrameType) -> bool:
        return (
            self.number == strand.number
            and self.label == strand.label
            and self.code is frame.f_code
            and self.line == frame.f_lineno
        )

    def row(self) -> Row:
        place = f"{shown(self.code.co_filename)}:{self.line}"
        return Row(self.number, self.label, place, self.source, self.switched, tuple(self.accesses))


def _line_of(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def telling(recorder: Recorder) -> tuple[Row, ...]:
    """The rows that tell the story: those around each switch, of the threads that touch the same things."""
    rows = _whole([row.row() for row in recorder.rows])
    turns = [at for at in range(1, len(rows)) if rows[at].switched]
    seen = sorted({near for at in turns for near in _near(rows, at)})[:_MOST_ROWS]
    noted = _noted(rows, turns)
    return tuple(
        replace(noted[at], follows_gap=place > 0 and seen[place - 1] != at - 1) for place, at in enumerate(seen)
    )


def _whole(rows: Sequence[Row]) -> list[Row]:
    # Of a line that was broken into before it did anything, only the rest is worth a row.
    kept: list[Row] = []
    for at, row in enumerate(rows):
        later = next((other for other in rows[at + 1 :] if other.number == row.number), None)
        cut = at + 1 < len(rows) and rows[at + 1].number != row.number
        if not (cut and not row.accesses and later is not None and later.place == row.place):
            kept.append(row)
        elif row.switched and at + 1 < len(rows):
            rows = [*rows[: at + 1], replace(rows[at + 1], switched=True), *rows[at + 2 :]]
    return kept


def _back(rows: Sequence[Row], at: int) -> int:
    # Where the thread that was switched away from goes on.
    return next((place for place in range(at, len(rows)) if rows[place].number == rows[at - 1].number), len(rows))


def _near(rows: Sequence[Row], at: int) -> Iterator[int]:
    left, back = rows[at - 1].number, _back(rows, at)
    yield from [place for place in range(at) if rows[place].number == left][-_AROUND:]
    inside = [place for place in range(at, back) if rows[place].number != 0] or [at]
    touching = [place for place in inside if _touches(rows[place], rows, left)]
    yield from (touching or inside)[: 2 * _AROUND]
    yield at
    after = range(back, min(back + _AROUND, len(rows)))
    yield from (place for place in after if rows[place].number == left)


def _touches(row: Row, rows: Sequence[Row], number: int) -> bool:
    others = [access for other in rows if other.number == number for access in other.accesses]
    return any(mine.meets(access) and (mine.writes or access.writes) for mine in row.accesses for access in others)


def _noted(rows: Sequence[Row], turns: Sequence[int]) -> list[Row]:
    notes: dict[int, list[str]] = {at: ["switched here"] for at in turns}
    lost = list(_lost(rows))
    for at, other, text in lost:
        notes.setdefault(at, []).append(f"{other}'s update of {text} is lost")
    for at, left, text in _stale(rows, turns):
        if text not in {name for _, _, name in lost}:
            notes.setdefault(at, []).append(f"changes {text}, which {left} has read")
    for at in turns:
        if rows[at - 1].accesses and _back(rows, at) < len(rows) and rows[_back(rows, at)].place == rows[at - 1].place:
            notes.setdefault(at - 1, []).append(_so_far(rows[at - 1]))
    return [replace(row, note=", ".join(notes.get(at, ()))) for at, row in enumerate(rows)]


def _so_far(row: Row) -> str:
    last = row.accesses[-1]
    return f"so far it {'wrote' if last.writes else 'read'} {last.text}"


def _lost(rows: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    # A reads, B writes, A writes what it made of what it had read.
    for at, row in enumerate(rows):
        for write in row.accesses:
            if write.writes and (other := _overwritten(rows, at, write)):
                yield at, other, write.text


def _overwritten(rows: Sequence[Row], at: int, write: Access) -> str:
    own = rows[at].number
    other = ""
    for row in reversed(rows[:at]):
        met = [access for access in row.accesses if access.meets(write)]
        if row.number == own and met:
            return other if any(not access.writes for access in met) else ""
        if row.number != own and not other and any(access.writes for access in met):
            other = row.label
    return ""


def _stale(rows: Sequence[Row], turns: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    # B changes what A has looked at and goes on to act upon.
    for at in turns:
        left = rows[at - 1]
        read = [mine for row in rows[:at] if row.number == left.number for mine in row.accesses if not mine.writes]
        for place in range(at, _back(rows, at)):
            changed = [mine for mine in rows[place].accesses if mine.writes and any(map(mine.meets, read))]
            if changed:
                yield place, left.label, changed[0].text
                break
