"""A clock whose sleeps take no time, but count."""

import math
import threading
from datetime import UTC

import pytest

from pflow_engine import CancelToken, Node, Registry, compile_ir_to_flow
from pflow_engine.batch import bounded
from pflow_testkit.clock import Hang, SkippingClock, _Limit

PATIENCE = 60
HOUR = 3600


class _Wait(Node):
    """Sleeps for so many seconds, after it met the others where there is someone to meet."""

    meeting = None

    def post(self, _shared, _prepared, _executed):
        if self.meeting:
            self.meeting.wait(PATIENCE)
        for seconds in self.params["seconds"]:
            self.context.clock.sleep(math.inf if seconds == "ever" else seconds, self.context.cancel)


class _Crash(Node):
    def post(self, _shared, _prepared, _executed):
        raise ValueError("it crashed")


@pytest.fixture
def clock():
    """The clock."""
    return SkippingClock()


@pytest.fixture
def ran(clock):
    """``ran(items, **batch)``: run a batch that sleeps for these seconds; ``kind`` is the type of its node."""

    def run(items, kind=_Wait, **batch):
        registry = Registry()
        registry.register("wait", kind)
        batch = {"items": items, "error_handling": "continue", **batch}
        node = {"id": "b", "type": "wait", "params": {"seconds": "${item}"}, "batch": batch}
        return compile_ir_to_flow({"nodes": [node]}, registry).run(clock=clock)

    return run


def _meeting(count):
    return type("Meeting", (_Wait,), {"meeting": threading.Barrier(count)})


def _in_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(PATIENCE)
    return found[0]


def _seconds(result):
    return [int(row[3] / 1000) for row in result.trace.nodes[0].batch.items]


def _wall(result):
    return int(result.trace.nodes[0].batch.metadata["timing"]["wall_ms"] / 1000)


def test_sleep_counts(clock):
    """A sleep is over at once, and the clock shows that it was."""
    before = clock.now()
    clock.sleep(HOUR, CancelToken())
    assert before + HOUR <= clock.now() < before + 2 * HOUR
    assert [HOUR] == clock.slept


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_no_sleep(clock, seconds):
    """No time is no sleep."""
    clock.sleep(seconds, CancelToken())
    assert [] == clock.slept


def test_cancelled_sleep(clock):
    """Nobody sleeps who was asked to stop."""
    token = CancelToken()
    token.cancel()
    clock.now()
    clock.sleep(math.inf, token)
    assert [] == clock.slept


def test_today_is_real(clock):
    """The date is in UTC, and nobody sleeps it forward: there is none after 9999."""
    clock.sleep(1e15, CancelToken())
    assert UTC == clock.today().tzinfo


def test_threads_apart(clock):
    """What one thread slept is nothing to those beside it, only to the one that waits for them all."""
    before = clock.now()
    _in_thread(lambda: clock.sleep(HOUR, CancelToken()))
    assert before <= _in_thread(clock.now) < before + HOUR
    assert before + HOUR <= clock.now() < before + 2 * HOUR
    assert before + HOUR <= _in_thread(clock.now)


def test_in_sequence(ran, clock):
    """Two items that wait an hour one after the other take two."""
    result = ran([[HOUR], [HOUR]])
    assert ([HOUR, HOUR], 2 * HOUR) == (_seconds(result), _wall(result))
    assert [HOUR, HOUR] == clock.slept
    assert 2 * HOUR * 1000 <= result.trace.duration_ms


def test_in_parallel(ran, clock):
    """Two items that wait beside each other take as long as the longer."""
    result = ran([[HOUR], [2 * HOUR]], _meeting(2), parallel=True)
    assert ([HOUR, 2 * HOUR], 2 * HOUR) == (_seconds(result), _wall(result))
    assert [HOUR, 2 * HOUR] == sorted(clock.slept)


def test_one_worker(ran):
    """A worker that runs several items waits for each."""
    result = ran([[HOUR], [HOUR]], parallel=True, max_concurrent=1)
    assert ([HOUR, HOUR], 2 * HOUR) == (_seconds(result), _wall(result))


@pytest.mark.parametrize("parallel", [False, True])
def test_retry_wait(ran, clock, parallel):
    """The waits between three attempts are in the item's duration, and nobody waits."""
    result = ran([1], _Crash, parallel=parallel, max_retries=3, retry_wait=HOUR)
    assert [HOUR, HOUR] == clock.slept
    assert [2 * HOUR] == _seconds(result)
    assert 7_200_000 <= result.trace.to_dict()["nodes"][0]["batch"]["items"][0]["duration_ms"]


@pytest.mark.parametrize("parallel", [False, True])
def test_sleep_over_timeout(ran, clock, parallel):
    """An attempt that sleeps past its timeout is over when that is, by the clock."""
    result = ran([[HOUR], [29], ["ever"], [20, 10]], parallel=parallel, timeout=30)
    timed_out = {"error": "timed out after 30s", "error_type": "TimeoutError"}
    assert [(0, timed_out), (2, timed_out), (3, timed_out)] == [
        (entry["index"], {key: entry[key] for key in timed_out}) for entry in result.store["b"]["errors"]
    ]
    assert [30, 29, 30, 30] == _seconds(result)
    assert [10, 20, 29, 30, 30] == sorted(clock.slept)


def test_timeouts_retried(ran, clock):
    """Each attempt has its timeout, and the waits between them are no part of it."""
    result = ran([["ever"]], timeout=30, max_retries=3, retry_wait=HOUR)
    assert [30, HOUR, 30, HOUR, 30] == clock.slept
    assert [2 * HOUR + 90] == _seconds(result)


