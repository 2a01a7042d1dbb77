"""A batch node, through the whole chain."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pflow_engine import CancelToken, Node, NodeFailed, node

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


@pytest.fixture
def out():
    """``out(flow, xs, **options)``: what batch ``b`` left in the store."""

    def run(flow, xs, **options):
        return flow.run({"xs": xs}, **options).store["b"]

    return run


@node("picky")
def _picky(value) -> dict:
    if value == "raise":
        raise ValueError("it raised")
    if value == "return":
        return {"error": "it returned", "partial": 1}
    return {"value": value}


@both
def test_whole_output(batch_of, out, clock, parallel):
    """A batch leaves its results, counts, errors and metadata, nothing else."""
    assert out(batch_of("double", {"value": "${item}"}, parallel=parallel), [1, 2], clock=clock) == {
        "results": [{"value": 2, "item": 1}, {"value": 4, "item": 2}],
        "count": 2,
        "success_count": 2,
        "error_count": 0,
        "errors": None,
        "batch_metadata": {
            "parallel": parallel,
            "execution_mode": "parallel" if parallel else "sequential",
            "max_concurrent": 10 if parallel else None,
            "max_retries": 1,
            "retry_wait": None,
            "retried": 0,
            "timing": {
                "total_items_ms": 0.0,
                "avg_item_ms": 0.0,
                "min_item_ms": 0.0,
                "max_item_ms": 0.0,
                "wall_ms": 0.0,
            },
        },
    }


@both
def test_empty_items(batch_of, out, parallel):
    """No items are a success without results, and without timing."""
    left = out(batch_of("double", {"value": "${item}"}, parallel=parallel), [])
    assert ([], 0, None) == (left["results"], left["count"], left["errors"])
    assert left["batch_metadata"]["timing"] is None


@both
@pytest.mark.parametrize("item", [0, "", None, False, [], {}, 0.0])
def test_falsy_item(batch_of, out, parallel, item):
    """A falsy item is an item like any other."""
    left = out(batch_of("emit", {"got": "${item}"}, parallel=parallel), [item])
    assert [{"got": item, "item": item}] == left["results"]


@both
def test_alias_at_root(batch_of, out, parallel):
    """The alias and the index are found at the root, by templates and by the node."""

    class Look(Node):
        def post(self, shared, _prepared, _executed):
            shared["looked"] = [shared["word"], shared["__index__"]]

    flow = batch_of(Look, {"p": "${word}-${__index__}"}, parallel=parallel, **{"as": "word"})
    assert [["tea", 0], ["milk", 1]] == [result["looked"] for result in out(flow, ["tea", "milk"])["results"]]


@both
def test_nested_data(batch_of, out, parallel):
    """Items are data of any depth; templates reach into them."""
    flow = batch_of("emit", {"name": "${item.user.names[0]}", "all": "${item}"}, parallel=parallel)
    item = {"user": {"names": ["Ada", "Bo"]}}
    assert [{"name": "Ada", "all": item, "item": item}] == out(flow, [item])["results"]


@both
def test_wrote_nothing(batch_of, out, parallel):
    """A node that wrote nothing gives its item."""
    assert out(batch_of("act", parallel=parallel), [7])["results"] == [{"item": 7}]


@both
def test_own_item_output(batch_of, parallel):
    """An output named item gives way to the item, and the trace says so."""
    result = batch_of("emit", {"item": "mine"}, parallel=parallel).run({"xs": [7, 8]})
    assert [{"item": 7}, {"item": 8}] == result.store["b"]["results"]
    assert result.trace.nodes[0].warnings == [
        "item 0: its output 'item' gave way to the item itself",
        "item 1: its output 'item' gave way to the item itself",
    ]


@both
def test_items_isolated(batch_of, out, parallel):
    """Nothing an item writes is seen by another."""

    class Leave(Node):
        def post(self, shared, _prepared, _executed):
            found = sorted(key for key in shared if key.startswith("left"))
            shared[f"left{shared['__index__']}"] = True
            shared["found"] = found

    left = out(batch_of(Leave, parallel=parallel), list(range(20)))
    assert [[]] * 20 == [result["found"] for result in left["results"]]


@both
def test_store_untouched(batch_of, parallel):
    """After a batch the store has its output, and neither alias nor index."""
    store = batch_of("double", {"value": "${item}"}, parallel=parallel).run({"xs": [1]}).store
    assert ["__llm_calls__", "b", "xs"] == sorted(store)


@both
def test_retry_resets_namespace(batch_of, out, parallel):
    """A retried item does not see what its failed attempt wrote."""

    class Once(Node):
        def post(self, shared, _prepared, _executed):
            saw, shared["mark"] = "mark" in shared, True
            tries.append(saw)
            if len(tries) % 2:
                raise ValueError
            shared["saw"] = saw

    tries = []
    left = out(batch_of(Once, parallel=parallel, max_retries=2), [1])
    assert ([False, False], False) == (tries, left["results"][0]["saw"])


@both
def test_retry_gets_original(batch_of, out, parallel):
    """Each attempt is given the original item, not what an earlier one made of it."""
    given = []

    @node("spoil")
    def spoil(item) -> dict:
        given.append(list(item))
        item.append("spoilt")
        raise ValueError

    xs = [["fresh"]]
    left = out(batch_of(spoil, {"item": "${item}"}, parallel=parallel, max_retries=3, error_handling="continue"), xs)
    assert [["fresh"]] * 3 == given
    assert (["fresh"], ["fresh"]) == (left["errors"][0]["item"], xs[0])


@both
def test_retry_gets_fresh_node(batch_of, out, parallel):
    """No attempt finds anything on its node that another left there."""

    class Keeps(Node):
        def __init__(self):
            self.runs = 0

        def exec(self, _prepared):
            self.runs += 1
            found.append(self.runs)
            raise ValueError

    found = []
    out(batch_of(Keeps, parallel=parallel, max_retries=2, error_handling="continue"), [1, 2, 3])
    assert [1] * 6 == found


@both
def test_retry_wait(batch_of, out, clock, parallel):
    """The waits between attempts go through the run's clock, and are told in the metadata."""
    flow = batch_of("crash", parallel=parallel, max_retries=3, retry_wait=60, error_handling="continue")
    metadata = out(flow, [1], clock=clock)["batch_metadata"]
    assert [60, 60] == clock.slept
    assert (3, 60.0, 1, 120_000.0) == (
        metadata["max_retries"],
        metadata["retry_wait"],
        metadata["retried"],
        metadata["timing"]["wall_ms"],
    )


