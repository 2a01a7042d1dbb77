"""What running a batch means, sentence by sentence, where no other test of the batch would notice.

Which test notices which sentence being broken is told by the table in ``mutants.py``, beside this file. The
sentences about items that fail are in ``test_spec_failures.py``.
"""

import threading
from concurrent.futures import Executor, Future

import pytest

from pflow_engine import Node, compile_ir_to_flow, node

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


@both
def test_shell_prints_items(parallel):
    """What a shell printed is a list of items, its newline and all."""
    batch = {"items": "${list.stdout}", "parallel": parallel}
    nodes = [
        {"id": "list", "type": "shell", "params": {"command": "echo '[\"a\", 0]'"}},
        {"id": "b", "type": "echo", "params": {"got": "${item}"}, "batch": batch},
    ]
    store = compile_ir_to_flow({"nodes": nodes}).run().store
    assert '["a", 0]\n' == store["list"]["stdout"]
    assert ["a", 0] == [result["got"] for result in store["b"]["results"]]


@both
def test_loop_empties_namespace(registry, flow_of, parallel):
    """A batch that runs again in a loop starts from an empty namespace: its items see no earlier results."""

    class Look(Node):
        def post(self, shared, _prepared, _executed):
            shared["found"] = sorted({"results", "count"} & set(shared))

    class Twice(Node):
        def post(self, shared, _prepared, _executed):
            shared["rounds"] = [*shared.get("rounds", []), shared["b"]["results"]]
            return "again" if len(shared["rounds"]) < 2 else None

    registry.register("look", Look)
    registry.register("twice", Twice)
    nodes = [
        {"id": "b", "type": "look", "batch": {"items": [1, 2], "parallel": parallel}},
        {"id": "n", "type": "twice"},
        {"id": "end", "type": "emit"},
    ]
    edges = [{"from": "b", "to": "n"}, {"from": "n", "to": "b", "action": "again"}, {"from": "n", "to": "end"}]
    empty = [{"found": [], "item": 1}, {"found": [], "item": 2}]
    assert [empty, empty] == flow_of(nodes, edges=edges).run().store["n"]["rounds"]


@both
def test_items_see_the_store(registry, flow_of, parallel):
    """An item finds what was there before the batch: inputs at the root, outputs under their node."""

    class Look(Node):
        def post(self, shared, _prepared, _executed):
            shared["seen"] = [shared["limit"], shared["up"], self.params["tail"]]

    registry.register("look", Look)
    batch = {"items": ["tea"], "parallel": parallel}
    nodes = [
        {"id": "up", "type": "emit", "params": {"x": 1}},
        {"id": "b", "type": "look", "params": {"tail": "${limit}${up.x}${item}"}, "batch": batch},
    ]
    assert [3, {"x": 1}, "31tea"] == flow_of(nodes).run({"limit": 3}).store["b"]["results"][0]["seen"]


@both
def test_namespaces_isolated(batch_of, left, parallel):
    """What an item writes into its namespace is seen by no other, and is in no other's result."""
    found = []

    class Mark(Node):
        def post(self, shared, _prepared, _executed):
            found.append([key for key in shared if key.startswith("mark")])
            shared[f"mark{shared['__index__']}"] = True

    results = left(batch_of(Mark, parallel=parallel), ["x"] * 20)["results"]
    assert [[]] * 20 == found
    assert [{f"mark{index}": True, "item": "x"} for index in range(20)] == results


@both
def test_reserved_names_isolated(batch_of, parallel):
    """Nor is what an item writes under a reserved name seen by another, by a later attempt, or after the batch."""
    found = []

    class Mark(Node):
        def post(self, shared, _prepared, _executed):
            found.append("__mark__" in shared)
            shared["__mark__"] = True
            raise ValueError

    flow = batch_of(Mark, parallel=parallel, max_retries=2, error_handling="continue")
    store = flow.run({"xs": [1, 2, 3]}).store
    assert ([False] * 6, ["__llm_calls__", "b", "xs"]) == (found, sorted(store))


