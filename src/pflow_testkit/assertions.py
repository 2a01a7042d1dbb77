"""Two sides of a failed ``==`` to the first difference between them, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.result import RunResult
from pflow_engine.trace import Trace, strict_json
from pflow_testkit.changes import Change, changes_report, first_in_words, trace_changes, value_changes
from pflow_testkit.normalise import stable, stable_outputs

_BATCH = "batch_metadata"
_SAME = (
    "the same but for what differs in every run (times, paths, versions): "
    "compare them with trace_snapshot, or pflow_testkit.normalise.stable(trace.to_dict()) of each"
)


def explain(left: Any, right: Any) -> list[str] | None:
    """What pytest shows of ``left == right`` for runs, traces and outputs of batches; None for anything else."""
    before, now = _trace_of(left), _trace_of(right)
    if before is not None and now is not None:
        return _explained("two runs", trace_changes(before, now), now)
    if any(_is_batch(side) for side in (left, right)) and all(isinstance(side, Mapping) for side in (left, right)):
        one, other = (stable_outputs(strict_json(dict(side))) for side in (left, right))
        return _explained("two outputs of a batch", value_changes(one, other), None)
    return None


def _trace_of(side: Any) -> dict[str, Any] | None:
    if isinstance(side, RunResult):
        side = side.trace
    if isinstance(side, Trace):
        return stable(side.to_dict())
    return stable(strict_json(dict(side))) if isinstance(side, Mapping) and "trace_version" in side else None


def _is_batch(side: Any) -> bool:
    return isinstance(side, Mapping) and _BATCH in side


def _explained(what: str, changes: list[Change], now: Mapping[str, Any] | None) -> list[str]:
    if not changes:
        return [f"{what} are equal", _SAME]
    report = changes_report(changes, None, now).splitlines()
    return [f"{what} are equal", f"first difference, left to right: {first_in_words(changes)}", *report]
