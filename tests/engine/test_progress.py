"""What whoever listens to a run is told, and when."""

import json
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pflow_engine import CancelToken, Event, Node, Unhealable, node
from pflow_engine.errors import Problem
from pflow_engine.trace import Failure, Recorder

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])
generated = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

items = st.lists(
    st.fixed_dictionaries({"fails": st.integers(0, 4), "how": st.sampled_from(["raise", "return", "act", "hopeless"])}),
    max_size=8,
)
batches = st.fixed_dictionaries(
    {
        "parallel": st.booleans(),
        "max_concurrent": st.integers(1, 5),
        "max_retries": st.integers(1, 4),
        "retry_wait": st.sampled_from([0, 60]),
        "error_handling": st.sampled_from(["continue", "fail_fast"]),
    }
)


class _Fails(Node):
    """Fails as often as its item says, the way it says."""

    def post(self, shared, _prepared, _executed):
        item = self.params["item"]
        return getattr(self, f"_{item['how']}")(shared) if self.context.attempt <= item["fails"] else None

    def _raise(self, _shared):
        raise ValueError("no")

    def _return(self, shared):
        shared["error"] = "no"

    def _act(self, _shared):
        return "error"

    def _hopeless(self, _shared):
        raise Unhealable(Problem("hopeless", "nothing helps"))


FAILURES = {
    "raise": Failure("no", "ValueError"),
    "return": Failure("no", "error"),
    "act": Failure("the node returned the action 'error'", "error"),
    "hopeless": Failure("nothing helps", "Unhealable"),
}


class _Bar:
    """What a progress bar shows, made of the events alone: items of each node, and how far they are."""

    def __init__(self):
        self.nodes = {}

    def __call__(self, event):
        if event.kind == "node_start":
            self.nodes[event.node_id] = Counter()
        if event.index is not None:
            counts = self.nodes[event.node_id]
            counts.update([event.kind, event.status])
            counts["total"] = event.total
            counts["retried"] += event.kind == "item_retry" and event.attempt == 2
            assert 0 <= counts["item_end"] <= counts["item_start"] <= event.total


@pytest.fixture
def failing(batch_of, clock):
    """``failing(xs, heard, **batch)``: the result of a batch of items that fail as they say."""

    def run(xs, on_event, **batch):
        return batch_of(_Fails, {"item": "${item}"}, **batch).run({"xs": xs}, on_event=on_event, clock=clock)

    return run


def _told_of(index, item, batch, total):
    """All events of one item, in order."""
    enough = 1 if item["how"] == "hopeless" and item["fails"] else item["fails"] + 1
    tries = min(enough, batch["max_retries"])
    status = "failed" if item["fails"] >= tries else "completed"
    told = []
    for attempt in range(1, tries + 1):
        told.append(Event("item_start" if attempt == 1 else "item_retry", "b", index, attempt, total=total))
        if attempt <= item["fails"]:
            told.append(Event("attempt_failed", "b", index, attempt, total=total, failure=FAILURES[item["how"]]))
    return [*told, Event("item_end", "b", index, tries, status, total)]


def _by_item(heard):
    indices = dict.fromkeys(event.index for event in heard if event.index is not None)
    return {index: [event for event in heard if event.index == index] for index in indices}


def _statuses(result):
    return [row[0] for row in result.trace.nodes[0].batch.items]


@generated
@given(xs=items, batch=batches)
def test_item_events_in_order(failing, xs, batch):
    """An item that starts is told to start, to be tried again each time, and to end, once; all others not at all."""
    heard = []
    statuses = _statuses(failing(xs, heard.append, **batch))
    started = [index for index, word in enumerate(statuses) if word != "cancelled"]
    assert {index: _told_of(index, xs[index], batch, len(xs)) for index in started} == _by_item(heard)
    assert {event.index: event.status for event in heard if event.kind == "item_end"} == {
        index: statuses[index] for index in started
    }


@generated
@given(xs=items, batch=batches)
def test_one_worker_one_by_one(failing, xs, batch):
    """Without others at work, an item's events stand together, and the whole run is told in order."""
    heard, told = [], []
    result = failing(xs, heard.append, **{**batch, "max_concurrent": 1})
    for index, item in enumerate(xs):
        told += _told_of(index, item, batch, len(xs))
        if told[-1].status == "failed" and batch["error_handling"] == "fail_fast":
            break
    before = [Event("run_start", total=1), Event("node_start", "b", type="source")]
    after = [Event("node_end", "b", status=result.trace.nodes[0].status), Event("run_end", status=result.status)]
    assert [*before, *told, *after] == [
        event if event.index is not None else event._replace(failure=None, trace=None) for event in heard
    ]