@both
def test_unhealable_not_retried(batch_of, out, parallel):
    """A template that leads nowhere in an item is not tried again."""
    flow = batch_of("emit", {"x": "${item.nope}"}, parallel=parallel, max_retries=5, error_handling="continue")
    entry = out(flow, [{"yes": 1}])["errors"][0]
    assert (1, "Unresolved") == (entry["attempts"], entry["error_type"])
    assert "${item.nope}" in entry["error"]


@both
def test_wrong_type_not_retried(batch_of, out, parallel):
    """A parameter of a wrong type is not tried again."""
    flow = batch_of("double", {"value": "${item}"}, parallel=parallel, max_retries=5, error_handling="continue")
    entry = out(flow, ["text"])["errors"][0]
    assert (1, "parameter 'value' takes integer, got string") == (entry["attempts"], entry["error"])


@both
def test_continue_results(batch_of, out, parallel):
    """Under continue a failed item has None in the results if it raised, its outputs if it returned an error."""
    flow = batch_of(_picky, {"value": "${item}"}, parallel=parallel, error_handling="continue")
    left = out(flow, ["ok", "raise", "return"])
    assert left["results"] == [
        {"value": "ok", "item": "ok"},
        None,
        {"error": "it returned", "partial": 1, "item": "return"},
    ]
    assert (3, 1, 2) == (left["count"], left["success_count"], left["error_count"])


