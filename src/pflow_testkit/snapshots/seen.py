"""What a test compares with a snapshot to plain data that is the same in every run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from pflow_engine.document.model import Workflow
from pflow_engine.result import RunResult
from pflow_engine.trace import Trace, strict_json
from pflow_engine.value_types import type_name
from pflow_testkit.hooks import UserHooks, failing_in_words, hooks_for
from pflow_testkit.nested import nodes_in
from pflow_testkit.normalise import stable, stable_outputs, without_places
from pflow_testkit.sandbox import own_places

_BATCH: Final = ("count", "success_count", "error_count", "batch_metadata")
_METADATA: Final = "batch_metadata"
_ROOM: Final = 10
"""How many times as long as it took a batch may take."""
_LEAST: Final = 1000
"""Milliseconds that any may: a busy machine lets a thread wait for its turn."""
_STEPS: Final = (1, 2, 5, 10)

TEST_FOLDER: Final = "<tmp_path>"
"""The word for the folder of a test in what a snapshot holds."""


@dataclass(frozen=True)
class Seen:
    """A run, or the outputs of one batch, and what is known of the test that looks at it."""

    hooks: UserHooks
    places: Mapping[str, str]
    trace: Mapping[str, Any] | None = None
    batch: Mapping[str, Any] | None = None
    workflow: Workflow | None = None

    @classmethod
    def of(cls, value: Any, item: pytest.Item) -> Seen:
        """Take a RunResult, a Trace, a trace as a dict, or the outputs of a batch.

        Raises:
            TypeError: it is none of them.
        """
        __tracebackhide__ = True
        # The hooks of the workflow's folder hold as well as those of the test's.
        file = value.trace.file if isinstance(value, RunResult) else getattr(value, "file", "")
        paths = [item.path, *([Path(file).absolute()] if isinstance(file, str) and file else [])]
        hooks, places = failing_in_words(lambda: hooks_for(item.config, *paths)), _places(item)
        if isinstance(value, RunResult):
            return cls(hooks, places, value.trace.to_dict(), workflow=value.workflow)
        if isinstance(value, Trace):
            return cls(hooks, places, value.to_dict())
        if isinstance(value, Mapping) and "trace_version" in value:
            return cls(hooks, places, strict_json(value))
        if isinstance(value, Mapping) and _METADATA in value:
            return cls(hooks, places, batch=strict_json(value))
        takes = "a RunResult, its trace, or (batch_snapshot) the outputs of a batch"
        raise TypeError(f"a snapshot of a run is compared with {takes}, not with a value of type {type_name(value)}")

    def data(self, kind: str, *, timed: bool = False) -> Any:
        """What a snapshot of this kind holds: ``trace``, ``outputs`` or ``batch_metadata``.

        Raises:
            InvalidHook: a hook of the user's that failed.
            TypeError: the outputs of a batch are no trace.
        """
        __tracebackhide__ = True
        if kind == _METADATA and self.workflow and not any(each.node.batch for each in nodes_in(self.workflow)):
            raise TypeError("the workflow has no batch to keep the metadata of")
        if self.trace is None:
            if kind != _METADATA:
                raise TypeError("the outputs of a batch are no run: compare them with batch_snapshot")
            return self._private(_counts(self.batch or {}, timed=timed))
        trace = self.canonical()
        if kind == "outputs":
            return _outputs(trace)
        return dict(_batches(trace, self.trace or {}, timed=timed)) if kind == _METADATA else trace

    def canonical(self) -> dict[str, Any]:
        """The trace: stable, without folders of this run, as the user's hooks want it."""
        trace = self.hooks.normalise(without_places(stable(_once(self.trace or {})), self.places))
        # Once more, for what a hook added stands where it was put.
        found: dict[str, Any] = self._private(stable(trace))
        return found

    def _private(self, value: Any) -> Any:
        return self.hooks.redact(value)


