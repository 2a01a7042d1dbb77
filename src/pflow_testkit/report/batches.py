"""A timeline to its drawing: a lane for each worker, and below it what failed, for those who do not point at bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pflow_testkit.report.markup import count, duration, text
from pflow_testkit.report.model import Bar, Timeline

_LANE: Final = 20
_LEAST, _LEAST_FAILED, _ROOM = 0.15, 0.6, 1.5
"""Percent of the width that a bar has at least, to be seen; and that a cross takes."""
_MOST_MARKS: Final = 200


def batch(timeline: Timeline) -> Iterator[str]:
    """What is told of one batch."""
    name = text(timeline.path)
    yield f'<figure class="batch"><figcaption><b>{name}</b> {text(_caption(timeline))}</figcaption>'
    if timeline.bars:
        height = timeline.lanes * _LANE
        label = f"the items of {name} over {count(timeline.lanes, 'worker')}"
        yield f'<svg class="timeline" height="{height}" tabindex="0" role="img" aria-label="{label}">'
        yield "".join(f'<rect class="lane" y="{lane * _LANE + 2}"/>' for lane in range(timeline.lanes))
        yield from (_bar(bar, timeline.wall_ms) for bar in timeline.bars)
        yield from _marks(timeline)
        yield f'</svg><div class="axis"><span>0</span><span>{duration(timeline.wall_ms)}</span></div>'
        yield '<output class="told"></output>'
    if timeline.errors:
        more = timeline.failed - len(timeline.errors)
        yield f"<ul>{''.join(f'<li>{text(error)}</li>' for error in timeline.errors)}"
        yield f"{f'<li>and {more:,} more that failed</li>' if more else ''}</ul>"
    yield "</figure>"


def _caption(timeline: Timeline) -> str:
    parts = [timeline.mode, count(timeline.total, "item")]
    if timeline.bars:
        parts.append(f"on {count(timeline.lanes, 'worker')}")
    counts = (timeline.failed, "failed"), (timeline.retried, "tried again"), (timeline.cancelled, "not started")
    parts += [f"{number:,} {word}" for number, word in counts if number]
    drawn = sum(bar.count for bar in timeline.bars)
    if drawn > len(timeline.bars):
        parts.append("many to a bar")
    if drawn + timeline.cancelled < timeline.total:
        parts.append(f"when {timeline.total - drawn - timeline.cancelled:,} of them ran is not known")
    return ", ".join(parts)


def _bar(bar: Bar, wall: float) -> str:
    left, width = _percent(bar.start, wall), max(_least(bar), _percent(bar.end - bar.start, wall))
    place = f'x="{min(left, 100 - _least(bar)):.3f}%" y="{bar.lane * _LANE + 3}" width="{min(width, 100):.3f}%"'
    title = f"<title>{text(bar.text)}</title>"
    return f'<rect class="bar {bar.state}" {place} height="{_LANE - 6}" rx="2">{title}</rect>'


def _least(bar: Bar) -> float:
    return _LEAST_FAILED if bar.state == "failed" else _LEAST


def _marks(timeline: Timeline) -> Iterator[str]:
    # Not by colour alone: what failed is crossed, and a line stands where an item was tried again.
    marked = [bar for bar in timeline.bars if bar.state == "failed" or bar.retries][:_MOST_MARKS]
    for bar in marked:
        for retry in bar.retries:
            at = _percent(retry, timeline.wall_ms)
            yield f'<rect class="again" x="{at:.3f}%" y="{bar.lane * _LANE + 1}" width="2" height="{_LANE - 2}"/>'
        if bar.state == "failed" and _percent(bar.end - bar.start, timeline.wall_ms) > _ROOM:
            at = _percent((bar.start + bar.end) / 2, timeline.wall_ms)
            yield f'<text class="cross" x="{at:.3f}%" y="{bar.lane * _LANE + 14}">✕</text>'


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
