"""Fifteen ways in which batches went wrong elsewhere, each as what happens here instead."""

import gc
import itertools
import json
import threading
import types
import weakref

import pytest

from pflow_engine import InvalidWorkflow, Node, node

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


def _reachable(start):
    """Everything an object leads to, except modules, classes, and what functions find as globals."""
    seen, stack = {}, [start]
    while stack:
        value = stack.pop()
        if id(value) in seen or isinstance(value, types.ModuleType | type):
            continue
        seen[id(value)] = value
        shared = value.__globals__ if isinstance(value, types.FunctionType) else None
        stack += [found for found in gc.get_referents(value) if found is not shared]
    return list(seen.values())


@both
def test_fifteen_01_stale_params(batch_of, parallel):
    """Every item, and every attempt of it, gets the params of that item and a node nobody used before."""

    class Keep(Node):
        def __init__(self):
            self.kept = []

        def post(self, shared, _prepared, _executed):
            self.kept.append(self.params["word"])
            self.params["word"] = "spoilt"
            if self.context.attempt == 1:
                raise ValueError
            shared["kept"] = self.kept

    flow = batch_of(Keep, {"word": "w${item}"}, parallel=parallel, max_retries=2)
    for first in (0, 1000):
        xs = list(range(first, first + 50))
        assert [[f"w{x}"] for x in xs] == [result["kept"] for result in flow.run({"xs": xs}).store["b"]["results"]]


@both
def test_fifteen_02_long_graph(registry, flow_of, parallel):
    """What a batch holds, and what its items copy, is the same whether one node follows or two thousand."""
    copies = []

    class Behind:
        def __deepcopy__(self, _memo):
            copies.append(1)
            return Behind()

        def run(self, _shared):
            return None

    def build(behind):
        batch = {"items": "${xs}", "parallel": parallel}
        return flow_of(
            [
                {"id": "b", "type": "double", "params": {"value": "${item}"}, "batch": batch},
                *({"id": f"n{number}", "type": "behind"} for number in range(behind)),
            ]
        )

    registry.register("behind", Behind())
    short, long = build(1), build(2000)
    copies.clear()
    result = long.run({"xs": list(range(20))})
    assert ("success", 2001, 2000) == (result.status, len(result.trace.nodes), len(copies))
    held, held_of_long = _reachable(short.layers["b"]), _reachable(long.layers["b"])
    assert len(held) == len(held_of_long)
    assert not {id(layer) for name, layer in long.layers.items() if name != "b"} & set(map(id, held_of_long))


@both
@pytest.mark.parametrize("error_handling", ["fail_fast", "continue"])
def test_fifteen_03_error_edge(flow_of, parallel, error_handling):
    """The error edge of a batch is taken when it failed, with the reason and what was finished."""
    flow = flow_of(
        [
            {
                "id": "b",
                "type": "crash",
                "batch": {"items": [1, 2], "parallel": parallel, "error_handling": error_handling},
            },
            {"id": "after", "type": "emit"},
            {"id": "alert", "type": "emit", "params": {"why": "${b.error}", "count": "${b.count}"}},
        ],
        edges=[{"from": "b", "to": "after"}, {"from": "b", "to": "alert", "action": "error"}],
    )
    result = flow.run()
    assert ["b", "alert"] == [record.id for record in result.trace.nodes]
    assert ("it crashed", 2) == (result.outputs["why"].rpartition(": ")[2], result.outputs["count"])


def test_fifteen_04_same_error(batch_of):
    """However the items that run at once come to their ends, the error is that of the lowest index that failed."""
    order, failing, ended = [], set(), []

    @node("turn")
    def turn(index: int) -> dict:
        if index >= 4:
            return {}
        started.wait(PATIENCE)
        place = order.index(index)
        if place:
            assert ended[place - 1].wait(PATIENCE)
        if index in failing:
            raise ValueError(f"failed {index}")
        return {}

    def tell(event):
        if event.kind == "item_end" and event.index < 4:
            ended[order.index(event.index)].set()

    flow = batch_of(turn, {"index": "${__index__}"}, parallel=True, max_concurrent=4)
    ways = [set(way) for count in (1, 2, 3, 4) for way in itertools.combinations(range(4), count)]
    for order, failing in [(order, way) for order in itertools.permutations(range(4)) for way in ways]:
        ended, started = [threading.Event() for _ in order], threading.Barrier(4)
        error = flow.run({"xs": list(range(12))}, on_event=tell).error
        assert (min(failing), f"failed {min(failing)}") == (error.index, str(error.__cause__))


