"""What the trace has of a node."""

import pytest

from pflow_engine import Node


@pytest.fixture
def record(registry, flow_of):
    """``record(type, params)``: the trace's record of one node."""

    def run(kind, params=None, **ir):
        if not isinstance(kind, str):
            registry.register("kind", kind)
            kind = "kind"
        result = flow_of([{"id": "n", "type": kind, "params": params or {}}], **ir).run()
        (found,) = result.trace.nodes
        return found

    return run


def test_completed(record):
    """A node that completed: what it is, what it got and gave, the action it returned."""
    found = record("act", {"outputs": {"x": 1}, "action": "next"})
    assert ("n", "act", "completed", "next", None) == (found.id, found.type, found.status, found.action, found.error)
    assert ({"outputs": {"x": 1}, "action": "next"}, {"x": 1}) == (found.params, found.outputs)


def test_default_action(record):
    """No action is the action default."""
    assert record("act").action == "default"


@pytest.mark.parametrize(
    ("outputs", "error"),
    [({"error": "no"}, "no"), ({"error": {"code": 1}}, '{"code": 1}'), ({}, "the node returned the action 'error'")],
)
def test_action_error(record, outputs, error):
    """A node that returned the action error failed, with the error it wrote."""
    found = record("act", {"outputs": outputs, "action": "error"})
    assert ("failed", "error", error) == (found.status, found.action, found.error)


def test_raised(record):
    """A node that raised failed, with what the exception says."""
    found = record("crash")
    assert ("failed", "error", "it crashed") == (found.status, found.action, found.error)


def test_written_before_raising(record):
    """What a node wrote before it raised is in the trace."""

    class Half(Node):
        def post(self, shared, _prepared, _executed):
            shared["half"] = 1
            raise ValueError

    assert record(Half).outputs == {"half": 1}


def test_params_as_written(record):
    """Params that did not resolve are in the trace as they were written."""
    found = record("emit", {"x": "${nope}"})
    assert ("failed", {"x": "${nope}"}) == (found.status, found.params)


def test_usage(record):
    """A node's model usage is in the trace, with its id."""
    found = record("act", {"outputs": {"llm_usage": {"total_tokens": 3}}})
    assert [{"node_id": "n", "total_tokens": 3}] == found.llm_calls


def test_usage_of_failed(record):
    """Usage of a node that then raised is kept: it was paid for."""

    class Pay(Node):
        def post(self, shared, _prepared, _executed):
            shared["llm_usage"] = {"total_tokens": 3}
            raise ValueError

    assert record(Pay).llm_calls == [{"node_id": "n", "total_tokens": 3}]


def test_usage_once_a_run(registry, flow_of):
    """In a loop, usage of an earlier visit is not counted again."""

    class Twice(Node):
        def post(self, shared, _prepared, _executed):
            if "llm_usage" in shared:
                return "done"
            shared["llm_usage"] = {"total_tokens": 3}
            return None

    registry.register("twice", Twice)
    flow = flow_of(
        [{"id": "n", "type": "twice"}, {"id": "end", "type": "emit"}],
        edges=[{"from": "n", "to": "n"}, {"from": "n", "to": "end", "action": "done"}],
    )
    assert [1, 0, 0] == [len(found.llm_calls) for found in flow.run().trace.nodes]


def test_call_told_once(record):
    """A call that a node notes by itself, and has among its outputs in fewer words, is one call with the node's id."""

    class Pay(Node):
        def post(self, shared, _prepared, _executed):
            shared["__llm_calls__"] += [{"model": "m", "duration_ms": 5}]
            shared["llm_usage"] = {"model": "m"}

    assert record(Pay).llm_calls == [{"node_id": "n", "model": "m", "duration_ms": 5}]


def test_calls_of_two_kinds(record):
    """Usage that the noted call does not tell of is another call."""

    class Pay(Node):
        def post(self, shared, _prepared, _executed):
            shared["__llm_calls__"] += [{"model": "m"}, "odd"]
            shared["llm_usage"] = {"model": "n"}

    assert record(Pay).llm_calls == [{"node_id": "n", "model": "m"}, "odd", {"node_id": "n", "model": "n"}]


def test_odd_usage(record):
    """Usage that is no map is an output, not usage."""
    assert record("act", {"outputs": {"llm_usage": 5}}).llm_calls == []


def test_times(flow_of, registry, clock):
    """A record says when the node started and how long it took, in milliseconds."""

    class Wait(Node):
        def exec(self, _prepared):
            self.context.clock.sleep(1.5, self.context.cancel)

    registry.register("wait", Wait)
    nodes = [{"id": "a", "type": "wait"}, {"id": "b", "type": "wait"}]
    trace = flow_of(nodes).run(clock=clock).trace
    assert [(0, 1500), (1500, 1500)] == [(found.started_ms, found.duration_ms) for found in trace.nodes]
    assert trace.duration_ms == 3000


def test_interrupted(registry, flow_of):
    """A node that Ctrl-C ended has a record, and the interrupt goes on up."""

    class Stop(Node):
        def exec(self, _prepared):
            raise KeyboardInterrupt

    told = []
    registry.register("stop", Stop)
    with pytest.raises(KeyboardInterrupt):
        flow_of([{"id": "n", "type": "stop"}]).run(on_event=told.append)
    assert ["run_start", "node_start", "node_end", "run_end"] == [event.kind for event in told]


def test_flat_outputs(record):
    """Without namespacing the trace still has what the node wrote."""
    assert record("emit", {"x": 1}, enable_namespacing=False).outputs == {"x": 1}
