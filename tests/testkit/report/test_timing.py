import threading
import time

import pytest

from pflow_engine.trace import Event
from pflow_testkit.report.timing import FAR, NOT_YET, Times


class _Ticks:
    """A clock that is a second later each time it is asked."""

    def __init__(self):
        self.at = 0.0

    def __call__(self):
        self.at += 1
        return self.at


def _heard(*events):
    times = Times(_Ticks())
    for event in events:
        times.on_event(event)
    return times


def test_item_is_timed():
    """An item has a start, an end, and a moment for each time it was tried again."""
    times = _heard(
        Event("node_start", "a"),
        Event("item_start", "a", 0, 1),
        Event("item_retry", "a", 0, 2),
        Event("item_end", "a", 0, 2, "completed"),
        Event("node_end", "a"),
    )
    mark = times.of("a", 0, 1)[0]
    assert (2.0, 4.0, [3.0], threading.get_ident()) == (mark.start, mark.end, mark.retries, mark.thread)


def test_unended_item():
    """An item that never came to its end has none."""
    assert NOT_YET == _heard(Event("node_start", "a"), Event("item_start", "a", 0, 1)).of("a", 0, 1)[0].end


def test_later_runs_count():
    """Of an attempt that was tried again only the last one is in the trace, so the last runs are meant."""
    times = _heard(
        Event("node_start", "a"),
        Event("item_start", "a", 0, 1),
        Event("node_start", "a"),
        Event("item_start", "a", 5, 1),
    )
    assert [5] == list(times.of("a", 0, 1))
    assert [[0], [5]] == [list(times.of("a", number, 2)) for number in (0, 1)]


def test_unknown_batch():
    """Of a batch that was never heard of nothing is known."""
    assert {} == _heard().of("a", 0, 1)


def test_items_without_node():
    """Items are noted even where their node was not heard to start."""
    assert [3] == list(_heard(Event("item_start", "a", 3, 1)).of("a", 0, 1))


def test_other_processes():
    """What is told late, of another process, is timed by when it happened."""
    times = Times(_Ticks())
    later = time.time_ns() + 5 * 10**9
    times.on_event(Event("item_start", "a", 0, 1, at=later))
    times.on_event(Event("item_end", "a", 0, 1, "completed", at=later + 10**9))
    mark = times.of("a", 0, 1)[0]
    assert (FAR, pytest.approx(6, abs=0.5)) == (mark.thread, mark.start)
    assert pytest.approx(1) == mark.end - mark.start
