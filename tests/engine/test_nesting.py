"""Workflows that run workflows: outputs, failures, traces, events, and what they share."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jsonschema
import pytest

from pflow_engine import (
    CancelToken,
    DaskExecutor,
    InvalidWorkflow,
    Node,
    Unhealable,
    compile_ir_to_flow,
    format_success_as_text,
    load,
    node,
    run,
    validate,
)
from pflow_engine import compiler as compiler_module
from pflow_engine.document.load import from_data
from pflow_engine.nodes.builtin.shell_node import Shell
from pflow_engine.nodes.builtin.workflow_node import NestedWorkflow
from pflow_engine.trace import trace_schema

PATIENCE = 30
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])
CHILD = {
    "inputs": {"n": {"type": "integer"}, "extra": {"type": "string", "default": "none"}},
    "nodes": [{"id": "twice", "type": "double", "params": {"value": "${n}"}}],
    "outputs": {"twice": {"source": "${twice.value}", "type": "integer"}, "extra": {"source": "${extra}"}},
}


@pytest.fixture
def nest(registry, tmp_path):
    """``nest(nodes, child=…, **ir)``: a flow of files, of which ``child.json`` stands beside ``parent.json``."""
    registry.register("workflow", NestedWorkflow)

    def build(nodes, **files):
        ir = files.pop("ir", {})
        for name, content in {"child": CHILD, **files, "parent": {"nodes": nodes, **ir}}.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        return compile_ir_to_flow(load(tmp_path / "parent.json"), registry)

    return build


def sub(given=None, *, ref="child.json", batch=None, **params):
    """A node ``sub`` that runs another workflow."""
    written = {"id": "sub", "type": "workflow", "params": {"workflow_ref": ref, "param_mapping": given or {}, **params}}
    return {**written, "batch": batch} if batch else written


def steps(*nodes, **ir):
    """A child of these nodes."""
    return {"nodes": list(nodes), **ir}


def timeless(value):
    """A trace without times, and the mode that batches ran in."""
    if isinstance(value, dict):
        left_out = ("started_at", "started_ms", "duration_ms", "timing", "parallel", "execution_mode", "max_concurrent")
        return {name: timeless(item) for name, item in value.items() if name not in left_out}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def is_published(result):
    """Whether the trace is as the schema says."""
    trace = result.trace.to_dict()
    jsonschema.Draft202012Validator(trace_schema()).validate(trace)
    return trace


def test_outputs(nest):
    """A node that runs a workflow has its outputs, and gives it its inputs."""
    result = nest([sub({"n": "${x}"}), {"id": "after", "type": "emit", "params": {"seen": "${sub.twice}"}}]).run(
        {"x": 4}
    )
    assert ({"twice": 8, "extra": "none"}, {"seen": 8}) == (result.store["sub"], result.outputs)


def test_output_mapping(nest):
    """Outputs have the names that the node gives them."""
    flow = nest(
        [sub({"n": 1}, output_mapping={"twice": "two"}), {"id": "z", "type": "emit", "params": {"t": "${sub.two}"}}]
    )
    assert {"two": 2, "extra": "none"} == flow.run().store["sub"]


def test_undeclared_outputs(nest):
    """A workflow that declares no outputs gives those of its last node."""
    assert {"a": 1} == nest([sub()], child=steps({"id": "only", "type": "emit", "params": {"a": 1}})).run().outputs


def test_yaml_child(nest, tmp_path):
    """A YAML file in a folder is a workflow, too; what it names is relative to itself."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mid.yaml").write_text(
        "nodes:\n- id: deep\n  type: workflow\n  params: {workflow_ref: ../child.json, param_mapping: {n: 5}}\n"
    )
    assert 10 == nest([sub(ref="parts/mid.yaml")]).run().outputs["twice"]