@both
def test_error_entries(batch_of, out, parallel):
    """Errors are entries in index order, of words and numbers only."""
    flow = batch_of(_picky, {"value": "${item}"}, parallel=parallel, error_handling="continue", max_retries=2)
    assert out(flow, ["raise", "ok", "return"])["errors"] == [
        {"index": 0, "item": "raise", "error": "it raised", "error_type": "ValueError", "attempts": 2},
        {"index": 2, "item": "return", "error": "it returned", "error_type": "error", "attempts": 2},
    ]


@both
def test_errors_json_safe(batch_of, out, parallel):
    """An item that JSON has no word for has its written form in the errors."""
    flow = batch_of("crash", parallel=parallel, error_handling="continue")
    errors = out(flow, [ValueError("an exception"), {1, 2}, float("nan")])["errors"]
    json.dumps(errors, allow_nan=False)
    assert [{"$object": "builtins.ValueError"}, {"$set": [1, 2]}, {"$float": "nan"}] == [e["item"] for e in errors]


@both
def test_lowest_index_raised(batch_of, parallel):
    """Under fail_fast the error is that of the lowest index that failed, in every run."""
    flow = batch_of(_picky, {"value": "${item}"}, parallel=parallel)
    for _ in range(20):
        error = flow.run({"xs": ["ok", "ok", *["raise"] * 30]}).error
        assert (2, "b") == (error.index, error.node_id)


def test_lowest_though_later(batch_of):
    """An item that failed later but stands earlier is the one that is raised."""
    other_failed = threading.Event()

    @node("late")
    def late(index: int) -> dict:
        if index == 1:
            other_failed.set()
            raise ValueError("early in time")
        assert other_failed.wait(PATIENCE)
        raise ValueError("early in order")

    error = batch_of(late, {"index": "${__index__}"}, parallel=True).run({"xs": [1, 2]}).error
    assert (0, "early in order") == (error.index, str(error.__cause__))


def test_cause_is_the_exception(batch_of):
    """The raised error's cause is the exception of the node."""
    error = batch_of("crash").run({"xs": [1]}).error
    assert isinstance(error, NodeFailed)
    assert isinstance(error.__cause__, ValueError)
    assert error.summary == "item 0 of batch 'b' failed: it crashed"


def test_attempts_in_error(batch_of):
    """The raised error says how often the item was tried, if more than once."""
    error = batch_of("crash", max_retries=2).run({"xs": [1]}).error
    assert error.summary == "item 0 of batch 'b' failed after 2 attempts: it crashed"


def test_no_exception_no_cause(batch_of):
    """An error that was returned has no cause."""
    error = batch_of("emit", {"error": "no"}).run({"xs": [1]}).error
    assert error.__cause__ is None
    assert error.summary == "item 0 of batch 'b' failed: no"


@both
def test_fail_fast_keeps_finished(batch_of, parallel):
    """What was finished stays in the store; items that never started are cancelled, not failed."""
    flow = batch_of(_picky, {"value": "${item}"}, parallel=parallel, max_concurrent=1)
    result = flow.run({"xs": ["one", "raise", "three", "four"]})
    left = result.store["b"]
    assert [{"value": "one", "item": "one"}, None, None, None] == left["results"]
    assert (4, 1, 1) == (left["count"], left["success_count"], left["error_count"])
    assert ["completed", "failed", "cancelled", "cancelled"] == [row[0] for row in result.trace.nodes[0].batch.items]


@both
def test_usage_in_index_order(batch_of, parallel):
    """Model usage says whose it is, in index order, failed attempts included."""

    @node("ask")
    def ask(index: int) -> dict:
        usage = {"llm_usage": {"total_tokens": index}}
        if index == 1 and not failed.is_set():
            failed.set()
            return {**usage, "error": "no"}
        return usage

    failed = threading.Event()
    flow = batch_of(ask, {"index": "${__index__}"}, parallel=parallel, max_retries=2)
    assert flow.run({"xs": [5, 6, 7]}).store["__llm_calls__"] == [
        {"node_id": "b", "item_index": 0, "attempt": 1, "total_tokens": 0},
        {"node_id": "b", "item_index": 1, "attempt": 1, "total_tokens": 1},
        {"node_id": "b", "item_index": 1, "attempt": 2, "total_tokens": 1},
        {"node_id": "b", "item_index": 2, "attempt": 1, "total_tokens": 2},
    ]