@generated
@given(xs=items, batch=batches)
def test_in_flight(failing, xs, batch):
    """No more items are told to be under way than may be in flight."""
    heard, under_way, most = [], 0, 0
    failing(xs, heard.append, **batch)
    for event in heard:
        under_way += (event.kind == "item_start") - (event.kind == "item_end")
        most = max(most, under_way)
    assert most <= (batch["max_concurrent"] if batch["parallel"] else 1)
    assert 0 == under_way


@generated
@given(xs=items, first=batches, second=batches)
def test_progress_bar(  # noqa: PLR0913  # three fixtures and three that are generated
    registry, flow_of, clock, xs, first, second
):
    """A bar that counts events comes to what the batches themselves say: done, failed, tried again, total."""
    registry.register("fails", _Fails)
    nodes = [
        {"id": name, "type": "fails", "params": {"item": "${item}"}, "batch": {"items": "${xs}", **batch}}
        for name, batch in (("first", first), ("second", second))
    ]
    bar = _Bar()
    result = flow_of(nodes).run({"xs": xs}, on_event=bar, clock=clock)
    shown = {
        name: (counts["total"], counts["completed"], counts["failed"], counts["retried"])
        for name, counts in bar.nodes.items()
    }
    left = {record.id: result.store[record.id] for record in result.trace.nodes}
    assert shown == {
        name: (out["count"], out["success_count"], out["error_count"], out["batch_metadata"]["retried"])
        for name, out in left.items()
    }


@both
def test_no_items(failing, parallel):
    """A batch of nothing starts and ends."""
    heard = []
    failing([], heard.append, parallel=parallel)
    assert ["run_start", "node_start", "node_end", "run_end"] == [event.kind for event in heard]


@both
def test_timeout_ends_once(batch_of, parallel):
    """An item whose time was up ends once; what it does later is not told."""
    go, late = threading.Event(), threading.Semaphore(0)

    class Late(Node):
        def post(self, _shared, _prepared, _executed):
            assert go.wait(PATIENCE)
            late.release()

    heard = []
    flow = batch_of(Late, parallel=parallel, timeout=0.01, error_handling="continue", max_concurrent=2)
    flow.run({"xs": [1, 2]}, on_event=heard.append)
    told = list(heard)
    go.set()
    assert [True, True] == [late.acquire(timeout=PATIENCE) for _ in range(2)]
    assert told == heard
    assert [(0, "failed"), (1, "failed")] == sorted(
        (event.index, event.status) for event in heard if event.kind == "item_end"
    )


@both
def test_listener_may_cancel(batch_of, parallel):
    """A listener may stop the run: what had started ends, the rest is not told of."""
    cancel, heard = CancelToken(), []

    class Later(Node):
        def post(self, shared, _prepared, _executed):
            assert shared["item"] < 3 or self.context.cancel.wait(PATIENCE)

    def listen(event):
        heard.append(event)
        if event.index == 2:
            cancel.cancel()

    flow = batch_of(Later, parallel=parallel, max_concurrent=2)
    result = flow.run({"xs": list(range(50))}, on_event=listen, cancel=cancel)
    kinds = {index: [event.kind for event in told] for index, told in _by_item(heard).items()}
    started = [index for index, word in enumerate(_statuses(result)) if word != "cancelled"]
    assert {index: ["item_start", "item_end"] for index in started} == kinds
    assert started in ([0, 1, 2], [0, 1, 2, 3])


@both
def test_cancelled_between_attempts(batch_of, clock, monkeypatch, parallel):
    """An item that waits for its next attempt when the run is stopped ends as failed, and is not tried again."""
    heard = []
    monkeypatch.setattr(clock, "sleep", lambda _seconds, cancel: cancel.cancel())
    flow = batch_of("crash", parallel=parallel, max_concurrent=1, max_retries=3, retry_wait=9)
    flow.run({"xs": [1, 2]}, on_event=heard.append, clock=clock)
    failed = Event("attempt_failed", "b", 0, 1, total=2, failure=Failure("it crashed", "ValueError"))
    assert [
        Event("item_start", "b", 0, 1, total=2),
        failed,
        Event("item_end", "b", 0, 1, "failed", 2),
    ] == heard[2:-2]