def test_store_of_its_own(nest):
    """Neither sees the other's store."""
    child = steps({"id": "twice", "type": "emit", "params": {"a": '${outer ?? "unseen"}'}})
    result = nest([{"id": "outer", "type": "emit", "params": {"a": 1}}, sub()], child=child).run()
    assert ("unseen", {"outer", "sub"}) == (result.outputs["a"], {name for name in result.store if name[0] != "_"})


def test_inputs_are_copies(nest, registry):
    """What a child does to its input does not reach who gave it."""

    class Spoil(Node):
        def post(self, _shared, _prepared, _executed):
            self.params["xs"].append(9)

    registry.register("spoil", Spoil)
    child = steps({"id": "s", "type": "spoil", "params": {"xs": "${xs}"}}, inputs={"xs": {"type": "array"}})
    assert [1] == nest([sub({"xs": "${xs}"})], child=child).run({"xs": [1]}).store["xs"]


def test_failed_child(nest, tmp_path):
    """A child that fails fails its node; the error names the places in both files."""
    result = nest([sub()], child=steps({"id": "boom", "type": "crash"})).run()
    assert "node 'sub' failed: node 'boom' failed: ValueError: it crashed" == result.error.summary
    assert {"error": "node 'boom' failed: ValueError: it crashed"} == result.store["sub"]
    (problem,) = result.error.problems
    assert (str(tmp_path / "parent.json"), True) == (problem.file, f"{tmp_path / 'child.json'}:1:" in problem.hint)


def test_deepest_place(nest, tmp_path):
    """A failure further down has the place where it began, also one that cannot heal."""
    deep = steps({"id": "boom", "type": "emit", "params": {"x": "${xs[5]}"}}, inputs={"xs": {"type": "array"}})
    result = nest([sub()], child=steps(sub({"xs": []}, ref="deep.json")), deep=deep).run()
    assert "node 'sub' failed: node 'sub' failed: ${xs[5]}" in result.error.summary
    assert f"it comes from {tmp_path / 'deep.json'}:1:" in result.error.problems[0].hint


def test_without_namespaces(nest):
    """Where outputs stand at the root, those of a workflow do, too."""
    after = {"id": "after", "type": "emit", "params": {"seen": "${twice}"}}
    result = nest([sub({"n": 2}), after], ir={"enable_namespacing": False}).run()
    assert (4, {"seen": 4}) == (result.store["twice"], result.outputs)


def test_loop(nest, registry):
    """A node in a loop runs its workflow anew each time, and each has its trace."""

    class Again(Node):
        def post(self, shared, _prepared, _executed):
            shared["times"] = shared.get("times", 0) + 1
            return "again" if shared["times"] < 3 else None

    registry.register("again", Again)
    edges = [{"from": "sub", "to": "check"}, {"from": "check", "to": "sub", "action": "again"}]
    result = nest([sub({"n": '${check.times ?? "0"}'}), {"id": "check", "type": "again"}], ir={"edges": edges}).run()
    given = [each.child.inputs["n"] for each in result.trace.nodes if each.id == "sub"]
    assert ([0, 1, 2], 4) == (given, result.store["sub"]["twice"])


def test_error_edge(nest):
    """An edge for the action error takes care of a child that failed."""
    edges = [{"from": "sub", "to": "mend", "action": "error"}]
    mend = {"id": "mend", "type": "emit", "params": {"said": "${sub.error}"}}
    result = nest([sub(), mend], child=steps({"id": "boom", "type": "crash"}), ir={"edges": edges}).run()
    assert ("success", "node 'boom' failed: ValueError: it crashed") == (result.status, result.outputs["said"])


@pytest.mark.parametrize(
    ("value", "said"),
    [("many", "'child.json', line 1: input 'n' takes integer, got string 'many'"), (None, "got null")],
)
def test_wrong_input(nest, value, said):
    """A value that does not fit the child's input is the node's error."""
    result = nest([sub({"n": "${x}"})]).run({"x": value})
    assert ("input-type", True) == (result.error.code, said in result.error.summary)
    assert result.trace.nodes[0].child is None


