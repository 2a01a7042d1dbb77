"""The walk along the edges, and what a run comes to."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pflow_engine import CancelToken, Event, Interface, InvalidInput, Node, NodeFailed, compile_ir_to_flow, load, node
from pflow_engine import flow as flow_module
from pflow_engine.trace import Failure


@pytest.fixture
def ran():
    """``ran(flow, **inputs)``: the ids of the nodes that ran, in order."""

    def run(flow, /, **inputs):
        return [node.id for node in flow.run(inputs).trace.nodes]

    return run


@pytest.fixture
def counter(registry):
    """A registry in which ``count`` counts its visits and returns ``again`` until there were three."""

    class Count(Node):
        def post(self, shared, _prepared, _executed):
            shared["visits"] = shared.get("visits", 0) + 1
            return "again" if shared["visits"] < 3 else None

    registry.register("count", Count)


CHOICE = [
    {"id": "ask", "type": "act", "params": {"action": "${action}"}},
    {"id": "yes", "type": "emit", "params": {"said": "yes"}},
    {"id": "no", "type": "emit", "params": {"said": "no"}},
]
BRANCHES = [{"from": "ask", "to": "yes", "action": "y"}, {"from": "ask", "to": "no"}]


def test_document_order(flow_of, ran):
    """Without edges the nodes run as they are written."""
    assert ran(flow_of([{"id": name, "type": "emit"} for name in "abc"])) == ["a", "b", "c"]


def test_start_node(flow_of, ran):
    """A run starts where start_node says."""
    edges = [{"from": "b", "to": "a"}]
    flow = flow_of([{"id": name, "type": "emit"} for name in "ab"], edges=edges, start_node="b")
    assert ran(flow) == ["b", "a"]


@pytest.mark.parametrize(
    ("action", "expected"), [("y", ["ask", "yes"]), (None, ["ask", "no"]), ("default", ["ask", "no"]), ("x", ["ask"])]
)
def test_edges_by_action(flow_of, ran, action, expected):
    """The edge of the action is taken; where there is none the run ends."""
    assert ran(flow_of(CHOICE, edges=BRANCHES), action=action) == expected


def test_loop(flow_of, ran, counter):
    """A node may run again; it finds what it wrote last time."""
    edges = [{"from": "n", "to": "n", "action": "again"}, {"from": "n", "to": "end"}]
    flow = flow_of([{"id": "n", "type": "count"}, {"id": "end", "type": "emit"}], edges=edges)
    assert ran(flow) == ["n", "n", "n", "end"]


def test_endless_loop(flow_of, monkeypatch):
    """A loop that does not end is stopped, and the error names the node."""
    monkeypatch.setattr(flow_module, "MOST_VISITS", 5)
    nodes = [{"id": "n", "type": "act", "params": {"action": "again"}}, {"id": "end", "type": "emit"}]
    edges = [{"from": "n", "to": "n", "action": "again"}, {"from": "n", "to": "end"}]
    result = flow_of(nodes, edges=edges).run()
    assert ("failed", "endless-loop", "n") == (result.status, result.error.code, result.error.node_id)
    assert (
        result.error.summary == "node 'n' ran 5 times, which is as often as a node may: does the loop through it end?"
    )
    assert len(result.trace.nodes) == 5


def test_exception_to_error_edge(flow_of):
    """A node that raised takes the error edge; the reason stands in its outputs."""
    flow = flow_of(
        [{"id": "n", "type": "crash"}, {"id": "alert", "type": "emit", "params": {"why": "${n.error}"}}],
        edges=[{"from": "n", "to": "alert", "action": "error"}],
    )
    result = flow.run()
    assert ("success", {"why": "node 'n' failed: ValueError: it crashed"}) == (result.status, result.outputs)


def test_raised_keeps_outputs(registry, flow_of):
    """What a node wrote before it raised stays."""

    class Half(Node):
        def post(self, shared, _prepared, _executed):
            shared["half"] = 1
            raise ValueError("no")

    registry.register("half", Half)
    store = flow_of([{"id": "n", "type": "half"}]).run().store
    assert store["n"] == {"half": 1, "error": "node 'n' failed: ValueError: no"}


def test_error_forgotten(registry, flow_of):
    """A node that failed, came round again and succeeded has no error."""

    class Heals(Node):
        def post(self, shared, _prepared, _executed):
            shared["tries"] = shared.get("tries", 0) + 1
            if shared["tries"] == 1:
                raise ValueError("once")

    registry.register("heals", Heals)
    edges = [
        {"from": "n", "to": "mend", "action": "error"},
        {"from": "mend", "to": "n"},
        {"from": "n", "to": "end"},
    ]
    nodes = [{"id": "n", "type": "heals"}, {"id": "mend", "type": "emit"}, {"id": "end", "type": "emit"}]
    assert flow_of(nodes, edges=edges).run().store["n"] == {"tries": 2}


def test_reported_error(flow_of):
    """The action error without an edge fails the run with the error the node wrote."""
    nodes = [{"id": "n", "type": "act", "params": {"outputs": {"error": "exit 1"}, "action": "error"}}]
    result = flow_of(nodes).run()
    assert ("failed", "node 'n' failed: exit 1") == (result.status, result.error.summary)
    assert "action: error" in result.error.problems[0].hint


def test_failed_does_not_raise(flow_of):
    """A failed run is a result; raise_for_status raises its error, whose cause is the exception."""
    result = flow_of([{"id": "n", "type": "crash"}]).run()
    with pytest.raises(NodeFailed) as caught:
        result.raise_for_status()
    assert caught.value is result.error
    assert isinstance(caught.value.__cause__, ValueError)


def test_system_exit(registry, flow_of):
    """A node that ends the process fails the run, not the process."""

    class Leave(Node):
        def exec(self, _prepared):
            raise SystemExit(3)

    registry.register("leave", Leave)
    result = flow_of([{"id": "n", "type": "leave"}]).run()
    assert result.error.summary == "node 'n' failed: the node ended the process: SystemExit(3)"


def test_inputs_at_root(flow_of):
    """Inputs stand at the root of the store."""
    assert flow_of([{"id": "n", "type": "emit"}]).run({"x": 1}).store == {"x": 1, "__llm_calls__": [], "n": {}}


def test_inputs_copied(flow_of):
    """What a run does to its inputs does not reach whoever gave them."""
    given = {"x": [1]}
    flow_of([{"id": "n", "type": "emit"}]).run(given).store["x"].append(2)
    assert given == {"x": [1]}


def test_bad_input(flow_of):
    """Inputs that do not fit are an error before anything runs."""
    told = []
    flow = flow_of([{"id": "n", "type": "emit", "params": {"x": "${x}"}}], inputs={"x": {"type": "integer"}})
    with pytest.raises(InvalidInput):
        flow.run({"x": "many"}, on_event=told.append)
    assert [] == told


def test_coerced_input(flow_of):
    """Inputs take the declared type where nothing is lost."""
    flow = flow_of([{"id": "n", "type": "double", "params": {"value": "${x}"}}], inputs={"x": {"type": "integer"}})
    assert flow.run({"x": "21"}).outputs == {"value": 42}


def test_events(flow_of):
    """Whoever listens hears of the run and of each node, in order."""
    told = []
    flow_of([{"id": "a", "type": "emit"}, {"id": "b", "type": "crash"}]).run(on_event=told.append)
    assert [event._replace(trace=None) for event in told] == [
        Event("run_start", total=2),
        Event("node_start", "a", type="emit"),
        Event("node_end", "a", status="completed"),
        Event("node_start", "b", type="crash"),
        Event("node_end", "b", status="failed", failure=Failure("it crashed", "ValueError")),
        Event("run_end", status="failed", failure=Failure("node 'b' failed: ValueError: it crashed", "node-failed")),
    ]


def test_run_events_give_trace(flow_of):
    """The first and the last event of a run give its trace so far."""
    told = []
    result = flow_of([{"id": "a", "type": "emit"}]).run(on_event=lambda event: told.append(event.trace))
    assert [True, False, False, True] == [trace is not None for trace in told]
    assert result.trace is told[0]() is told[-1]()


def test_events_one_at_a_time(batch_of):
    """Events of items that run at once reach the listener one at a time."""
    inside, clashes = threading.Lock(), []

    def listen(_event):
        clashes.append(not inside.acquire(blocking=False))
        inside.release()

    batch_of("double", {"value": "${item}"}, parallel=True).run({"xs": list(range(500))}, on_event=listen)
    assert [False] * (4 + 1000) == clashes


def test_cancelled_before(flow_of):
    """A run that was asked to stop before it began runs nothing."""
    cancel = CancelToken()
    cancel.cancel()
    result = flow_of([{"id": "n", "type": "emit"}]).run(cancel=cancel)
    assert ("failed", "cancelled", ()) == (result.status, result.error.code, result.trace.nodes)
    assert result.error.summary == "the run was cancelled before node 'n'"


def test_cancelled_between(registry, flow_of):
    """A run that is asked to stop ends the node that runs and starts no other."""

    class Stop(Node):
        def post(self, shared, _prepared, _executed):
            self.context.cancel.cancel()
            shared["done"] = True

    registry.register("stop", Stop)
    result = flow_of([{"id": "a", "type": "stop"}, {"id": "b", "type": "emit"}]).run()
    assert ("failed", {"done": True}) == (result.status, result.store["a"])
    assert result.error.node_id == "b"


def test_cancelled_at_the_end(registry, flow_of):
    """A run that was asked to stop when there was nothing left to do is a success."""

    class Stop(Node):
        def post(self, _shared, _prepared, _executed):
            self.context.cancel.cancel()

    registry.register("stop", Stop)
    assert flow_of([{"id": "a", "type": "stop"}]).run().status == "success"


def test_failure_before_cancel(registry, flow_of):
    """A node that failed as the run was stopped is the reason, though an edge would have handled it."""

    class Stop(Node):
        def exec(self, _prepared):
            self.context.cancel.cancel()
            raise ValueError("stopped badly")

    registry.register("stop", Stop)
    edges = [{"from": "a", "to": "b", "action": "error"}]
    result = flow_of([{"id": "a", "type": "stop"}, {"id": "b", "type": "emit"}], edges=edges).run()
    assert result.error.summary == "node 'a' failed: ValueError: stopped badly"


def test_flat(flow_of):
    """Without namespacing nodes read and write at the root."""
    nodes = [
        {"id": "a", "type": "emit", "params": {"x": 1}},
        {"id": "b", "type": "double", "params": {"value": "${x}"}},
    ]
    result = flow_of(nodes, enable_namespacing=False).run()
    assert (2, {"value": 2}) == (result.store["value"], result.outputs)


def test_flat_error(flow_of):
    """Without namespacing a reported error is found all the same."""
    nodes = [{"id": "n", "type": "act", "params": {"outputs": {"error": "exit 1"}, "action": "error"}}]
    assert flow_of(nodes, enable_namespacing=False).run().error.summary == "node 'n' failed: exit 1"


@pytest.mark.parametrize("kind", ["emit", "crash"])
def test_trace_file(flow_of, tmp_path, kind):
    """The trace is written on success and on failure."""
    file = tmp_path / "trace.json"
    result = flow_of([{"id": "n", "type": kind}]).run(trace_file=file)
    assert json.loads(file.read_text()) == result.trace.to_dict()


def test_runs_apart(flow_of, counter):
    """A flow may run any number of times, in any threads; no run finds anything of another."""
    edges = [{"from": "n", "to": "n", "action": "again"}]
    flow = flow_of(
        [{"id": "n", "type": "count"}, {"id": "end", "type": "emit"}], edges=[*edges, {"from": "n", "to": "end"}]
    )
    with ThreadPoolExecutor(16) as pool:
        stores = list(pool.map(lambda number: flow.run({"number": number}).store, range(64)))
    assert stores == [{"number": number, "__llm_calls__": [], "n": {"visits": 3}, "end": {}} for number in range(64)]


def test_loop_leaves_no_old_output(flow_of, registry):
    """In a loop a node's outputs are those of its last run alone."""

    class Once(Node):
        interface = Interface(open_params=True, open_outputs=True)

        def post(self, shared, prep_result, exec_result):
            visits = shared.get("visits", 0) + 1
            shared.update({"visits": visits, f"at{visits}": True})
            return "again" if visits < 3 else None

    registry.register("once", Once)
    flow = flow_of([{"id": "n", "type": "once"}], edges=[{"from": "n", "to": "n", "action": "again"}])
    assert {"visits": 3, "at3": True} == flow.run().outputs


