"""The records of a run."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from pflow_engine import node, run


@pytest.fixture
def result(flow_of, clock):
    """A run of two nodes at a time that stands still."""
    nodes = [
        {"id": "a", "type": "emit", "params": {"xs": [1, 2]}},
        {"id": "b", "type": "double", "params": {"value": "${item}"}, "batch": {"items": "${a.xs}"}},
    ]
    return flow_of(nodes, name="two").run({"x": 1}, clock=clock)


def test_whole_trace(result):
    """A trace says what ran, with what, and what came of it."""
    trace = result.trace.to_dict()
    first, second = trace.pop("nodes")
    assert trace.pop("engine_version")
    assert trace == {
        "trace_version": "1",
        "workflow": "two",
        "file": "<ir>",
        "started_at": "2026-01-02T03:04:05+00:00",
        "duration_ms": 0.0,
        "status": "success",
        "inputs": {"x": 1},
        "outputs": result.outputs,
        "error": None,
    }
    assert first == {
        "id": "a",
        "type": "emit",
        "status": "completed",
        "action": "default",
        "started_ms": 0.0,
        "duration_ms": 0.0,
        "params": {"xs": [1, 2]},
        "templates": {},
        "outputs": {"xs": [1, 2]},
        "batch": None,
        "llm_calls": [],
        "child": None,
        "error": None,
        "unresolved": [],
        "warnings": [],
    }
    assert second["params"] == {"value": "${item}"}


def test_batch_in_order(result):
    """A batch is its metadata and its items, in index order."""
    batch = result.trace.to_dict()["nodes"][1]["batch"]
    assert batch["metadata"] == result.store["b"]["batch_metadata"]
    assert batch["items"] == [
        {"index": 0, "status": "completed", "attempts": 1, "error": None, "duration_ms": 0.0},
        {"index": 1, "status": "completed", "attempts": 1, "error": None, "duration_ms": 0.0},
    ]


def test_no_aliasing(result):
    """What is done to the store later does not reach the trace."""
    before = result.trace.to_dict()
    result.store["b"]["batch_metadata"]["timing"]["wall_ms"] = 9
    result.store["b"]["batch_metadata"]["parallel"] = "?"
    result.store["b"]["results"][0]["value"] = 9
    result.store["a"]["xs"].append(9)
    result.outputs.clear()
    assert before == result.trace.to_dict()


def test_later_nodes_do_not_reach_back(registry, flow_of):
    """Nor does what a later node does to an earlier one's output."""

    @node("grow")
    def grow(xs: list) -> dict:
        xs.append("late")
        return {}

    registry.register("grow", grow)
    nodes = [
        {"id": "a", "type": "emit", "params": {"xs": [1]}},
        {"id": "b", "type": "grow", "params": {"xs": "${a.xs}"}},
    ]
    first, second = flow_of(nodes).run().trace.nodes
    assert ({"xs": [1]}, {"xs": [1]}) == (first.outputs, second.params)


def test_dict_is_a_copy(result):
    """What is done to the dict does not reach the trace."""
    result.trace.to_dict()["nodes"][0]["outputs"]["xs"].append(9)
    assert [1, 2] == result.trace.to_dict()["nodes"][0]["outputs"]["xs"]