def test_appended_calls_in_order(batch_of):
    """Calls that nodes append themselves are kept, in index order, though the items end the other way round."""
    turn = threading.Event()

    class Append(Node):
        def post(self, shared, _prepared, _executed):
            if shared["__index__"] == 0:
                assert turn.wait(PATIENCE)
            shared["__llm_calls__"].append({"model": "m"} if shared["__index__"] else "odd")
            turn.set()

    store = batch_of(Append, parallel=True).run({"xs": [1, 2]}).store
    assert store["__llm_calls__"] == ["odd", {"node_id": "b", "item_index": 1, "attempt": 1, "model": "m"}]


@both
def test_calls_of_raised(batch_of, parallel):
    """Calls of an attempt that raised are kept: they were paid for."""

    class Pay(Node):
        def post(self, shared, _prepared, _executed):
            shared["__llm_calls__"].append({"model": "m"})
            raise ValueError

    store = batch_of(Pay, parallel=parallel, error_handling="continue").run({"xs": [1]}).store
    assert store["__llm_calls__"] == [{"node_id": "b", "item_index": 0, "attempt": 1, "model": "m"}]


@both
def test_calls_told_once(batch_of, parallel):
    """A call that a node notes by itself, and has among its outputs in fewer words, is one call."""

    class Pay(Node):
        def post(self, shared, _prepared, _executed):
            shared["__llm_calls__"].append({"model": "m", "duration_ms": 5})
            shared["llm_usage"] = {"model": "m"}

    calls = batch_of(Pay, parallel=parallel).run({"xs": [1]}).store["__llm_calls__"]
    assert calls == [{"node_id": "b", "item_index": 0, "attempt": 1, "model": "m", "duration_ms": 5}]


@both
def test_timeout_fails_item(batch_of, out, parallel):
    """An attempt that takes too long fails its item, and is tried again like any other."""

    class Hang(Node):
        def exec(self, _prepared):
            self.context.cancel.wait(PATIENCE)

    flow = batch_of(Hang, parallel=parallel, timeout=0.01, error_handling="continue", max_retries=2)
    assert out(flow, [1])["errors"] == [
        {"index": 0, "item": 1, "error": "timed out after 0.01s", "error_type": "TimeoutError", "attempts": 2}
    ]


@both
def test_late_write_is_lost(batch_of, parallel):
    """What a timed-out attempt writes later lands nowhere: not in the store, not in the trace, not in usage."""
    go, wrote = threading.Event(), threading.Event()

    class Late(Node):
        def post(self, shared, _prepared, _executed):
            if shared["item"] == "late" and not go.is_set():
                assert go.wait(PATIENCE)
                shared["late"] = shared["__llm_usage__"] = True
                shared["__llm_calls__"].append({"late": True})
                shared["llm_usage"] = {"late": True}
                wrote.set()

    flow = batch_of(Late, parallel=parallel, timeout=0.05, error_handling="continue", max_concurrent=2)
    result = flow.run({"xs": ["late", "ok"]})
    before = (json.dumps(result.store), json.dumps(result.trace.to_dict()))
    go.set()
    assert wrote.wait(PATIENCE)
    assert before == (json.dumps(result.store), json.dumps(result.trace.to_dict()))
    assert 'late": true' not in before[0]


def test_late_call_is_lost(batch_of):
    """What it reported before the time was up is kept; what it reports later is not, though the batch still runs."""
    go, wrote = threading.Event(), threading.Event()

    class Late(Node):
        def post(self, shared, _prepared, _executed):
            if shared["__index__"] == 0:
                shared["__llm_calls__"].append("in time")
                assert go.wait(PATIENCE)
                shared["__llm_calls__"].append("late")
                wrote.set()
            go.set()
            wrote.wait(PATIENCE)

    store = batch_of(Late, timeout=0.1, error_handling="continue").run({"xs": [1, 2]}).store
    assert wrote.wait(PATIENCE)
    assert ["in time"] == store["__llm_calls__"]


