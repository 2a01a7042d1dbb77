"""Small real nodes, a clock that skips time, and short ways to a flow."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pflow_engine import Node, RealClock, Registry, compile_ir_to_flow, node

sys.path.append(str(Path(__file__).parent / "document"))  # what hypothesis makes of workflows: generated.py


class _SkippingClock:
    """Time passes only when someone sleeps, and then at once."""

    def __init__(self):
        self.slept = []
        self._lock = threading.Lock()
        self._seconds = 0.0

    def now(self):
        return self._seconds

    def today(self):
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def sleep(self, seconds, _cancel):
        with self._lock:
            self.slept.append(seconds)
            self._seconds += seconds

    def within(self, seconds, work, cancel):
        return RealClock().within(seconds, work, cancel)


@node("double", outputs={"value": int})
def _double(value: int) -> dict:
    return {"value": value * 2}


@node("emit")
def _emit(**values) -> dict:
    return values


@node("crash")
def _crash(message: str = "it crashed") -> dict:
    raise ValueError(message)


class _Act(Node):
    """Writes ``outputs``, then returns ``action``."""

    def post(self, shared, _prepared, _executed):
        shared.update(self.params.get("outputs", {}))
        return self.params.get("action")


@pytest.fixture
def registry():
    """A registry with double, emit, crash and act; tests add their own."""
    registry = Registry()
    for name, source in (("double", _double), ("emit", _emit), ("crash", _crash), ("act", _Act)):
        registry.register(name, source)
    return registry


@pytest.fixture
def clock():
    """A clock whose sleeps take no time."""
    return _SkippingClock()


@pytest.fixture
def flow_of(registry):
    """``flow_of([node, …], edges=…)``: compile nodes and whatever else the IR has."""

    def build(nodes, **ir):
        return compile_ir_to_flow({"nodes": nodes, **ir}, registry)

    return build


@pytest.fixture
def batch_of(registry, flow_of):
    """``batch_of(source, params, **batch)``: a flow of one batch node ``b``; its items are the input ``xs``."""

    def build(source, params=None, *, ir=None, **batch):
        if not isinstance(source, str):
            registry.register("source", source)
            source = "source"
        batch = {"items": "${xs}", **batch}
        return flow_of([{"id": "b", "type": source, "params": params or {}, "batch": batch}], **(ir or {}))

    return build