def test_own_output_is_no_input(flow_of, registry):
    """In a loop an output of the node itself does not stand in for an input of the same name."""

    class Next(Node):
        interface = Interface(open_params=True, open_outputs=True)

        def post(self, shared, prep_result, exec_result):
            shared["count"] = self.params["count"] + 1
            shared["visits"] = shared.get("visits", 0) + 1
            return "again" if shared["visits"] < 3 else None

    registry.register("next", Next)
    edges = [{"from": "n", "to": "n", "action": "again"}]
    inputs = {"count": {"type": "integer"}}
    flow = flow_of([{"id": "n", "type": "next", "params": {"count": "${count}"}}], edges=edges, inputs=inputs)
    assert 11 == flow.run({"count": 10}).outputs["count"]


def test_caller_keeps_its_token(batch_of):
    """A run that Ctrl-C ends does not ask the caller's own token to stop."""

    @node("stop")
    def stop(value: int) -> dict:
        raise KeyboardInterrupt

    token = CancelToken()
    with pytest.raises(KeyboardInterrupt):
        batch_of(stop, {"value": "${item}"}).run({"xs": [1]}, cancel=token)
    assert not token.cancelled


def test_no_folder_for_the_trace(flow_of, tmp_path):
    """A trace that could not be written is refused before anything has run."""
    events = []
    with pytest.raises(InvalidInput, match="there is no folder"):
        flow_of([{"id": "n", "type": "emit"}]).run(trace_file=tmp_path / "no" / "trace.json", on_event=events.append)
    assert [] == events


