"""A run to its execution steps."""

import pytest

from pflow_engine import Node, build_execution_steps


@pytest.fixture
def steps(clock):
    """``steps(flow, **inputs)``: those of a run at a time that stands still."""

    def run(flow, /, **inputs):
        result = flow.run(inputs, clock=clock)
        return build_execution_steps(result.workflow, result.store, result.trace)

    return run


def test_one_a_node(flow_of, steps):
    """There is a step for each node; those that did not run come last."""
    flow = flow_of(
        [{"id": "skipped", "type": "emit"}, {"id": "a", "type": "emit"}, {"id": "b", "type": "crash"}],
        start_node="a",
        edges=[{"from": "a", "to": "b"}, {"from": "a", "to": "skipped", "action": "x"}],
    )
    assert steps(flow) == [
        {"node_id": "a", "status": "completed", "duration_ms": 0.0},
        {"node_id": "b", "status": "failed", "duration_ms": 0.0},
        {"node_id": "skipped", "status": "not_executed", "duration_ms": None},
    ]


def test_ran_twice(registry, flow_of, steps):
    """A node that ran more than once is the step of its last run, where it ran first."""

    class Again(Node):
        def post(self, shared, _prepared, _executed):
            shared["runs"] = shared.get("runs", 0) + 1
            self.context.clock.sleep(shared["runs"], None)
            return "again" if shared["runs"] == 1 else None

    registry.register("again", Again)
    edges = [{"from": "a", "to": "b", "action": "again"}, {"from": "b", "to": "a"}, {"from": "a", "to": "c"}]
    flow = flow_of(
        [{"id": "a", "type": "again"}, {"id": "b", "type": "emit"}, {"id": "c", "type": "emit"}], edges=edges
    )
    assert [("a", 2000), ("b", 0), ("c", 0)] == [(step["node_id"], step["duration_ms"]) for step in steps(flow)]


def test_batch(batch_of, steps):
    """A batch adds how many items there were, succeeded and failed."""
    flow = batch_of("double", {"value": "${item}"}, error_handling="continue")
    (step,) = steps(flow, xs=[1, 2, "x"])
    assert step == {
        "node_id": "b",
        "status": "completed",
        "duration_ms": 0.0,
        "is_batch": True,
        "batch_total": 3,
        "batch_success": 2,
        "batch_errors": 1,
        "batch_error_details": [
            {
                "index": 2,
                "item": "x",
                "error": "parameter 'value' takes integer, got string",
                "error_type": "Unhealable",
                "attempts": 1,
            }
        ],
        "batch_errors_truncated": 0,
    }


def test_five_errors(batch_of, steps):
    """Of many errors the first five are told, and how many more there are."""
    (step,) = steps(batch_of("crash", error_handling="continue"), xs=list(range(8)))
    assert ([0, 1, 2, 3, 4], 3) == ([e["index"] for e in step["batch_error_details"]], step["batch_errors_truncated"])


def test_batch_without_errors(batch_of, steps):
    """A batch without errors has none to tell."""
    (step,) = steps(batch_of("emit"), xs=[1])
    assert (0, [], 0) == (step["batch_errors"], step["batch_error_details"], step["batch_errors_truncated"])


@pytest.mark.parametrize(
    "outputs",
    [
        {"batch_metadata": {}},
        {"batch_metadata": {}, "count": 1, "success_count": 1, "error_count": 1, "errors": "many"},
        {"batch_metadata": {}, "count": 1, "success_count": 1, "error_count": 1, "errors": [1]},
        {"batch_metadata": {}, "count": "s3cr3t", "success_count": 1, "error_count": 1, "errors": None},
        {
            "batch_metadata": {},
            "count": 1,
            "success_count": 1,
            "error_count": 1,
            "errors": [{"index": "x", "error": 1}],
        },
    ],
)
def test_like_a_batch(flow_of, steps, outputs):
    """A node that writes some of a batch's names, or other things under them, is no batch."""
    (step,) = steps(flow_of([{"id": "n", "type": "emit", "params": outputs}]))
    assert {"node_id": "n", "status": "completed", "duration_ms": 0.0} == step


def test_batch_without_items(batch_of, steps):
    """A batch that had no list of items is a failed node, not a batch."""
    (step,) = steps(batch_of("emit"), xs=5)
    assert step == {"node_id": "b", "status": "failed", "duration_ms": 0.0}
