import pytest

from pflow_engine.trace import BatchTrace
from pflow_testkit.report.timeline import timeline
from pflow_testkit.report.timing import FAR, NOT_YET, Mark


def _drawn(rows, marks, *, workers=2):
    metadata = {"parallel": bool(workers), "max_concurrent": workers or None}
    return timeline("a", BatchTrace(metadata, rows), dict(enumerate(marks)), str.upper)


def _done(ms=1000.0):
    return ("completed", 1, None, ms)


def test_lane_per_thread():
    """Items of one thread share a lane, in the order the threads came."""
    drawn = _drawn([_done(), _done(), _done()], [Mark(7, 10, 11), Mark(5, 10.5, 11.5), Mark(7, 11, 12)])
    assert [(0, 0, 1000, 0), (0, 1000, 2000, 2), (1, 500, 1500, 1)] == [
        (bar.lane, bar.start, bar.end, bar.first) for bar in drawn.bars
    ]
    assert (2, 2000) == (drawn.lanes, drawn.wall_ms)


def test_states_are_told():
    """What failed and what was tried again is counted, marked, and said without secrets."""
    rows = [_done(), ("completed", 2, None, 2000.0), ("failed", 3, "boom", 3000.0), ("cancelled", 0, None, 0.0)]
    drawn = _drawn(rows, [Mark(1, 0, 1), Mark(1, 1, 3, [2]), Mark(1, 3, 6, [4, 5])])
    assert ["ok", "retried", "failed"] == [bar.state for bar in drawn.bars]
    assert [(), (2000,), (4000, 5000)] == [bar.retries for bar in drawn.bars]
    assert ["item 2 failed after 3 attempts, 3.0 s: BOOM"] == drawn.errors
    assert (4, 1, 2, 1) == (drawn.total, drawn.failed, drawn.retried, drawn.cancelled)


def test_unended_item_is_as_long():
    """An item whose end nobody heard of is as long as the trace says."""
    assert 1000 == _drawn([_done()], [Mark(1, 0, NOT_YET)]).bars[0].end


def test_other_processes():
    """Items of other processes have as many lanes as there were at work at once, beside those of threads."""
    rows = [_done()] * 5
    marks = [Mark(FAR, 0, 1), Mark(FAR, 0.5, 1.5), Mark(FAR, 1, 2), Mark(FAR, 1.5, 2.5), Mark(3, 0, 1)]
    drawn = _drawn(rows, marks)
    assert 3 == drawn.lanes
    assert {0: 0, 2: 0, 1: 2, 3: 2, 4: 1} == {bar.first: bar.lane for bar in drawn.bars}


@pytest.mark.parametrize(("workers", "mode"), [(0, "one after the other"), (4, "parallel, at most 4 at a time")])
def test_mode_in_words(workers, mode):
    """How a batch ran is said."""
    assert mode == _drawn([_done()], [Mark(1, 0, 1)], workers=workers).mode


def test_many_items_to_a_bar():
    """Thousands of items are a few hundred bars, what failed each by itself, and none is lost."""
    rows = [
        ("failed", 1, "no", 1.0) if index == 4000 else ("completed", 1 + (index == 7), None, 1.0)
        for index in range(10_000)
    ]
    marks = [Mark(index % 8, index // 8 / 1000, (index // 8 + 1) / 1000) for index in range(10_000)]
    drawn = _drawn(rows, marks)
    assert 600 <= len(drawn.bars) <= 700
    assert 10_000 == sum(bar.count for bar in drawn.bars)
    assert [(4000, 1)] == [(bar.first, bar.count) for bar in drawn.bars if bar.state == "failed"]
    assert ["1 tried again"] == [bar.text.partition(": ")[2] for bar in drawn.bars if bar.state == "retried"]
    assert any(bar.text.endswith(": all completed") for bar in drawn.bars)


def test_many_failures_to_a_bar():
    """When thousands fail, they share bars too, and the first of them are listed."""
    marks = [Mark(0, index / 1000, (index + 1) / 1000) for index in range(5000)]
    drawn = _drawn([("failed", 1, "no", 1.0)] * 5000, marks)
    assert len(drawn.bars) <= 700
    assert 20 == len(drawn.errors)
    assert drawn.bars[0].text.endswith("failed")


def test_many_items_at_once():
    """Items that took no time at all are told together."""
    drawn = _drawn([_done(0.0)] * 1000, [Mark(0, 1, 1)] * 1000)
    assert [1000] == [bar.count for bar in drawn.bars]