@both
def test_batches_in_batches(nest, parallel):
    """Each level has its own alias and index, at the same time."""
    inner = {"items": "${xs}", "as": "inner", "parallel": parallel}
    child = steps(
        {"id": "each", "type": "emit", "params": {"v": "${inner}", "i": "${__index__}", "up": "${up}"}, "batch": inner},
        inputs={"xs": {"type": "array"}, "up": {"type": "integer"}},
        outputs={"rows": {"source": "${each.results}"}},
    )
    outer = {"items": [[1], [2, 3]], "as": "outer", "parallel": parallel}
    result = nest([sub({"xs": "${outer}", "up": "${__index__}"}, batch=outer)], child=child).run()
    rows = [[(row["v"], row["i"], row["up"]) for row in each["rows"]] for each in result.store["sub"]["results"]]
    assert [[(1, 0, 0)], [(2, 0, 1), (3, 1, 1)]] == rows
    is_published(result)


def test_really_parallel(nest, registry):
    """All items of all inner batches may be at work at once."""
    together = threading.Barrier(6)

    @node("meet")
    def meet() -> dict:
        together.wait(PATIENCE)
        return {}

    registry.register("meet", meet)
    child = steps({"id": "each", "type": "meet", "batch": {"items": [1, 2, 3], "parallel": True}})
    assert "success" == nest([sub(batch={"items": [1, 2], "parallel": True})], child=child).run().status


OUTER = {
    "continue": {"items": [1, 0, 2, 0], "error_handling": "continue"},
    "fail_fast": {"items": [1, 0, 2, 0]},
    "retried": {"items": [1, 0, 2], "error_handling": "continue", "max_retries": 3, "retry_wait": 60},
    "timed": {"items": [1, 0, 2], "error_handling": "continue", "timeout": 20},
}


