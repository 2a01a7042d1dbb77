"""The published form of a trace."""

import json

import jsonschema
import pytest

from pflow_engine import Node, node
from pflow_engine.trace import trace_schema


@pytest.fixture(scope="module")
def check():
    """``check(trace)``: hold a trace against the schema."""
    schema = trace_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


def _properties(schema, path="$"):
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield f"{path}.{name}", inner
        for key, inner in schema.items():
            yield from _properties(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner, path)


def test_stability_everywhere():
    """Every property says whether it is stable or volatile."""
    found = dict(_properties(trace_schema()))
    assert len(found) > 40
    assert [] == [path for path, inner in found.items() if inner.get("x-stability") not in ("stable", "volatile")]


def test_volatile_ones():
    """Times, what servers say of them, paths and versions are volatile, and nothing else."""
    names = {
        path.rpartition(".")[2] for path, inner in _properties(trace_schema()) if inner["x-stability"] == "volatile"
    }
    assert names == {
        "engine_version", "file", "started_at", "started_ms", "duration_ms", "response_time", "response_headers",
        "timing", "total_items_ms", "avg_item_ms", "min_item_ms", "max_item_ms", "wall_ms",
    }  # fmt: skip


def test_own_records_closed():
    """Our own records have no other properties than the schema names."""
    schema = trace_schema()
    closed = [schema, *(schema["$defs"][name] for name in ("node", "batch", "item", "batchMetadata", "timing"))]
    assert [False] * 6 == [record["additionalProperties"] for record in closed]


def test_is_a_copy():
    """Whoever changes the schema changes their own."""
    trace_schema()["properties"].clear()
    assert trace_schema()["properties"]


@node("picky")
def _picky(value) -> dict:
    return {"value": 1 // value, "llm_usage": {"total_tokens": 1}}


class _Odd(Node):
    def post(self, shared, _prepared, _executed):
        shared.update({1: b"bytes", "set": {1}, "nan": float("nan"), "half": "\ud800", "huge": 10**5000, "o": object()})
        raise ValueError("half a \ud800 character")


@pytest.mark.parametrize(
    "step",
    [
        {"type": "emit", "params": {"x": "${x}"}},
        {"type": "crash"},
        {"type": "odd"},
        {"type": "act", "params": {"action": "error"}},
        {"type": "emit", "params": {"x": "${nope}"}},
        {"type": "emit", "params": {"results": 1, "count": "x", "batch_metadata": []}},
        {"type": "picky", "params": {"value": "${item}"}, "batch": {"items": "${empty}"}},
        {"type": "picky", "params": {"value": "${item}"}, "batch": {"items": [1, 0, 2]}},
        {"type": "picky", "params": {"value": "${item}"}, "batch": {"items": "${nope}"}},
        {
            "type": "picky",
            "params": {"value": "${item}"},
            "batch": {"items": [1, 0], "parallel": True, "error_handling": "continue", "max_retries": 2},
        },
        {"type": "odd", "batch": {"items": [1], "error_handling": "continue"}},
    ],
)
@pytest.mark.parametrize("mode", ["strict", "permissive"])
def test_real_traces(  # noqa: PLR0913  # two parameters and four fixtures
    check, registry, flow_of, tmp_path, step, mode
):
    """The trace of every kind of run is of the published form, and can be written."""
    registry.register("picky", _picky)
    registry.register("odd", _Odd)
    flow = flow_of([{"id": "n", **step}], template_resolution_mode=mode)
    check(flow.run({"x": [1, None], "empty": []}, trace_file=tmp_path / "trace.json").trace.to_dict())


def test_interrupted_trace(check, registry, flow_of, tmp_path):
    """So is the trace of a run that Ctrl-C ended."""

    class Stop(Node):
        def exec(self, _prepared):
            raise KeyboardInterrupt

    registry.register("stop", Stop)
    file = tmp_path / "trace.json"
    with pytest.raises(KeyboardInterrupt):
        flow_of([{"id": "n", "type": "stop", "batch": {"items": [1]}}]).run(trace_file=file)
    check(json.loads(file.read_text()))


@pytest.mark.parametrize("word", ["status", "completed", "default", "batch_metadata", "trace_version", "parallel"])
def test_secret_words(check, batch_of, word):
    """The trace is of the published form whatever words are secrets."""
    flow = batch_of(_picky, {"value": "${item}"}, error_handling="continue", parallel=True)
    check(flow.run({"xs": [1, 0], "sort_key": word}, secrets=[word]).trace.to_dict())