@both
def test_fifteen_05_cancelled(batch_of, parallel):
    """Items that never started are cancelled: no failure, no attempt, no error, no part in the figures."""

    @node("second-fails")
    def second_fails(index: int) -> dict:
        if index == 1:
            raise ValueError("no")
        return {}

    flow = batch_of(second_fails, {"index": "${__index__}"}, parallel=parallel, max_concurrent=1)
    result = flow.run({"xs": list("abcde")})
    out, rows = result.store["b"], result.trace.nodes[0].batch.items
    assert (5, 1, 1) == (out["count"], out["success_count"], out["error_count"])
    assert [1] == [entry["index"] for entry in out["errors"]]
    assert ["completed", "failed", "cancelled", "cancelled", "cancelled"] == [row[0] for row in rows]
    assert [("cancelled", 0, None, 0.0)] * 3 == list(rows[2:])


def test_fifteen_06_nothing_after(batch_of):
    """When a batch has returned nothing of it runs any more, though it failed while other items were at work."""
    returned, failed, late = threading.Event(), threading.Event(), []
    both_run = threading.Barrier(2)

    @node("work")
    def work(index: int) -> dict:
        both_run.wait(PATIENCE)
        if index == 1:
            failed.set()
            raise ValueError("no")
        assert failed.wait(PATIENCE)
        # Long enough for a batch that does not wait for its items to return.
        late.append(returned.wait(0.3))
        return {"done": True}

    before = set(threading.enumerate())
    result = batch_of(work, {"index": "${__index__}"}, parallel=True, max_concurrent=2).run({"xs": [1, 2]})
    returned.set()
    assert ([False], 1) == (late, result.error.index)
    assert [{"done": True, "item": 1}, None] == result.store["b"]["results"]
    assert set() == set(threading.enumerate()) - before


@both
def test_fifteen_07_interrupted(batch_of, tmp_path, parallel):
    """Ctrl-C keeps what was finished, in the trace on disk too, and starts none of the rest."""
    started, stopping = [], threading.Barrier(2 if parallel else 1)

    class Work(Node):
        def post(self, shared, _prepared, _executed):
            index = shared["__index__"]
            started.append(index)
            shared["done"] = True
            if index in {1, 2}:
                stopping.wait(PATIENCE)
            if index == 1:
                raise KeyboardInterrupt
            if index == 2:
                assert self.context.cancel.wait(PATIENCE)

    file = tmp_path / "trace.json"
    with pytest.raises(KeyboardInterrupt):
        batch_of(Work, parallel=parallel, max_concurrent=2).run({"xs": list("abcdef")}, trace_file=file)
    trace = json.loads(file.read_text())
    statuses = [item["status"] for item in trace["nodes"][0]["batch"]["items"]]
    expected = ["completed", "failed", "completed" if parallel else "cancelled", *["cancelled"] * 3]
    assert ("interrupted", expected) == (trace["status"], statuses)
    assert {"done": True, "item": "a"} == trace["nodes"][0]["outputs"]["results"][0]
    assert list(range(3 if parallel else 2)) == sorted(started)


