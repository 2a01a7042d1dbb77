"""A batch and the marks of its items to bars over lanes: an item each, or many in one where there are too many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple

from pflow_engine.trace import BatchTrace
from pflow_testkit.report.model import Bar, Timeline
from pflow_testkit.report.timing import NOT_YET, Mark, Marks

_MOST_BARS: Final = 600
_MOST_ERRORS: Final = 20
_MOST_ALONE: Final = 200
_LATE, _SLACK = 5.0, 0.5  # milliseconds
_RANK: Final = {"ok": 0, "retried": 1, "failed": 2}

Shown = Callable[[str], str]
"""Makes of a text what may be shown."""


class _Item(NamedTuple):
    index: int  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    status: str
    attempts: int
    error: str | None
    duration_ms: float

    @property
    def state(self) -> str:
        return "failed" if self.status == "failed" else "retried" if self.attempts > 1 else "ok"


class _Span(NamedTuple):
    item: _Item
    thread: int
    start: float
    end: float
    retries: tuple[float, ...]


def timeline(path: str, batch: BatchTrace, marks: Marks, shown: Shown) -> Timeline:
    """Milliseconds from the start of its first item. What was never started is counted, not drawn."""
    items = [_Item(index, *row) for index, row in enumerate(batch.items)]
    spans = sorted(_spans(items, marks), key=lambda span: (span.start, span.item.index))
    lanes = _lanes(spans)
    wall = max([*(span.end for span in spans), 0.0])
    bars = [_bar(lane, span, shown) for lane, own in enumerate(lanes) for span in own]
    if len(bars) > _MOST_BARS:
        bars = _fewer(bars, wall * len(lanes) / _MOST_BARS)
    failed = [item for item in items if item.status == "failed"]
    return Timeline(
        path=path,
        mode=_mode(batch.metadata),
        total=len(items),
        failed=len(failed),
        retried=sum(item.attempts > 1 for item in items),
        cancelled=sum(item.status == "cancelled" for item in items),
        wall_ms=round(wall, 3),
        lanes=len(lanes),
        bars=bars,
        errors=[_said(item, shown) for item in failed[:_MOST_ERRORS]],
    )


def _mode(metadata: Any) -> str:
    workers = metadata.get("max_concurrent")
    return f"parallel, at most {workers} at a time" if workers else "one after the other"


def _spans(items: Iterable[_Item], marks: Marks) -> Iterator[_Span]:
    marked = [(item, marks[item.index], *_between(item, marks[item.index])) for item in items if item.index in marks]
    first = min((start for _, _, start, _ in marked), default=0.0)
    for item, mark, start, end in marked:
        retries = tuple(round(retry * 1000 - first, 3) for retry in mark.retries)
        yield _Span(item, mark.thread, round(start - first, 3), round(end - first, 3), retries)


def _between(item: _Item, mark: Mark) -> tuple[float, float]:
    # Milliseconds. Of an item that ran in another process only its end is known: all is told at once when it is back.
    start, end = mark.start * 1000, mark.end * 1000
    if mark.end == NOT_YET:
        return start, start + item.duration_ms
    told_late = item.duration_ms - (end - start) > _LATE and end - start < item.duration_ms / 2
    return (end - item.duration_ms if told_late else start), end


def _lanes(spans: Iterable[_Span]) -> list[list[_Span]]:
    # A thread has one, and more only where its items overlap: those of other processes.
    by_thread: dict[int, list[list[_Span]]] = defaultdict(list)
    for span in spans:
        own = by_thread[span.thread]
        free = next((lane for lane in own if _is_free(lane[-1], span)), None)
        if free is None:
            own.append([span])
        else:
            free.append(span)
    return [lane for own in by_thread.values() for lane in own]


def _is_free(last: _Span, span: _Span) -> bool:
    return last.end <= span.start + _SLACK


def _bar(lane: int, span: _Span, shown: Shown) -> Bar:
    return Bar(lane, span.start, span.end, span.item.index, 1, span.item.state, _said(span.item, shown), span.retries)


def _said(item: _Item, shown: Shown) -> str:
    tries = f" after {item.attempts} attempts" if item.attempts > 1 else ""
    error = f": {shown(item.error)}" if item.error else ""
    return f"item {item.index} {item.status}{tries}, {item.duration_ms:.4g} ms{error}"


def _fewer(bars: list[Bar], width: float) -> list[Bar]:
    # What failed stays by itself, before the others, unless that is too many as well.
    alone = [bar for bar in bars if bar.state == "failed"]
    if len(alone) > _MOST_ALONE:
        return list(_together(bars, width))
    return [*_together([bar for bar in bars if bar.state != "failed"], width), *alone]


def _together(bars: list[Bar], width: float) -> Iterator[Bar]:
    for (lane, _), group in groupby(bars, key=lambda bar: (bar.lane, int(bar.start / width) if width else 0)):
        own = list(group)
        if len(own) == 1:
            yield own[0]
            continue
        counts = [sum(bar.state == state for bar in own) for state in ("failed", "retried")]
        words = [f"{count} {word}" for count, word in zip(counts, ("failed", "tried again"), strict=True) if count]
        first, last = min(bar.first for bar in own), max(bar.first for bar in own)
        text = f"{len(own)} items from {first} to {last}: {', '.join(words) or 'all completed'}"
        state = max((bar.state for bar in own), key=_RANK.__getitem__)
        yield Bar(lane, own[0].start, max(bar.end for bar in own), first, len(own), state, text)
