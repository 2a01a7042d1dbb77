"""A run to its execution steps: one dict a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.trace import BatchTrace, NodeTrace, Redactor, Trace, strict_json

MOST_ERRORS = 5
_COUNTS = ("count", "success_count", "error_count")
_BATCH = frozenset({*_COUNTS, "errors", "batch_metadata"})


def build_execution_steps(workflow: Workflow, store: Mapping[str, Any], trace: Trace) -> list[dict[str, Any]]:
    """One step for each node, those that ran in the order they did, then those that did not.

    ``{"node_id", "status": completed|failed|not_executed, "duration_ms"}``; a batch, told by
    ``batch_metadata``, its counts and ``errors`` in its output, adds ``is_batch``, ``batch_total``, ``batch_success``,
    ``batch_errors``, ``batch_error_details`` (the first five) and ``batch_errors_truncated``. A node that ran another
    workflow adds ``nested``, the steps of those nodes of it that ran; a batch of workflows that lost items of their own
    adds ``batch_degraded``, how many they are, and as ``nested`` the steps of the first five, each with its ``index``.
    Values are as they are, secrets among them:
    ``run_as_json`` has the steps without.
    """
    last_runs = _last_runs(trace)
    order = [*last_runs, *(node.id for node in workflow.nodes if node.id not in last_runs)]
    return [_step(node_id, last_runs.get(node_id), store.get(node_id)) for node_id in order]


def shown_steps(steps: list[dict[str, Any]], redact: Redactor) -> list[dict[str, Any]]:
    """The steps as strict JSON without secrets: what nodes gave and said is redacted, our own words stay."""
    return [_shown(step, redact) for step in steps]


def _last_runs(trace: Trace) -> dict[str, NodeTrace]:
    return {node.id: node for node in trace.nodes}


def _step(node_id: str, run: NodeTrace | None, output: Any) -> dict[str, Any]:
    if run is None:
        return {"node_id": node_id, "status": "not_executed", "duration_ms": None}
    step = {"node_id": node_id, "status": run.status, "duration_ms": run.duration_ms}
    if run.child is not None:
        # Its outputs may be those of a batch, which is among its nodes.
        return step | {"nested": _nested(run.child)}
    if isinstance(output, Mapping) and _is_batch(output):
        step |= _batch_fields(output)
    return step | (_degraded(run.batch) if run.batch else {})


def _nested(child: Trace) -> list[dict[str, Any]]:
    return [_step(node.id, node, node.outputs) for node in _last_runs(child).values()]


def _degraded(batch: BatchTrace) -> dict[str, Any]:
    # Such an item has succeeded: only here does it show why the run is degraded.
    found = [(index, child) for index, child in sorted(batch.children.items()) if child.status == "degraded"]
    steps = [{"index": index, **step} for index, child in found[:MOST_ERRORS] for step in _nested(child)]
    return {"batch_degraded": len(found), "nested": steps} if found else {}


def _is_batch(output: Mapping[str, Any]) -> bool:
    # A plain node may write any of these names, with anything in them.
    if not output.keys() >= _BATCH or not isinstance(output["errors"], list | None):
        return False
    counted = all(isinstance(output[name], int) for name in _COUNTS)
    return counted and all(map(_is_entry, output["errors"] or ()))


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("index"), int) and "error" in entry


def _batch_fields(output: Mapping[str, Any]) -> dict[str, Any]:
    errors = output["errors"] or []
    return {
        "is_batch": True,
        "batch_total": output["count"],
        "batch_success": output["success_count"],
        "batch_errors": output["error_count"],
        "batch_error_details": errors[:MOST_ERRORS],
        "batch_errors_truncated": max(0, len(errors) - MOST_ERRORS),
    }


def _shown(step: dict[str, Any], redact: Redactor) -> dict[str, Any]:
    shown = dict(step)
    if "batch_error_details" in step:
        shown["batch_error_details"] = [_shown_entry(entry, redact) for entry in step["batch_error_details"]]
    if "nested" in step:
        shown["nested"] = shown_steps(step["nested"], redact)
    return shown


def _shown_entry(entry: Mapping[str, Any], redact: Redactor) -> dict[str, Any]:
    shown: dict[str, Any] = redact(strict_json(entry))
    return shown | {name: entry[name] for name in ("index", "attempts") if isinstance(entry.get(name), int)}