def test_frozen(result):
    """A trace and its records are frozen."""
    for record, name in (
        (result.trace, "status"),
        (result.trace.nodes[1], "id"),
        (result.trace.nodes[1].batch, "items"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, None)


def test_registered_secrets(result):
    """Secrets that are registered with a trace are taken out of it."""
    trace = replace(result.trace, error="the s3cr3t-one", secrets=("s3cr3t-one",))
    assert "the [redacted]" == trace.to_dict()["error"]


def test_secrets_not_shown(result):
    """What a trace is printed as does not tell the secrets it knows."""
    assert "s3cr3t" not in repr(replace(result.trace, secrets=("s3cr3t-one",)))


def test_redact_other(flow_of):
    """Text about a run has the run's secrets taken out as well."""
    trace = flow_of([{"id": "n", "type": "emit", "params": {"api_key": "s3cr3t-one"}}]).run().trace
    assert ["[redacted]!", {"$bytes": "YQ=="}] == trace.redact(["s3cr3t-one!", b"a"])


def test_error_without_place(tmp_path, registry):
    """The trace's error is what happened; where the file lies is another matter."""
    file = tmp_path / "flow.yaml"
    file.write_text("nodes:\n  - id: n\n    type: crash\n")
    trace = run(file, registry=registry).trace.to_dict()
    assert ("node 'n' failed: ValueError: it crashed", str(file)) == (trace["error"], trace["file"])


WORDS = (
    "completed", "default", "status", "success", "failed", "sequential", "batch_metadata", "success_count",
    "trace_version", "execution_mode", "max_concurrent", "double", "ValueError", "node_id", "duration_ms",
)  # fmt: skip


def _shape(value, *, kept):
    # Keys, and the values that the engine chose; of what was given and written only that it is there.
    if isinstance(value, dict):
        return {key: item if key in kept else _shape(item, kept=kept) for key, item in value.items()}
    return [_shape(item, kept=kept) for item in value] if isinstance(value, list) else None


def test_own_words_stay(registry, flow_of, clock):
    """A secret that is a word of the trace's own changes no name, status, type or metadata in it."""

    @node("used")
    def used(value: int) -> dict:
        return {"value": 1 // value, "llm_usage": {"model": "m"}}

    registry.register("used", used)
    step = {"id": "status", "type": "used", "params": {"value": "${item}"}}
    batch = {"items": [1, 0], "error_handling": "continue"}
    flow = flow_of([{"id": "double", "type": "double", "params": {"value": 1}}, {**step, "batch": batch}])
    kept = ("status", "action", "id", "type", "metadata", "batch_metadata", "node_id", "error_type", "trace_version")
    plain, secret = (flow.run(clock=clock, secrets=secrets).trace.to_dict() for secrets in ((), WORDS))
    assert _shape(plain, kept=kept) == _shape(secret, kept=kept)


def test_own_words_given(flow_of):
    """In what was given they are taken out."""
    trace = flow_of([{"id": "n", "type": "emit", "params": {"sort_key": "status", "text": "by status"}}]).run().trace
    assert {"sort_key": "[redacted]", "text": "by [redacted]"} == trace.to_dict()["nodes"][0]["params"]


def test_like_a_batch(flow_of):
    """A node that writes a batch's names is no batch: secrets under them are taken out."""
    params = {"batch_metadata": {"token": "abc"}, "errors": [{"api_key": "abc"}]}
    trace = flow_of([{"id": "n", "type": "emit", "params": params}]).run().trace.to_dict()
    assert {"batch_metadata": {"token": "[redacted]"}, "errors": [{"api_key": "[redacted]"}]} == trace["outputs"]


def test_batch_texts(batch_of):
    """In a batch's outputs the items, results and error texts have secrets taken out."""
    flow = batch_of("crash", {"message": "401 for ${item.t}"}, error_handling="continue")
    trace = flow.run({"xs": [{"t": "s3cr3t-one"}]}, secrets=["s3cr3t-one"]).trace.to_dict()
    (entry,) = trace["nodes"][0]["outputs"]["errors"]
    assert ({"t": "[redacted]"}, "401 for [redacted]") == (entry["item"], entry["error"])
    assert "s3cr3t" not in json.dumps(trace)


def test_batch_metadata_is_a_copy(result):
    """What is done to the metadata in a dict does not reach the trace."""
    before, changed = result.trace.to_dict(), result.trace.to_dict()
    changed["nodes"][1]["batch"]["metadata"]["timing"].clear()
    changed["nodes"][1]["outputs"]["batch_metadata"]["timing"].clear()
    assert before == result.trace.to_dict()


def test_environment_of_the_run(registry, flow_of, monkeypatch):
    """The environment's secrets are taken out as they were at the start and at the end, though they are gone now."""

    @node("change")
    def change() -> dict:
        monkeypatch.delenv("FIRST_TOKEN")
        monkeypatch.setenv("LAST_TOKEN", "s3cr3t-two")
        return {"text": "s3cr3t-one, s3cr3t-two"}

    registry.register("change", change)
    monkeypatch.setenv("FIRST_TOKEN", "s3cr3t-one")
    trace = flow_of([{"id": "n", "type": "change"}]).run().trace
    monkeypatch.delenv("LAST_TOKEN")
    assert {"text": "[redacted], [redacted]"} == trace.to_dict()["outputs"]