def bounded(data: Any) -> Any:
    """What was seen of batches, a bound for each time: ten times as long, rounded up to 1, 2 or 5; at least 1 s."""
    if not isinstance(data, dict):
        return data
    return {name: _bounds(value) if name == "timing" else bounded(value) for name, value in data.items()}


def in_bounds(seen: Any, expected: Any) -> Any:
    """What was expected, with the time that was seen in place of each bound that it keeps.

    A bound that is not kept reads ``at most 50``.
    """
    if isinstance(expected, dict) and expected.keys() == {"at_most"}:
        bound = expected["at_most"]
        kept = isinstance(seen, int | float) and isinstance(bound, int | float) and seen <= bound
        return seen if kept else f"at most {bound}"
    if isinstance(expected, dict) and isinstance(seen, dict):
        return {name: in_bounds(seen.get(name), value) for name, value in expected.items()}
    return expected


def _places(item: pytest.Item) -> dict[str, str]:
    given: dict[str, Any] = getattr(item, "funcargs", {})
    folder = given.get("tmp_path")
    if not isinstance(folder, Path):
        return {}
    own = own_places(folder / "pflow" if "pflow" in given else folder)
    return {**own, str(folder): TEST_FOLDER}


def _once(trace: Mapping[str, Any]) -> dict[str, Any]:
    # Where none are declared the outputs are those of the last node, which need not be said, and masked, twice.
    kept = {name: value for name, value in trace.items() if name != "outputs" or value != _last_outputs(trace)}
    nodes = trace.get("nodes")
    return kept | ({"nodes": [_child_once(node) for node in nodes]} if isinstance(nodes, list) else {})


def _child_once(record: Any) -> Any:
    # Of a node, or of an item of its batch: either may have a trace inside.
    match record:
        case {"child": {"nodes": [*_]} as child}:
            return {**record, "child": _once(child)}
        case {"batch": {"items": [*items]} as batch}:
            return {**record, "batch": {**batch, "items": [*map(_child_once, items)]}}
        case _:
            return record


def _outputs(trace: Mapping[str, Any]) -> Any:
    return trace.get("outputs", _last_outputs(trace)) if trace.get("status") != "failed" else trace.get("outputs", {})


def _batches(
    trace: Mapping[str, Any], written: Mapping[str, Any], above: str = "", *, timed: bool
) -> Iterator[tuple[str, Any]]:
    # What is volatile is looked up in the trace as it was written.
    runs: dict[str, int] = {}
    for node, raw in zip(trace.get("nodes", []), written.get("nodes", []), strict=False):
        outputs, path = node.get("outputs", {}), above + node.get("id", "")
        runs[path] = runs.get(path, 0) + 1
        name = path if runs[path] == 1 else f"{path} (run {runs[path]})"
        if "batch" in node and _METADATA in outputs:
            yield name, _counts(raw["outputs"] if timed else outputs, timed=timed)
        if "child" in node:
            yield from _batches(node["child"], raw["child"], f"{name}/", timed=timed)


def _last_outputs(trace: Mapping[str, Any]) -> Any:
    nodes = trace.get("nodes")
    last = nodes[-1] if isinstance(nodes, list) and nodes else {}
    return last.get("outputs", {}) if isinstance(last, dict) else {}


def _counts(outputs: Mapping[str, Any], *, timed: bool) -> dict[str, Any]:
    kept = outputs if timed else stable_outputs(outputs)
    return {name: kept[name] for name in _BATCH if name in kept}


def _bounds(timing: Any) -> Any:
    # Of a batch without items there is none.
    return {name: {"at_most": _bound(took)} for name, took in timing.items()} if isinstance(timing, dict) else timing


def _bound(took: float) -> int:
    wanted = max(took * _ROOM, _LEAST)
    step = 10 ** math.floor(math.log10(wanted))
    bounds = [int(each * step) for each in _STEPS]
    return next(bound for bound in bounds if bound >= wanted)
