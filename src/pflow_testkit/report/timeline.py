"""A batch and the marks of its items to bars over lanes: an item each, or many in one where there are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple

from pflow_engine.trace import BatchTrace
from pflow_testkit.report.markup import duration
from pflow_testkit.report.model import Bar, Timeline
from pflow_testkit.report.timing import FAR, NOT_YET, Mark, Marks

_MOST_BARS: Final = 600
_MOST_ERRORS: Final = 20
_MOST_ALONE: Final = 200
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
    spans = _spans(items, marks)
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


def _spans(items: Iterable[_Item], marks: Marks) -> list[_Span]:
    marked = [(item, marks[item.index]) for item in items if item.index in marks]
    first = min((mark.start for _, mark in marked), default=0.0)
    spans = [_span(item, mark, first) for item, mark in marked]
    return sorted(spans, key=lambda span: (span.start, span.item.index))


def _span(item: _Item, mark: Mark, first: float) -> _Span:
    start = _ms(mark.start - first)
    end = start + item.duration_ms if mark.end == NOT_YET else _ms(mark.end - first)
    return _Span(item, mark.thread, start, end, tuple(_ms(retry - first) for retry in mark.retries))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _lanes(spans: Iterable[_Span]) -> list[list[_Span]]:
    # A thread has one. What ran in other processes has as many as there was at work at once.
    lanes: list[list[_Span]] = []
    by_thread: dict[int, list[_Span]] = {}
    for span in spans:
        if span.thread == FAR:
            lane = next((lane for lane in lanes if lane[-1].thread == FAR and lane[-1].end <= span.start), None)
        else:
            lane = by_thread.get(span.thread)
        if lane is None:
            lane = by_thread[span.thread] = []
            lanes.append(lane)
        lane.append(span)
    return lanes


def _bar(lane: int, span: _Span, shown: Shown) -> Bar:
    return Bar(lane, span.start, span.end, span.item.index, 1, span.item.state, _said(span.item, shown), span.retries)


def _said(item: _Item, shown: Shown) -> str:
    tries = f" after {item.attempts} attempts" if item.attempts > 1 else ""
    error = f": {shown(item.error)}" if item.error else ""
    return f"item {item.index} {item.status}{tries}, {duration(item.duration_ms)}{error}"


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