def test_timeouts_in_parallel(ran):
    """Attempts that time out beside each other take as long as one."""
    assert 30 == _wall(ran([["ever"], ["ever"], ["ever"]], _meeting(3), parallel=True, timeout=30))


def test_real_time_counts(ran, clock):
    """Work that really takes too long is over as well."""
    let_go = threading.Event()

    class Stuck(Node):
        def post(self, _shared, _prepared, _executed):
            assert let_go.wait(PATIENCE)

    result = ran([1], Stuck, timeout=0.01)
    let_go.set()
    assert ["timed out after 0.01s"] == [entry["error"] for entry in result.store["b"]["errors"]]
    assert [] == clock.slept


def test_late_work_sleeps_no_more(clock):
    """Work that is really late was asked to stop: its sleeps are none, and no hang either."""
    token, let_go = CancelToken(), threading.Event()
    assert clock.within(0.01, let_go.wait, token) is False
    let_go.set()
    clock.sleep(math.inf, token)
    assert (True, [], {}) == (token.cancelled, clock.slept, clock._limits)


def test_nothing_left():
    """Where the real time is up, no seconds are left to be slept."""
    limit = _Limit(30)
    assert 30 == limit.left
    limit.over.set()
    assert 0 == limit.left


def test_starts_where_it_is_waited_for(clock):
    """Work has the time of the thread that waits for it, not that of the owner."""
    before = clock.now()

    def worker():
        clock.sleep(HOUR, CancelToken())
        return bounded(lambda _: ({"now": clock.now()}, None), 30, CancelToken(), clock)

    outputs, _ = _in_thread(worker)
    assert before + HOUR <= outputs["now"] < before + 2 * HOUR


def test_sleeper_let_go(clock):
    """Who slept too long is asked to stop, and its next sleeps are none."""
    asked, ended = [], threading.Event()

    def work(token):
        clock.sleep(HOUR, token)
        asked.append(token.cancelled)
        clock.sleep(HOUR, token)
        ended.set()
        return {}, None

    with pytest.raises(TimeoutError, match=r"^timed out after 30s$"):
        bounded(work, 30, CancelToken(), clock)
    assert ended.wait(PATIENCE)
    assert ([True], [30]) == (asked, clock.slept)


def test_timeout_spares_run(clock):
    """The token above an attempt is not asked when that times out, and no limit is left behind."""
    outer = CancelToken()
    with pytest.raises(TimeoutError):
        bounded(lambda token: clock.sleep(HOUR, token), 30, outer, clock)
    assert (False, [], {}) == (outer.cancelled, outer._callbacks, clock._limits)


def test_in_time(clock):
    """Work that sleeps for less than it may gives its result, and the sleep is the waiting thread's too."""
    before = clock.now()
    assert ({"x": 1}, "next") == bounded(
        lambda token: clock.sleep(29, token) or ({"x": 1}, "next"), 30, CancelToken(), clock
    )
    assert before + 29 <= clock.now() < before + 59


@pytest.mark.parametrize(("inner", "outer", "slept"), [(10, 30, [10]), (30, 10, [10])])
def test_limit_in_limit(clock, inner, outer, slept):
    """Of two timeouts over a sleep the one that is up first ends it."""

    def work(token):
        return bounded(lambda below: clock.sleep(math.inf, below), inner, token, clock)

    with pytest.raises(TimeoutError, match=r"^timed out after 10s$"):
        bounded(work, outer, CancelToken(), clock)
    assert slept == clock.slept


def test_limit_over_a_run(clock):
    """A run below a timeout, with a token of its own, is under it as well."""
    registry = Registry()
    registry.register("wait", _Wait)
    flow = compile_ir_to_flow({"nodes": [{"id": "a", "type": "wait", "params": {"seconds": ["ever"]}}]}, registry)
    with pytest.raises(TimeoutError):
        bounded(lambda token: flow.run(cancel=token, clock=clock), 30, CancelToken(), clock)
    assert [30] == clock.slept


def test_node_with_threads(clock):
    """A thread that a node started is under its timeout; after the work has ended, no more."""
    left = []

    def work(token):
        left.append(token)
        _in_thread(lambda: clock.sleep(20, token))
        return {}, None

    bounded(work, 30, CancelToken(), clock)
    clock.sleep(20, left[0])
    assert [20, 20] == clock.slept
    with pytest.raises(Hang):
        clock.sleep(math.inf, left[0])


@pytest.mark.parametrize("parallel", [False, True])
def test_hang_without_timeout(ran, clock, parallel):
    """A sleep without end under no timeout is an error at once, which is not tried again."""
    result = ran([["ever"]], parallel=parallel, max_retries=3, retry_wait=HOUR)
    (entry,) = result.store["b"]["errors"]
    assert ("nothing ever ends this: a node sleeps for ever and no timeout is over it", "Hang", 1) == (
        entry["error"],
        entry["error_type"],
        entry["attempts"],
    )
    assert [] == clock.slept


def test_hang_outside_a_batch(clock):
    """The error of a node that sleeps for ever has its code, the node's place and a fix."""
    registry = Registry()
    registry.register("wait", _Wait)
    nodes = [{"id": "a", "type": "wait", "params": {"seconds": ["ever"]}}]
    (problem,) = compile_ir_to_flow({"nodes": nodes}, registry).run(clock=clock).error.problems
    assert ("hang", "nodes[0]", "give the batch a 'timeout'") == (problem.code, problem.path, problem.hint)


def test_many_threads(ran, clock):
    """Nothing that was slept is lost, whoever slept it beside whom."""
    result = ran([[1] * 50] * 20, parallel=True, max_concurrent=20, timeout=60)
    assert 1000 == len(clock.slept)
    assert [50] * 20 == _seconds(result)
