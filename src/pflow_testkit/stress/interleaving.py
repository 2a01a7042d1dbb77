"""One more run of a failing schedule to its lines: who executed what, in the order it happened."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType
from typing import NamedTuple

from pflow_testkit.stress.accesses import Access, accesses_at
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.scope import shown
from pflow_testkit.stress.strand import Strand

_AROUND = 2
"""Lines that are shown before and after a switch."""
_GAP = 4
"""Lines that may be left out without a mark."""
_MOST_ROWS = 24
_MOST_KEPT = 100_000


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
        """Note one."""
        if frame.f_lineno is None:
            return  # an opcode of the compiler's own, at the end of a with
        if len(self.rows) > _MOST_KEPT:
            return
        last = self.rows[-1] if self.rows else None
        if last is None or not last.goes_on(strand, frame):
            switched = len(scheduler.switches) > self._switches
            self._switches = len(scheduler.switches)
            last = _Open(strand.number, strand.label, frame.f_code, frame.f_lineno, _line_of(frame), switched=switched)
            self.rows.append(last)
        last.accesses.extend(accesses_at(frame))


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
        """Whether this is more of the same line."""
        return (
            self.number == strand.number
            and self.label == strand.label
            and self.code is frame.f_code
            and self.line == frame.f_lineno
        )

    def row(self) -> Row:
        """The row, once it is complete."""
        place = f"{shown(self.code.co_filename)}:{self.line}"
        return Row(self.number, self.label, place, self.source, self.switched, tuple(self.accesses))


def _line_of(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def telling(recorder: Recorder) -> tuple[Row, ...]:
    """The rows that tell the story: those around each switch, of the threads that touch the same things."""
    rows = _whole([row.row() for row in recorder.rows])
    turns = [_shown(rows, at) for at in range(1, len(rows)) if rows[at].switched]
    near = {near for turn in turns for near in _near(rows, turn)} or set(_meeting(rows))
    seen = sorted(near)[:_MOST_ROWS]
    noted = _noted(rows, turns)
    return tuple(
        replace(noted[at], follows_gap=place > 0 and seen[place - 1] < at - _GAP) for place, at in enumerate(seen)
    )


class _Turn(NamedTuple):
    """A switch: the thread that was left, the rows until it goes on, and which of them say so."""

    left: int
    at: int
    inside: tuple[int, ...]
    back: int


def _shown(rows: Sequence[Row], at: int) -> _Turn:
    back = next((place for place in range(at, len(rows)) if rows[place].number == rows[at - 1].number), len(rows))
    own = [place for place in range(at, back) if rows[place].number == rows[at].number]
    touching = [place for place in own if _touches(rows[place], rows, rows[at - 1].number)]
    inside = (touching or own)[: 2 * _AROUND]
    return _Turn(at - 1, inside[0], tuple(inside), back)


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


def _near(rows: Sequence[Row], turn: _Turn) -> Iterator[int]:
    number = rows[turn.left].number
    before = [place for place in range(turn.left + 1) if rows[place].number == number]
    touching = [place for place in before if _touches(rows[place], rows, rows[turn.at].number)]
    yield from (touching or before)[-_AROUND:]
    yield turn.left
    yield from turn.inside
    after = range(turn.back, min(turn.back + _AROUND, len(rows)))
    yield from (place for place in after if rows[place].number == number)


def _touches(row: Row, rows: Sequence[Row], number: int) -> bool:
    others = [access for other in rows if other.number == number for access in other.accesses]
    return any(mine.meets(access) and (mine.writes or access.writes) for mine in row.accesses for access in others)


def _meeting(rows: Sequence[Row]) -> Iterator[int]:
    # Nothing was broken into, it is the order that counts: all that meets what others do.
    for at, row in enumerate(rows):
        others = {other.number for other in rows} - {row.number}
        if any(_touches(row, rows, number) for number in sorted(others)):
            yield at


def _noted(rows: Sequence[Row], turns: Sequence[_Turn]) -> list[Row]:
    notes: dict[int, dict[str, None]] = {turn.at: {"switched here": None} for turn in turns}
    lost = list(_lost(rows))
    for at, other, text in lost:
        notes.setdefault(at, {})[f"{other}'s update of {text} is lost"] = None
    for at, text, how in _stale(rows, turns):
        if text not in {name for _, _, name in lost}:
            notes.setdefault(at, {})[f"changes {text}, which {how}"] = None
    for turn in turns:
        cut = turn.back < len(rows) and rows[turn.back].place == rows[turn.left].place
        if cut and (so_far := _so_far(rows, turn)):
            notes.setdefault(turn.left, {})[so_far] = None
    return [replace(row, note=", ".join(notes.get(at, ()))) for at, row in enumerate(rows)]


def _so_far(rows: Sequence[Row], turn: _Turn) -> str:
    # Of a line that was broken into, what of it was done.
    others = [access for place in turn.inside for access in rows[place].accesses]
    met = [mine for mine in rows[turn.left].accesses if any(mine.meets(access) for access in others)]
    return f"so far it {'wrote' if met[-1].writes else 'read'} {met[-1].text}" if met else ""


def _lost(rows: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    # A reads, B writes, A writes what it made of what it had read.
    for at, row in enumerate(rows):
        for write in row.accesses:
            if write.replaces and (other := _overwritten(rows, at, write)):
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


def _stale(rows: Sequence[Row], turns: Sequence[_Turn]) -> Iterator[tuple[int, str, str]]:
    # B changes what A has looked at, or has set, and goes on to act upon.
    for turn in turns:
        left = rows[turn.left]
        known = [mine for row in rows[: turn.at] if row.number == left.number for mine in row.accesses]
        for place in turn.inside:
            met = [(mine, old) for mine in rows[place].accesses if mine.writes for old in known if mine.meets(old)]
            if met:
                mine, old = met[0]
                yield place, mine.text, f"{left.label} {'wrote' if old.writes else 'has read'}"
                break