@both
def test_system_exit_fails_item(batch_of, out, parallel):
    """A node that ends the process fails its item; the others go on."""

    @node("leave")
    def leave(value: int) -> dict:
        if value == 1:
            raise SystemExit(4)
        return {}

    left = out(batch_of(leave, {"value": "${item}"}, parallel=parallel, error_handling="continue"), [0, 1, 2])
    assert (2, "SystemExit") == (left["success_count"], left["errors"][0]["error_type"])


@both
def test_interrupt_keeps_finished(batch_of, tmp_path, parallel):
    """Ctrl-C ends the run; the trace on disk has what was done."""

    @node("stop")
    def stop(value: int) -> dict:
        if value == 2:
            raise KeyboardInterrupt
        return {"value": value}

    file = tmp_path / "trace.json"
    flow = batch_of(stop, {"value": "${item}"}, parallel=parallel, max_concurrent=1)
    with pytest.raises(KeyboardInterrupt):
        flow.run({"xs": [1, 2, 3]}, trace_file=file)
    trace = json.loads(file.read_text())
    assert trace["status"] == "interrupted"
    assert ["completed", "failed", "cancelled"] == [item["status"] for item in trace["nodes"][0]["batch"]["items"]]
    assert [{"value": 1, "item": 1}, None, None] == trace["nodes"][0]["outputs"]["results"]


@both
def test_cancel_token(batch_of, parallel):
    """A batch that was asked to stop fails and says how much was not started."""
    cancel = CancelToken()

    @node("ask-to-stop")
    def ask_to_stop(value: int) -> dict:
        if value == 2:
            cancel.cancel()
        return {}

    flow = batch_of(ask_to_stop, {"value": "${item}"}, parallel=parallel, max_concurrent=1)
    result = flow.run({"xs": [1, 2, 3, 4]}, cancel=cancel)
    assert ("failed", "cancelled") == (result.status, result.error.code)
    assert result.error.summary == "batch 'b' was cancelled: 2 of 4 items were not started"
    assert result.store["b"]["success_count"] == 2


@pytest.mark.parametrize("workers", [1, 3, 100])
def test_in_flight(batch_of, workers):
    """max_concurrent items are in flight, never more."""
    all_there, lock, counts = threading.Barrier(workers), threading.Lock(), {"now": 0, "most": 0}

    @node("meet")
    def meet() -> dict:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        all_there.wait(PATIENCE)
        with lock:
            counts["now"] -= 1
        return {}

    result = batch_of(meet, parallel=True, max_concurrent=workers).run({"xs": list(range(workers * 3))})
    assert ("success", workers) == (result.status, counts["most"])


@both
def test_many_items(batch_of, out, parallel):
    """Ten thousand items come out in order."""
    left = out(batch_of("double", {"value": "${item}"}, parallel=parallel, max_concurrent=100), list(range(10_000)))
    assert [{"value": 2 * item, "item": item} for item in range(10_000)] == left["results"]


def test_own_executor(batch_of, out):
    """The workers come from the executor that the run was given."""
    asked = []

    def executor(workers):
        asked.append(workers)
        return ThreadPoolExecutor(workers)

    out(batch_of("double", {"value": "${item}"}, parallel=True, max_concurrent=4), [1, 2, 3, 4, 5], executor=executor)
    assert [4] == asked


def test_items_may_change(batch_of, out):
    """Items are those at the start, though a node changes the list it came from."""

    class Clear(Node):
        def post(self, shared, _prepared, _executed):
            shared["xs"].clear()

    assert out(batch_of(Clear), [1, 2, 3])["results"] == [{"item": 1}, {"item": 2}, {"item": 3}]


ALERT = [{"from": "b", "to": "after"}, {"from": "b", "to": "alert", "action": "error"}]