@pytest.mark.parametrize("outer", OUTER.values(), ids=OUTER)
@pytest.mark.parametrize("inner", ["continue", "fail_fast"])
def test_modes_agree(nest, registry, clock, outer, inner):
    """Sequential and parallel give the same outcome, trace and model calls, whatever fails on whichever level."""

    @node("divide")
    def divide(by: int, n: int) -> dict:
        return {"value": n // by, "llm_usage": {"total_tokens": n}}

    registry.register("divide", divide)

    def ran(*, parallel):
        batch = {"items": [3, 4, 5], "parallel": parallel, "max_concurrent": 2, "error_handling": inner}
        params = {"by": "${by}", "n": "${item}"}
        child = steps(
            {"id": "each", "type": "divide", "params": params, "batch": batch},
            {"id": "last", "type": "divide", "params": {"by": "${by}", "n": 1}},
            inputs={"by": {"type": "integer"}},
        )
        flow = nest([sub({"by": "${item}"}, batch={**outer, "parallel": parallel, "max_concurrent": 3})], child=child)
        return flow.run(clock=clock)

    one, other = ran(parallel=False), ran(parallel=True)
    done = [index for index, row in enumerate(one.trace.nodes[0].batch.items) if row[0] != "cancelled"]
    assert (one.status, str(one.error)) == (other.status, str(other.error))
    before, after = timeless(is_published(one)), timeless(is_published(other))
    for each in (before, after):
        # Under fail_fast a parallel batch may have started more items: what both ran is the same.
        items = each["nodes"][0]["batch"]["items"]
        each["nodes"][0]["batch"]["items"] = [items[index] for index in done]
        if "fail_fast" in (inner, outer.get("error_handling", "fail_fast")):
            _without_raced(each)
    assert before == after


def _without_raced(trace):
    # How far beside the failure a fail_fast batch came is no part of the outcome.
    trace["outputs"] = {}
    for record in trace["nodes"]:
        record["outputs"], record["llm_calls"] = {}, []
        items = record["batch"]["items"] if record["batch"] else []
        first = next((index for index, item in enumerate(items) if item["status"] == "failed"), len(items))
        if record["status"] == "failed" and record["batch"]:
            record["batch"]["items"] = items[: first + 1]
        for item in record["batch"]["items"] if record["batch"] else []:
            if item.get("child"):
                _without_raced(item["child"])


@both
def test_retried_child(nest, registry, parallel):
    """A failed child is run again as a whole, and the trace has the run that counted."""
    tries = {}
    lock = threading.Lock()

    @node("flaky")
    def flaky(key: int) -> dict:
        with lock:
            tries[key] = tries.get(key, 0) + 1
        return {"tries": tries[key]} if tries[key] > 1 else {"error": "not yet"}

    registry.register("flaky", flaky)
    child = steps(
        {"id": "f", "type": "flaky", "params": {"key": "${key}"}}, {"id": "g", "type": "act"}, inputs={"key": {}}
    )
    child["nodes"][0] = {**child["nodes"][0], "batch": {"items": [1], "as": "x"}}
    flow = nest([sub({"key": "${item}"}, batch={"items": [1, 2], "max_retries": 2, "parallel": parallel})], child=child)
    result = flow.run()
    rows = result.trace.nodes[0].batch
    assert ([("completed", 2)] * 2, ["success"] * 2) == (
        [row[:2] for row in rows.items],
        [rows.children[index].status for index in (0, 1)],
    )


def test_hopeless_child(nest):
    """A child that failed with what cannot heal is not tried again."""
    child = steps({"id": "a", "type": "emit", "params": {"x": "${xs[5]}"}}, inputs={"xs": {"type": "array"}})
    flow = nest([sub({"xs": []}, batch={"items": [1], "max_retries": 5, "error_handling": "continue"})], child=child)
    assert 1 == flow.run().store["sub"]["errors"][0]["attempts"]


@both
def test_degraded_child(nest, parallel):
    """A degraded child is a success of its node, and the run is degraded."""
    batch = {"items": [1, 0], "error_handling": "continue", "parallel": parallel}
    child = steps({"id": "each", "type": "act", "params": {"outputs": {"error": "${item}"}}, "batch": batch})
    for nodes in ([sub()], [sub(batch={"items": [1], "parallel": parallel})]):
        result = nest(nodes, child=child).run()
        assert ("degraded", ["completed"]) == (result.status, [each.status for each in result.trace.nodes])


def test_child_trace(nest):
    """The trace of a child is whole, and stands in the record of its node."""
    trace = is_published(nest([sub({"n": 3})]).run())
    child = trace["nodes"][0]["child"]
    assert ("success", {"n": 3, "extra": "none"}, {"twice": 6, "extra": "none"}, ["twice"]) == (
        child["status"],
        child["inputs"],
        child["outputs"],
        [each["id"] for each in child["nodes"]],
    )


@both
def test_traces_of_items(nest, parallel):
    """Each item of a batch has the trace of its own child, in index order; one that never came to it has none."""
    batch = {"items": [1, "no", 3], "parallel": parallel, "error_handling": "continue"}
    trace = is_published(nest([sub({"n": "${item}"}, batch=batch)]).run())
    children = [item.get("child") for item in trace["nodes"][0]["batch"]["items"]]
    assert [{"n": 1, "extra": "none"}, None, {"n": 3, "extra": "none"}] == [
        each and each["inputs"] for each in children
    ]


def test_secrets(nest):
    """What is a secret in a child is taken out of the whole trace, and what is one in the parent out of the child's."""
    child = steps(
        {"id": "call", "type": "emit", "params": {"api_key": "${key}", "said": "with ${key}"}},
        inputs={"key": {"type": "string"}, "word": {"type": "string"}},
        outputs={"said": {"source": "${call.said} ${word}"}},
    )
    flow = nest(
        [sub({"key": "${k}", "word": "${w}"}), sub({"key": "x", "word": "${sub.said}"}) | {"id": "b"}], child=child
    )
    result = flow.run({"k": "hunter2hunter2", "w": "registered-one"}, secrets=["registered-one"])
    assert "hunter2hunter2" in result.store["sub"]["said"]
    text = json.dumps(result.trace.to_dict())
    assert (False, False, True) == ("hunter2" in text, "registered-one" in text, "with [redacted] [redacted]" in text)


def test_model_calls(nest, registry):
    """Model calls of a child are in the parent's list, once, under the child's path."""

    @node("ask")
    def ask(words: int) -> dict:
        return {"llm_usage": {"total_tokens": words}}

    registry.register("ask", ask)
    each = {"id": "each", "type": "ask", "params": {"words": "${item}"}, "batch": {"items": [1, 2]}}
    child = steps(each, {"id": "sum", "type": "ask", "params": {"words": 9}})
    result = nest([sub(), sub(batch={"items": [0]}) | {"id": "many"}], child=child).run()
    assert [
        {"node_id": "sub/each[0]", "attempt": 1, "total_tokens": 1},
        {"node_id": "sub/each[1]", "attempt": 1, "total_tokens": 2},
        {"node_id": "sub/sum", "total_tokens": 9},
        {"node_id": "many/each[0]", "item_index": 0, "attempt": 1, "total_tokens": 1},
        {"node_id": "many/each[1]", "item_index": 0, "attempt": 1, "total_tokens": 2},
        {"node_id": "many/sum", "item_index": 0, "attempt": 1, "total_tokens": 9},
    ] == result.store["__llm_calls__"]
    assert [3, 3] == [len(each["llm_calls"]) for each in is_published(result)["nodes"]]


def test_calls_of_its_own_making(nest, registry):
    """A call that a node notes by itself is handed on under the node's path."""

    class Notes(Node):
        def post(self, shared, _prepared, _executed):
            shared["__llm_calls__"] += [{"total_tokens": 1}, "odd"]

    registry.register("notes", Notes)
    result = nest([sub()], child=steps({"id": "n", "type": "notes"})).run()
    assert [{"node_id": "sub/n", "total_tokens": 1}, "odd"] == result.store["__llm_calls__"]


def test_events(nest):
    """Events of a child carry its path; a run starts and ends once."""
    told = []
    nest([sub({"n": 1}), sub({"n": "${item}"}, batch={"items": [2]}) | {"id": "many"}]).run(on_event=told.append)
    assert [
        "run_start ", "node_start sub", "node_start sub/twice", "node_end sub/twice", "node_end sub",
        "node_start many", "item_start many", "node_start many[0]/twice", "node_end many[0]/twice",
        "item_end many", "node_end many", "run_end ",
    ] == [f"{event.kind} {event.node_id}" for event in told]  # fmt: skip


def test_broken_listener(nest):
    """What a listener raises at an event of a child ends the run."""

    def listen(event):
        if event.node_id == "sub/twice":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        nest([sub({"n": 1})]).run(on_event=listen)


def test_same_clock(nest, clock):
    """The child's waits are on the clock of the run."""
    batch = {"items": [1], "max_retries": 2, "retry_wait": 60, "error_handling": "continue"}
    nest([sub()], child=steps({"id": "c", "type": "crash", "batch": batch}, {"id": "d", "type": "act"})).run(
        clock=clock
    )
    assert [60] == clock.slept


def test_same_executor(nest):
    """The child's batches run on the executor of the run."""
    made = []

    def executor(workers):
        made.append(workers)
        return ThreadPoolExecutor(workers)

    child = steps({"id": "each", "type": "act", "batch": {"items": [1, 2], "parallel": True, "max_concurrent": 2}})
    nest([sub(batch={"items": [1, 2, 3], "parallel": True})], child=child).run(executor=executor)
    assert [2, 2, 2, 3] == sorted(made)


def test_cancelled(nest, registry):
    """A run that is asked to stop stops in the child."""
    token = CancelToken()
    ran = []

    @node("stop")
    def stop() -> dict:
        ran.append("stop")
        token.cancel()
        return {}

    registry.register("stop", stop)
    child = steps({"id": "one", "type": "stop"}, {"id": "two", "type": "stop"})
    result = nest([sub(), sub() | {"id": "never"}], child=child).run(cancel=token)
    assert ("failed", ["stop"], ["sub"]) == (result.status, ran, [each.id for each in result.trace.nodes])
    assert "the run was cancelled before node 'two'" in result.error.summary


@both
def test_interrupted(nest, registry, tmp_path, parallel):
    """Ctrl-C in a child ends the run, and the trace has what the child had done."""

    class Stop(Node):
        def exec(self, _prepared):
            raise KeyboardInterrupt

    registry.register("stop", Stop)
    child = steps({"id": "done", "type": "act"}, {"id": "stop", "type": "stop"})
    flow = nest([sub(batch={"items": [1], "parallel": parallel})], child=child)
    with pytest.raises(KeyboardInterrupt):
        flow.run(trace_file=tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    jsonschema.Draft202012Validator(trace_schema()).validate(trace)
    of_child = trace["nodes"][0]["batch"]["items"][0]["child"]
    assert ("interrupted", ["done", "stop"]) == (of_child["status"], [each["id"] for each in of_child["nodes"]])


def test_timed_out(nest, registry):
    """A child whose time is up is asked to stop; the trace has what it had done, and nothing that it does later."""
    stopped = threading.Event()
    ended = threading.Event()
    told = []

    class Wait(Node):
        def exec(self, _prepared):
            assert self.context.cancel.wait(PATIENCE)
            stopped.set()

        def post(self, shared, _prepared, _executed):
            shared["llm_usage"] = {"total_tokens": 1}
            ended.set()

    registry.register("wait", Wait)
    done = {"id": "done", "type": "emit", "params": {"llm_usage": {"total_tokens": 5}}}
    child = steps(done, {"id": "wait", "type": "wait"}, {"id": "late", "type": "act"})
    batch = {"items": [1], "timeout": 0.05, "error_handling": "continue"}
    edges = [{"from": "sub", "to": "after", "action": "error"}]

    class After(Node):
        def exec(self, _prepared):
            assert stopped.wait(PATIENCE)
            assert ended.wait(PATIENCE)

    registry.register("after", After)
    flow = nest([sub(batch=batch), {"id": "after", "type": "after"}], child=child, ir={"edges": edges})
    result = flow.run(on_event=told.append)
    of_child = is_published(result)["nodes"][0]["batch"]["items"][0]["child"]
    assert ("interrupted", ["done"]) == (of_child["status"], [each["id"] for each in of_child["nodes"]])
    assert [{"node_id": "sub/done", "item_index": 0, "attempt": 1, "total_tokens": 5}] == result.store["__llm_calls__"]
    assert ["sub", "after"] == [each.id for each in result.trace.nodes]
    assert [("node_start", "sub[0]/wait")] == [
        (e.kind, e.node_id) for e in told if e.node_id.endswith(("wait", "late"))
    ]


def test_stopped_process(nest, registry):
    """A command in a child ends when the time of the child's item is up."""
    registry.register("shell", Shell)
    child = steps({"id": "s", "type": "shell", "params": {"command": "sleep 1000", "timeout": 1000}})
    batch = {"items": [1, 2], "timeout": 0.2, "parallel": True, "error_handling": "continue"}
    result = nest([sub(batch=batch)], child=child).run()
    assert ["timed out after 0.2s"] * 2 == [each["error"] for each in result.store["sub"]["errors"]]
    assert 60_000 > result.trace.duration_ms


def test_cluster(nest, registry, local_cluster):
    """On a cluster a batch of workflows has the same results, trace and model calls."""

    @node("ask")
    def ask(n: int) -> dict:
        return {"value": 12 // n, "llm_usage": {"total_tokens": n}}

    registry.register("ask", ask)
    each = {"id": "each", "type": "ask", "params": {"n": "${n}"}, "batch": {"items": [1, 2], "parallel": True}}
    child = steps(each, inputs={"n": {"type": "integer"}}, outputs={"r": {"source": "${each.results}"}})
    batch = {"items": [1, 0, 3], "parallel": True, "error_handling": "continue"}
    flow, told = nest([sub({"n": "${item}"}, batch=batch)], child=child), ([], [])
    with local_cluster(1) as cluster:
        far = flow.run(executor=DaskExecutor(cluster.address), on_event=told[0].append)
    near = flow.run(on_event=told[1].append)
    assert near.store["sub"]["results"] == far.store["sub"]["results"]
    assert near.store["__llm_calls__"] == far.store["__llm_calls__"]
    assert timeless(is_published(near)) == timeless(is_published(far))
    assert all(event.at for event in told[0] if event.index is not None)
    assert _timeless(told[0]) == _timeless(told[1])


def _timeless(events):
    return sorted(repr(event._replace(at=None, trace=None)) for event in events)


def test_compiled_once(nest, monkeypatch):
    """A child is compiled with its parent, and not again for a run."""
    flow = nest([sub({"n": 1})])
    monkeypatch.setattr(compiler_module, "chain", None)
    assert [2, 2] == [flow.run().outputs["twice"] for _ in range(2)]


@pytest.mark.parametrize("ref", ["child.json", "${which}.json"])
def test_other_folder(nest, registry, tmp_path, monkeypatch, ref):
    """A flow runs in any folder, whatever it was in when it was compiled."""
    nest([sub({"n": 1}, ref=ref)])
    monkeypatch.chdir(tmp_path)
    flow = compile_ir_to_flow(load("parent.json"), registry)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert 2 == flow.run({"which": "child"}).outputs["twice"]


def test_named_by_template(nest, monkeypatch):
    """A template may say which workflow is run; each is compiled once."""
    other = steps({"id": "only", "type": "emit", "params": {"twice": "other"}})
    batch = {"items": ["child", "other", "child"], "parallel": True}
    flow = nest([sub({"n": 1}, ref="${item}.json", batch=batch)], other=other)
    flow.run()
    monkeypatch.setattr(compiler_module, "validate_nested", None)
    assert [2, "other", 2] == [each["twice"] for each in flow.run().store["sub"]["results"]]


@pytest.mark.parametrize(
    ("ref", "code", "said"),
    [
        ("gone.json", "nested-workflow", "the workflow 'gone.json': no such file"),
        ("broken.json", "unknown-type", "'broken.json', line 1: unknown node type 'qqq'"),
        ("outer.json", "unknown-type", "'broken.json', line 1: unknown node type 'qqq'"),
        ("parent.json", "nested-loop", "'parent.json' nests itself: parent.json -> parent.json"),
        (3, "workflow-ref", "parameter 'workflow_ref' takes string, got integer"),
        ("child.json", "missing-input", "'child.json', line 1: required input 'n' is missing"),
    ],
)
def test_template_fails(nest, ref, code, said):
    """What a template names is validated when it is named, and what is wrong is an error of the node."""
    outer = steps(sub(ref="broken.json"))
    flow = nest([sub(ref="${ref}")], broken=steps({"id": "a", "type": "qqq"}), outer=outer)
    result = flow.run({"ref": ref})
    assert said in result.error.summary
    assert {code, "param-type"} & {problem.code for problem in result.error.problems}
    assert ["failed"] == [each.status for each in result.trace.nodes]


def test_template_depth(nest, tmp_path):
    """Templates do not nest deeper than files may."""
    for number in range(12):
        ref = f"${{next}}{number + 1}.json"
        params = {"workflow_ref": ref, "param_mapping": {"next": "level"}}
        content = steps({"id": "sub", "type": "workflow", "params": params}, inputs={"next": {"type": "string"}})
        (tmp_path / f"level{number}.json").write_text(json.dumps(content))
    result = nest([sub({"next": "level"}, ref="level0.json")]).run()
    assert "nested too deep, more than 10 workflows: parent.json -> level0.json" in result.error.summary


@pytest.mark.parametrize("ref", ["child.json", "${ref}.json", "../HERE/child.json"])
@pytest.mark.parametrize("through", [False, True], ids=["directly", "through another"])
def test_document_in_place(tmp_path, monkeypatch, ref, through):
    """A document at hand stands for a file that is nested, by whatever name and however deep; the file stays."""
    ref = ref.replace("HERE", tmp_path.name)
    monkeypatch.chdir(tmp_path.parent)
    child = {"nodes": [{"id": "say", "type": "echo", "params": {"text": "of the file"}}]}
    parent = {
        "inputs": {"ref": {"type": "string", "default": "child"}},
        "nodes": [_runs(ref), _says("${sub.text} ${ref}")],
    }
    files = {"child.json": child, "parent.json": parent, "top.json": {"nodes": [_runs("parent.json")]}}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    at_hand = replace(load(tmp_path / "child.json"), ir=from_data({"nodes": [_says("at hand")]}).ir)
    document = load(f"{tmp_path.name}/{'top' if through else 'parent'}.json")
    mutated = replace(document, instead={(tmp_path / "child.json").resolve(): at_hand})
    assert ["of the file child", "at hand child"] == [run(each).outputs["text"] for each in (document, mutated)]
    assert child == json.loads((tmp_path / "child.json").read_text())


def test_unsound_document_in_place(tmp_path):
    """What is wrong with it stops who nests it, as what is wrong with a file does."""
    (tmp_path / "child.json").write_text(json.dumps({"nodes": [_says("fine")]}))
    (tmp_path / "parent.json").write_text(json.dumps({"nodes": [_runs("child.json")]}))
    wrong = from_data({"nodes": [_says("${nope.text}")]})
    document = replace(load(tmp_path / "parent.json"), instead={(tmp_path / "child.json").resolve(): wrong})
    with pytest.raises(InvalidWorkflow, match=r"child\.json' has an error itself"):
        validate(document)


def _runs(ref):
    return {"id": "sub", "type": "workflow", "params": {"workflow_ref": ref}}


def _says(text):
    return {"id": "say", "type": "echo", "params": {"text": text}}


def test_unknown_output_of_template(nest):
    """An output that such a workflow does not have cannot be renamed."""
    result = nest([sub({"n": 1}, ref="${ref}.json", output_mapping={"twise": "x", "twice": 3})]).run({"ref": "child"})
    assert "'child.json' has no output 'twise'; the name for the output 'twice' must be text" == result.error.summary


def test_text(nest):
    """The nodes of a child stand below its node, and the errors of its batches with their path."""
    batch = {"items": [1, 0], "error_handling": "continue"}
    child = steps({"id": "each", "type": "act", "params": {"outputs": {"error": "${item}"}}, "batch": batch})
    text = format_success_as_text(nest([sub()], child=child).run())
    assert [
        "  ⚠ sub (…)",
        "    ⚠ each (…) - 1/2 items succeeded, 1 failed",
        "",
        "Batch 'sub/each' errors:",
        "  [0] 1",
    ] == [
        line if "(" not in line else line[: line.index("(")] + "(…)" + line[line.index(")") + 1 :]
        for line in text.splitlines()[2:]
    ]


def test_alone(registry):
    """Without a compiler the node type says so."""
    registry.register("workflow", NestedWorkflow)
    with pytest.raises(Unhealable, match="run by a compiled flow alone"):
        registry.get("workflow").run(None, {}, {})