@both
@pytest.mark.parametrize("namespacing", [True, False])
def test_root_names_isolated(batch_of, parallel, namespacing):
    """What an item writes over a name of the root is seen by no other item and no later attempt."""
    found = []

    class Shadow(Node):
        def post(self, shared, _prepared, _executed):
            found.append(shared["limit"])
            shared["limit"] = "written"
            raise ValueError

    ir = {"enable_namespacing": namespacing}
    flow = batch_of(Shadow, parallel=parallel, ir=ir, max_retries=2, error_handling="continue")
    store = flow.run({"xs": [1, 2, 3], "limit": 3}).store
    assert ([3] * 6, 3) == (found, store["limit"])


@both
def test_params_isolated(batch_of, left, parallel):
    """What a node does to its params reaches no other item and no later attempt."""

    class Spend(Node):
        def post(self, shared, _prepared, _executed):
            shared["words"] = [*self.params["words"], *self.params["fixed"]]
            self.params["words"].append("spent")
            self.params["fixed"].append("spent")
            if self.context.attempt == 1:
                raise ValueError

    flow = batch_of(Spend, {"words": ["fresh", "${item}"], "fixed": ["too"]}, parallel=parallel, max_retries=2)
    assert [["fresh", 1, "too"], ["fresh", 2, "too"]] == [result["words"] for result in left(flow, [1, 2])["results"]]


@both
def test_item_of_result(batch_of, parallel):
    """The item of a result is the input, though the node changed the one it was given."""

    class Spoil(Node):
        def post(self, shared, _prepared, _executed):
            shared["item"]["words"].append("spoilt")

    store = batch_of(Spoil, parallel=parallel).run({"xs": [{"words": []}]}).store
    assert [{"item": {"words": []}}] == store["b"]["results"]
    assert [{"words": []}] == store["xs"]


@both
def test_index_counts_items(batch_of, left, parallel):
    """An item's index is its place among the items from 0, on every attempt."""
    seen = []

    class Note(Node):
        def post(self, shared, _prepared, _executed):
            seen.append((shared["__index__"], self.context.attempt))
            raise ValueError

    left(batch_of(Note, parallel=parallel, max_retries=2, error_handling="continue"), ["x", "x", "x"])
    assert [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)] == sorted(seen)


def test_ends_in_reverse(batch_of):
    """Items that end last to first leave results, errors, usage and the trace first to last."""
    ended = [threading.Event() for _ in range(9)]
    ended[8].set()

    class Backwards(Node):
        def post(self, shared, _prepared, _executed):
            index = shared["__index__"]
            assert ended[index + 1].wait(PATIENCE)
            shared["index"] = index
            shared["llm_usage"] = {"total_tokens": index}
            if index % 2:
                shared["error"] = f"odd {index}"

    def tell(event):
        if event.kind == "item_end":
            ended[event.index].set()

    flow = batch_of(Backwards, parallel=True, max_concurrent=8, error_handling="continue")
    result = flow.run({"xs": list("abcdefgh")}, on_event=tell)
    out, record = result.store["b"], result.trace.nodes[0]
    assert [(index, item) for index, item in enumerate("abcdefgh")] == [(r["index"], r["item"]) for r in out["results"]]
    assert [1, 3, 5, 7] == [entry["index"] for entry in out["errors"]]
    assert list(range(8)) == [call["total_tokens"] for call in result.store["__llm_calls__"]]
    assert [None, "odd 1", None, "odd 3", None, "odd 5", None, "odd 7"] == [
        error for _, _, error, _ in record.batch.items
    ]


@both
@pytest.mark.parametrize("value", [0, "", None, False, [], {}])
def test_falsy_outputs(batch_of, left, parallel, value):
    """A falsy output is an output."""
    assert [{"value": value, "item": 1}] == left(batch_of("emit", {"value": value}, parallel=parallel), [1])["results"]


@both
def test_no_item_no_warning(batch_of, parallel):
    """Nobody is warned of an output that was not overruled."""
    trace = batch_of("emit", {"value": 1}, parallel=parallel).run({"xs": [1, 2]}).trace
    assert [] == list(trace.nodes[0].warnings)