@pytest.mark.parametrize(
    ("error_handling", "xs", "expected"),
    [
        ("fail_fast", ["ok", "raise"], ["b", "alert"]),
        ("continue", ["raise", "return"], ["b", "alert"]),
        ("continue", ["ok", "raise"], ["b", "after"]),
        ("fail_fast", ["ok"], ["b", "after"]),
        ("continue", [], ["b", "after"]),
    ],
)
@both
def test_error_edge(  # noqa: PLR0913  # four parameters and two fixtures
    registry, flow_of, parallel, error_handling, xs, expected
):
    """The error edge is taken when a fail_fast batch failed, or all items of a continue batch."""
    registry.register("picky", _picky)
    batch = {"items": "${xs}", "error_handling": error_handling, "parallel": parallel}
    flow = flow_of(
        [
            {"id": "b", "type": "picky", "params": {"value": "${item}"}, "batch": batch},
            {"id": "after", "type": "emit"},
            {"id": "alert", "type": "emit"},
        ],
        edges=ALERT,
    )
    assert expected == [step.id for step in flow.run({"xs": xs}).trace.nodes]


@pytest.mark.parametrize(
    ("error_handling", "expected"),
    [
        ("fail_fast", "item 0 of batch 'b' failed: it crashed"),
        ("continue", "all 2 items failed, the first with: it crashed"),
    ],
)
def test_error_for_the_edge(flow_of, error_handling, expected):
    """What comes along the error edge finds the reason in the batch's error."""
    flow = flow_of(
        [
            {"id": "b", "type": "crash", "batch": {"items": "${xs}", "error_handling": error_handling}},
            {"id": "after", "type": "emit"},
            {"id": "alert", "type": "emit", "params": {"why": "${b.error}"}},
        ],
        edges=ALERT,
    )
    assert flow.run({"xs": [1, 2]}).outputs == {"why": expected}


def test_all_failed_unhandled(batch_of):
    """A continue batch of which nothing succeeded fails the run if no edge takes it."""
    result = batch_of("crash", error_handling="continue").run({"xs": [1, 2]})
    assert ("failed", "node 'b' failed: all 2 items failed, the first with: it crashed") == (
        result.status,
        result.error.summary,
    )


@both
def test_without_namespacing(batch_of, parallel):
    """Without namespacing an item still keeps to itself, and its outputs are what it wrote."""
    flow = batch_of("double", {"value": "${item}"}, parallel=parallel, ir={"enable_namespacing": False})
    store = flow.run({"xs": [1, 2]}).store
    assert [{"value": 2, "item": 1}, {"value": 4, "item": 2}] == store["b"]["results"]
    assert "value" not in store


@both
def test_item_events(batch_of, parallel):
    """Whoever listens hears of each item's start, further attempts and end, and of how many there are."""
    told = []
    flow = batch_of(_picky, {"value": "${item}"}, parallel=parallel, error_handling="continue", max_retries=2)
    flow.run({"xs": ["ok", "raise"]}, on_event=told.append)
    items = [event for event in told if event.index is not None]
    assert [("item_start", 0, 1, ""), ("item_end", 0, 1, "completed")] == [
        e[0:1] + e[2:5] for e in items if not e.index
    ]
    assert [
        ("item_start", 1, 1, ""),
        ("attempt_failed", 1, 1, ""),
        ("item_retry", 1, 2, ""),
        ("attempt_failed", 1, 2, ""),
        ("item_end", 1, 2, "failed"),
    ] == [e[0:1] + e[2:5] for e in items if e.index]
    assert {2} == {event.total for event in items}


def test_failing_listener(batch_of):
    """What a listener raises ends the run, and keeps its cause."""

    def listen(event):
        if event.kind == "item_end":
            raise RuntimeError("deaf") from ValueError("why")

    with pytest.raises(RuntimeError, match="deaf") as caught:
        batch_of("double", {"value": "${item}"}).run({"xs": [1]}, on_event=listen)
    assert str(caught.value.__cause__) == "why"