class _Clashes:
    """Counts how often it is called while it is at work, and gives others the chance to."""

    def __init__(self):
        self.inside, self.seen = threading.Lock(), 0

    def __call__(self, _event):
        if self.inside.acquire(blocking=False):
            time.sleep(0)
            self.inside.release()
        else:
            self.seen += 1


@pytest.mark.parametrize("sound", [True, False])
def test_one_at_a_time(batch_of, monkeypatch, sound):
    """A listener is never called while it is at work, from whatever thread; without the recorder's lock it would be."""
    clashes = _Clashes()
    if not sound:
        monkeypatch.setattr(Recorder, "emit", lambda _recorder, event: clashes(event))
    flow = batch_of("double", {"value": "${item}"}, parallel=True, max_concurrent=4)
    flow.run({"xs": list(range(1000))}, on_event=clashes)
    assert sound == (clashes.seen == 0)


KINDS = ("run_start", "node_start", "item_start", "item_retry", "item_end", "node_end", "run_end")


@pytest.fixture
def deaf(registry, flow_of, tmp_path):
    """``deaf(kind, parallel)``: a run whose listener raises at the first event of that kind.

    Its result, what it raised, the ids of the nodes that ran, and the trace that was written.
    """
    ran = []

    @node("note")
    def note(node_id) -> dict:
        ran.append(node_id)
        return {}

    registry.register("note", note)
    registry.register("fails", _Fails)

    def run(kind, *, parallel):
        heard = []

        def listen(event):
            heard.append(event.kind)
            if heard.count(kind) == 1 and event.kind == kind:
                raise LookupError("deaf")

        batch = {"items": "${xs}", "parallel": parallel, "max_concurrent": 2, "max_retries": 2}
        flow = flow_of(
            [
                {"id": "b", "type": "fails", "params": {"item": "${item}"}, "batch": batch},
                *({"id": name, "type": "note", "params": {"node_id": name}} for name in ("after", "mend")),
            ],
            edges=[{"from": "b", "to": "after"}, {"from": "b", "to": "mend", "action": "error"}],
        )
        xs = [{"fails": int(kind == "item_retry"), "how": "raise"}] * 4
        result, raised = None, None
        try:
            result = flow.run({"xs": xs}, on_event=listen, trace_file=tmp_path / "trace.json")
        except LookupError as error:
            raised = error
        return result, raised, ran, json.loads((tmp_path / "trace.json").read_text())

    return run


@both
@pytest.mark.parametrize("kind", KINDS)
def test_broken_listener_is_heard_of(deaf, kind, parallel):
    """The run raises what a listener raised, and no edge leads on from there."""
    _, raised, ran, _ = deaf(kind, parallel=parallel)
    assert ("deaf", kind == "run_end") == (str(raised), "after" in ran)
    assert "mend" not in ran


@both
@pytest.mark.parametrize("kind", ["node_start", "node_end"])
def test_broken_listener_is_no_failed_node(deaf, kind, parallel):
    """What a listener raises leads along no error edge."""
    assert "mend" not in deaf(kind, parallel=parallel)[2]


@both
def test_broken_listener_keeps_items(deaf, parallel):
    """An item that had completed when the listener raised stays completed."""
    *_, trace = deaf("item_end", parallel=parallel)
    assert "failed" not in [item["status"] for item in trace["nodes"][0]["batch"]["items"]]


@both
@pytest.mark.parametrize("kind", KINDS)
def test_broken_listener_leaves_trace(deaf, kind, parallel):
    """Whatever a listener raises, the trace is written."""
    *_, trace = deaf(kind, parallel=parallel)
    assert "1" == trace["trace_version"]


@both
@pytest.mark.parametrize("kind", ["node_end", "item_end", "run_end"])
def test_interrupt_ends_all(batch_of, kind, parallel):
    """What was told to begin is told to end when Ctrl-C comes, too."""

    @node("stop")
    def stop(value: int) -> dict:
        if value == 1:
            raise KeyboardInterrupt
        return {}

    heard = []
    flow = batch_of(stop, {"value": "${item}"}, parallel=parallel, max_concurrent=1)
    with suppress(KeyboardInterrupt):
        flow.run({"xs": [0, 1, 2]}, on_event=heard.append)
    words = [event.kind for event in heard]
    assert words.count(kind.replace("end", "start")) == words.count(kind)
