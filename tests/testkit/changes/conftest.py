"""Real traces, without what is volatile, of small workflows."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest

from pflow_engine import Node, Registry, compile_ir_to_flow, node, validate
from pflow_engine.document.load import from_data

_VOLATILE = {"engine_version", "file", "started_at", "duration_ms", "started_ms", "timing"}


@node("label")
def _label(message: str, labels: dict | None = None) -> dict:
    if message == "crash":
        raise ValueError("rate limited")
    usage = {"llm_usage": {"model": "small", "tokens": len(message)}} if message == "ask" else {}
    return {"label": (labels or {}).get(message, "bug"), "version": 1, **usage}


@node("emit")
def _emit(**values) -> dict:
    return values


@node("crash")
def _crash() -> dict:
    raise ValueError("boom")


class _Turn(Node):
    """Goes round until it has seen all values."""

    def post(self, shared, _prepared, _executed):
        seen = [*shared.get("seen", ()), self.params["values"][len(shared.get("seen", ()))]]
        shared.update(seen=seen, value=seen[-1])
        return "again" if len(seen) < len(self.params["values"]) else "default"


_TRIAGE = {
    "name": "triage",
    "inputs": {"commits": {"type": "array"}, "labels": {"type": "object", "default": {}}},
    "nodes": [
        {"id": "fetch", "type": "emit", "params": {"response": "${commits}"}},
        {
            "id": "classify",
            "type": "label",
            "batch": {"items": "${fetch.response}", "as": "commit", "parallel": True, "error_handling": "continue"},
            "params": {"message": "${commit.message}", "labels": "${labels}"},
        },
        {
            "id": "notify",
            "type": "emit",
            "params": {"first": "${classify.results[0].label}", "text": "${classify.success_count} labels"},
        },
    ],
    "edges": [{"from": "fetch", "to": "classify"}, {"from": "classify", "to": "notify"}],
    "outputs": {"label_count": {"source": "${classify.success_count}"}},
}


def _stable(value):
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in _VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value


class Traces:
    """Runs workflows, and gives their traces without what is volatile."""

    triage = _TRIAGE

    def __init__(self):
        self.registry = Registry()
        for name, source in (("label", _label), ("emit", _emit), ("crash", _crash), ("turn", _Turn)):
            self.registry.register(name, source)

    def of(self, ir, inputs=None):
        """The trace of a run."""
        return _stable(compile_ir_to_flow(ir, self.registry).run(inputs or {}).trace.to_dict())

    def of_nodes(self, *nodes, **ir):
        """The trace of nodes one after the other."""
        edges = [{"from": one["id"], "to": other["id"]} for one, other in pairwise(nodes)]
        return self.of({"nodes": list(nodes), "edges": edges, **ir})

    def of_messages(self, *messages, labels=None):
        """The trace of triage."""
        commits = [{"message": message} for message in messages]
        return self.of(_TRIAGE, {"commits": commits, "labels": labels or {}})

    def of_turns(self, *values):
        """The trace of a loop of two nodes."""
        nodes = [
            {"id": "turn", "type": "turn", "params": {"values": list(values)}},
            {"id": "say", "type": "emit", "params": {"said": "${turn.value}"}},
        ]
        edges = [{"from": "turn", "to": "say", "action": "again"}, {"from": "say", "to": "turn"}]
        return self.of({"nodes": nodes, "edges": edges})

    def workflow(self, ir):
        """A validated workflow, of data or a document."""
        return validate(from_data(ir) if isinstance(ir, dict) else ir, self.registry)

    @staticmethod
    def edited(trace, edit):
        """The trace after somebody changed it by hand."""
        changed = copy.deepcopy(trace)
        edit(changed)
        return changed


@pytest.fixture(scope="session")
def traces():
    """Traces of real runs."""
    return Traces()