@pytest.mark.parametrize("name", ["outer.json", "sub/inner.json", "link.json"])
def test_workflow_is_no_trace_file(tmp_path, name):
    """A trace never takes the place of the workflow, or of one that it nests, whatever name it goes by."""
    (tmp_path / "sub").mkdir()
    inner, outer = tmp_path / "sub" / "inner.json", tmp_path / "outer.json"
    inner.write_text(json.dumps({"nodes": [{"id": "n", "type": "echo"}]}))
    node = {"id": "n", "type": "workflow", "params": {"workflow_ref": "sub/inner.json"}}
    outer.write_text(json.dumps({"nodes": [node]}))
    (tmp_path / "link.json").symlink_to("sub/inner.json")
    before = inner.read_text(), outer.read_text()
    with pytest.raises(InvalidInput, match="this is a file of the workflow"):
        compile_ir_to_flow(load(outer)).run(trace_file=tmp_path / name)
    assert before == (inner.read_text(), outer.read_text())


def test_cancelled_task_is_a_failure(flow_of, registry):
    """A node whose task was cancelled has failed, as one that raised."""

    @node("cancelled")
    def cancelled() -> dict:
        raise asyncio.CancelledError

    registry.register("cancelled", cancelled)
    assert "failed" == flow_of([{"id": "n", "type": "cancelled"}]).run().status