@both
def test_fifteen_08_late_write(batch_of, parallel):
    """What an attempt that timed out writes later lands nowhere, by whatever way it writes."""
    go, wrote = threading.Event(), threading.Semaphore(0)

    class Late(Node):
        def post(self, shared, _prepared, _executed):
            assert go.wait(PATIENCE)
            self.params["given"]["spoilt"] = shared["item"]["spoilt"] = True
            shared["spoilt"] = shared["__spoilt__"] = True
            shared["__llm_calls__"].append({"spoilt": True})
            wrote.release()

    batch = {"parallel": parallel, "timeout": 0.05, "error_handling": "continue"}
    result = batch_of(Late, {"given": "${item}"}, **batch).run({"xs": [{"n": 1}, {"n": 2}]})
    before = json.dumps([result.store, result.trace.to_dict(), result.outputs])
    go.set()
    assert all(wrote.acquire(timeout=PATIENCE) for _ in range(2))
    assert before == json.dumps([result.store, result.trace.to_dict(), result.outputs])
    assert ([None, None], False) == (result.store["b"]["results"], "spoilt" in before)


@both
def test_fifteen_09_what_is_retried(batch_of, parallel):
    """An error that was returned is tried again as one that was raised; one that cannot heal is not."""

    class Twice(Node):
        def post(self, shared, _prepared, _executed):
            if self.context.attempt == 1:
                shared["error"] = {"code": 503}

    batch = {"parallel": parallel, "max_retries": 4, "error_handling": "continue"}
    left = batch_of(Twice, **batch).run({"xs": [1]}).store["b"]
    assert ([{"item": 1}], None, 1) == (left["results"], left["errors"], left["batch_metadata"]["retried"])
    flow = batch_of("double", {"value": "${item.n}"}, **batch)
    attempts = [entry["attempts"] for entry in flow.run({"xs": [{}, {"n": "text"}]}).store["b"]["errors"]]
    assert [1, 1] == attempts


@both
@pytest.mark.parametrize("item", ["${up.nope}", "no ${up.nope}", {"deep": ["${up.nope}"]}])
def test_fifteen_10_inline_items(registry, flow_of, parallel, item):
    """A template inside inline items that leads nowhere is an error that names it, and no item runs."""
    ran = []

    @node("note")
    def note() -> dict:
        ran.append(True)
        return {}

    registry.register("note", note)
    batch = {"items": [1, item], "parallel": parallel, "error_handling": "continue"}
    result = flow_of([{"id": "up", "type": "emit"}, {"id": "b", "type": "note", "batch": batch}]).run()
    assert ("failed", []) == (result.status, ran)
    assert result.error.summary.startswith("${up.nope} does not resolve")


@both
@pytest.mark.parametrize("error_handling", ["fail_fast", "continue"])
@pytest.mark.parametrize("limit", [{}, {"timeout": 60}], ids=["unbounded", "bounded"])
def test_fifteen_11_no_frames(batch_of, parallel, error_handling, limit):
    """Neither the store nor the trace leads to an exception, nor keeps what a failed item had in its hands."""
    loads, threads = [], set()

    @node("fail")
    def fail() -> dict:
        load = Node()  # anything that a frame holds and that can be watched
        loads.append(weakref.ref(load))
        threads.add(threading.current_thread())
        raise ValueError("no")

    batch = {"parallel": parallel, "error_handling": error_handling, "max_retries": 2, **limit}
    result = batch_of(fail, **batch).run({"xs": [1, 2, 3]})
    store, trace = result.store, result.trace
    del result
    for thread in threads - {threading.current_thread()}:
        thread.join(PATIENCE)
    gc.collect()
    assert {None} == {load() for load in loads}
    odd = (BaseException, types.TracebackType, types.FrameType, types.CodeType)
    assert [] == [found for found in _reachable([store, trace]) if isinstance(found, odd)]


@both
def test_fifteen_12_cannot_be_copied(registry, batch_of, parallel):
    """A node, or an item, that holds a lock runs like any other; an instance is refused with the fix."""

    class Locked(Node):
        def __init__(self):
            self.lock = threading.Lock()

        def post(self, shared, _prepared, _executed):
            with self.lock, shared["item"]["lock"]:
                shared["done"] = shared["item"]["n"]

    lock = threading.Lock()
    results = (
        batch_of(Locked, parallel=parallel)
        .run({"xs": [{"lock": lock, "n": n} for n in range(20)]})
        .store["b"]["results"]
    )
    assert list(range(20)) == [result["done"] for result in results]
    with pytest.raises(InvalidWorkflow, match="register its class instead"):
        registry.register("locked", Locked())


