"""Rows to one table, aligned, that is Markdown too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from timing import Absent, Entry, Figures

_HEAD = ("row", "ours", "goal", "reached", "beside")


@dataclass(frozen=True, slots=True)
class Row:
    """One goal: what we reach, whether that is enough, and what others reach."""

    name: str
    ours: str
    goal: str
    reached: bool | None
    beside: tuple[str, ...] = ()


def render(rows: Iterable[Row], *, judged: bool = True) -> str:
    """The table: a line for each row, and one more for each further contestant beside it."""
    lines = [_HEAD, *(line for row in rows for line in _lines(row, judged=judged))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_aligned(line, widths) for line in (_HEAD, rule, *lines[1:]))


def beside(entries: Iterable[Entry], figures: Figures, floor: str) -> tuple[str, ...]:
    """Each contestant with its time and how many times the floor's that is."""
    return tuple(f"{entry.name}: {_figure(entry, figures, floor)}" for entry in entries)


def microseconds(seconds: float) -> str:
    """A time an item."""
    return f"{seconds * 1e6:,.3g} µs" if seconds < 1e-3 else f"{seconds * 1e6:,.0f} µs"


def times(ratio: float) -> str:
    """How many times."""
    return f"{ratio:.2f}x"


def _figure(entry: Entry, figures: Figures, floor: str) -> str:
    if isinstance(entry, Absent):
        return entry.reason
    return f"{microseconds(figures.median(entry.name))}, {times(figures.ratio(entry.name, floor))}"


def _lines(row: Row, *, judged: bool) -> Iterator[tuple[str, ...]]:
    reached = {True: "yes", False: "no", None: "-"}[row.reached if judged else None]
    first, *others = row.beside or ("",)
    yield row.name, row.ours, row.goal, reached, first
    for other in others:
        yield "", "", "", "", other


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |"