def test_no_addresses_in_errors(flow_of, registry):
    """What an object is called by its address is no part of an error's text."""

    @node("bad")
    def bad() -> dict:
        raise ValueError(object())

    registry.register("bad", bad)
    assert "<object object>" in flow_of([{"id": "n", "type": "bad"}]).run().error.summary


def test_registered_secrets(flow_of):
    """What a run is told to keep secret is nowhere in its trace."""
    result = flow_of([{"id": "n", "type": "emit", "params": {"x": "<${x}>"}}]).run(
        {"x": "s3cr3t-one"}, secrets=["s3cr3t-one"]
    )
    assert ({"x": "<[redacted]>"}, "no [redacted]") == (
        result.trace.to_dict()["outputs"],
        result.trace.redact("no s3cr3t-one"),
    )


def test_secrets_are_texts(flow_of):
    """One text instead of several is refused before anything has run: its letters are no secrets."""
    events = []
    with pytest.raises(InvalidInput, match="secrets takes several texts"):
        flow_of([{"id": "n", "type": "emit"}]).run(secrets="s3cr3t-one", on_event=events.append)
    assert [] == events


@pytest.mark.parametrize(("namespacing", "template"), [(True, "${made.x}"), (False, "${x}")])
def test_upstream(flow_of, namespacing, template):
    """Outputs of nodes may be given, as if these had run; what is given stays as it is."""
    nodes = [
        {"id": "made", "type": "emit", "params": {"x": [1]}},
        {"id": "n", "type": "emit", "params": {"y": template}},
    ]
    flow = flow_of(nodes, enable_namespacing=namespacing)
    flow = replace(flow, workflow=replace(flow.workflow, start="n"))
    given = {"made": {"x": [2]}}
    result = flow.run(upstream=given)
    result.outputs["y"].append(3)
    assert (["n"], [2, 3], {"made": {"x": [2]}}) == (
        [node.id for node in result.trace.nodes],
        result.outputs["y"],
        given,
    )