@both
def test_fifteen_13_trace(batch_of, parallel):
    """A trace is in index order and strict JSON, and what happens to the store afterwards does not change it."""
    second_ended = threading.Event()
    if not parallel:
        second_ended.set()

    class Odd(Node):
        def post(self, shared, _prepared, _executed):
            if shared["__index__"] == 0:
                assert second_ended.wait(PATIENCE)
            shared["nan"], shared["raw"], shared["set"] = float("nan"), b"\xff", {1}
            shared["self"] = shared["self_too"] = cycle = []
            cycle.append(cycle)
            if shared["__index__"] == 2:
                shared["error"] = {"deep": [1]}

    def tell(event):
        if (event.kind, event.index) == ("item_end", 1):
            second_ended.set()

    flow = batch_of(Odd, parallel=parallel, error_handling="continue")
    result = flow.run({"xs": [{"n": 0}, {"n": 1}, {"n": 2}]}, on_event=tell)
    before = json.dumps(result.trace.to_dict(), allow_nan=False)
    record = json.loads(before)["nodes"][0]
    assert [0, 1, 2] == [item["index"] for item in record["batch"]["items"]]
    assert ["completed", "completed", "failed"] == [item["status"] for item in record["batch"]["items"]]
    assert [{"n": 0}, {"n": 1}, {"n": 2}] == [found["item"] for found in record["outputs"]["results"]]
    _spoil(result.store, set())
    assert before == json.dumps(result.trace.to_dict(), allow_nan=False)


def _spoil(value, seen):
    if id(value) in seen or not isinstance(value, dict | list):
        return
    seen.add(id(value))
    for inner in list(value.values() if isinstance(value, dict) else value):
        _spoil(inner, seen)
    if isinstance(value, dict):
        value["spoilt"] = True
    else:
        value.append("spoilt")


@both
def test_fifteen_14_secrets(batch_of, monkeypatch, tmp_path, parallel):
    """A secret is in no trace, whether it came from the environment, a param, an item, or stands in an error."""
    secrets = ["s3cr3t-of-env", "s3cr3t-of-param", "s3cr3t-of-item", "s3cr3t-registered"]
    monkeypatch.setenv("SERVICE_API_KEY", secrets[0])

    @node("tell")
    def tell(api_key: str, item: dict) -> dict:
        said = " ".join([api_key, item["token"], secrets[0], secrets[3]])
        if item["n"]:
            raise ValueError(said)
        return {"said": said, "error": said, "llm_usage": {"note": said}}

    file = tmp_path / "trace.json"
    params = {"api_key": "${given}", "item": "${item}"}
    batch = {"parallel": parallel, "error_handling": "continue", "max_retries": 2}
    result = batch_of(tell, params, **batch).run(
        {"xs": [{"n": n, "token": secrets[2]} for n in (0, 1)], "given": secrets[1]},
        secrets=secrets[3:],
        trace_file=file,
    )
    written = file.read_text() + json.dumps(result.trace.to_dict())
    assert ("failed", []) == (result.status, [secret for secret in secrets if secret in written])
    assert written.count("[redacted]") >= 8


@pytest.mark.parametrize(
    ("nodes", "alias", "reason"),
    [
        (["a", "other"], "other", "is a node"),
        (["a"], "a", "is a node"),
        (["a"], "given", "is an input"),
        (["a", "item"], None, "is a node"),
        (["a"], "__index__", "__"),
    ],
)
def test_fifteen_15_alias(flow_of, nodes, alias, reason):
    """An alias that is a node, an input or one of the engine's own names is refused before anything runs."""
    batch = {"items": ["${given}"], **({"as": alias} if alias else {})}
    first, *others = [{"id": name, "type": "emit"} for name in nodes]
    with pytest.raises(InvalidWorkflow) as caught:
        flow_of([{**first, "batch": batch}, *others], inputs={"given": {"type": "string"}})
    (problem,) = caught.value.problems
    assert ("alias-taken", "nodes[0].batch") == (problem.code, problem.path[:14])
    assert reason in problem.message