@both
def test_failed_own_item(batch_of, parallel):
    """The own item of a node that returned an error gives way as well."""
    flow = batch_of("emit", {"item": "mine", "error": "no"}, parallel=parallel, error_handling="continue")
    result = flow.run({"xs": [7]})
    assert [{"item": 7, "error": "no"}] == result.store["b"]["results"]
    assert ["item 0: its output 'item' gave way to the item itself"] == list(result.trace.nodes[0].warnings)


@pytest.mark.parametrize("outer", [False, True], ids=["sequential", "parallel"])
@pytest.mark.parametrize("inner", [False, True], ids=["of-sequential", "of-parallel"])
def test_nested(registry, flow_of, outer, inner):
    """A batch inside an item of a batch has its own alias and index, and so has the outer one afterwards."""
    spell = {"id": "s", "type": "emit", "params": {"said": "${letter}${__index__}"}}
    inside = flow_of([{**spell, "batch": {"items": "${word}", "as": "letter", "parallel": inner}}])

    class Spell(Node):
        def post(self, shared, _prepared, _executed):
            store = inside.run({"word": list(shared["word"])}).store
            shared["said"] = [result["said"] for result in store["s"]["results"]]
            shared["after"] = f"{shared['word']}{shared['__index__']}"
            shared["leaked"] = "letter" in shared

    registry.register("spell", Spell)
    batch = {"items": ["ab", "cd", "ef"], "as": "word", "parallel": outer, "max_concurrent": 2}
    results = flow_of([{"id": "b", "type": "spell", "batch": batch}]).run().store["b"]["results"]
    assert [["a0", "b1"], ["c0", "d1"], ["e0", "f1"]] == [result["said"] for result in results]
    assert [("ab0", False), ("cd1", False), ("ef2", False)] == [(r["after"], r["leaked"]) for r in results]


class _AtOnce(Executor):
    """Runs what it is given at once, and counts it."""

    def __init__(self, workers, made):
        self.workers = workers
        self.futures = 0
        made.append(self)

    def submit(self, fn, /, *args, **kwargs):
        self.futures += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_few_futures(batch_of, left):
    """A run of many items makes no more futures than max_concurrent, from one executor of as many workers."""
    made = []
    flow = batch_of("act", parallel=True, max_concurrent=3)
    out = left(flow, list(range(2000)), executor=lambda workers: _AtOnce(workers, made))
    (only,) = made
    assert (2000, 3, True) == (out["success_count"], only.workers, only.futures <= 3)


def test_sequential_needs_no_executor(batch_of, left):
    """One after the other is done in the run's own thread."""
    made, threads = [], set()

    @node("where")
    def where() -> dict:
        threads.add(threading.current_thread())
        return {}

    left(batch_of(where, max_concurrent=5), [1, 2, 3], executor=made.append)
    assert ([], {threading.current_thread()}) == (made, threads)


@both
def test_metadata_tells_config(batch_of, left, parallel):
    """The metadata tells how the batch was run: its mode, how many at once, the attempts and the waits."""
    flow = batch_of("act", parallel=parallel, max_concurrent=3, max_retries=4, retry_wait=2)
    metadata = left(flow, [1])["batch_metadata"]
    del metadata["timing"]
    assert metadata == {
        "parallel": parallel,
        "execution_mode": "parallel" if parallel else "sequential",
        "max_concurrent": 3 if parallel else None,
        "max_retries": 4,
        "retry_wait": 2.0,
        "retried": 0,
    }


def test_timing_figures(batch_of, left, clock):
    """Timing is in milliseconds: of all items, on average, the shortest and the longest, and on the wall."""

    class Wait(Node):
        def exec(self, _prepared):
            self.context.clock.sleep(self.params["seconds"], self.context.cancel)

    out = left(batch_of(Wait, {"seconds": "${item}"}), [1, 5, 3], clock=clock)
    assert out["batch_metadata"]["timing"] == {
        "total_items_ms": 9000.0,
        "avg_item_ms": 3000.0,
        "min_item_ms": 1000.0,
        "max_item_ms": 5000.0,
        "wall_ms": 9000.0,
    }
