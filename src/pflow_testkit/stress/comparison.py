"""Two runs of a workflow to the first thing in which they differ, whatever may not differ left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pflow_engine.document.model import Workflow
from pflow_engine.result import RunResult
from pflow_engine.trace import NodeTrace, strict_json

_MISSING = object()
_TIMES = ".batch_metadata.timing"


class Difference(NamedTuple):
    """``path`` as people write it; both sides as JSON-like text."""

    path: str
    is_now: str
    was: str


def canonical(result: RunResult) -> dict[str, Any]:
    """What is the same in each run of a workflow: no times, and of a batch that stops at a failure what led to it.

    The fields are those that the trace's schema calls stable.
    """
    return {
        "status": result.status,
        "error": result.error.summary if result.error is not None else None,
        "outputs": _outputs(result.outputs, result.trace.nodes[-1:], result.workflow),
        **{f"{node.id}#{at}": _node(node, result.workflow) for at, node in enumerate(result.trace.nodes)},
    }


def difference(
    result: RunResult, reference: Mapping[str, Any], volatile: frozenset[str] = frozenset()
) -> Difference | None:
    """The first difference of a run from the canonical form of another, but for ``volatile`` paths."""
    now = canonical(result)
    if now == reference:
        return None
    found = [other for other in _differences(now, reference, "") if other.path not in volatile]
    # A node that is handed a whole batch is handed its times, and two of them may be equal by chance.
    found = [other for other in found if _TIMES not in other.path]
    return min(found, key=lambda other: _rank(other.path), default=None)


def differing(result: RunResult, reference: Mapping[str, Any]) -> frozenset[str]:
    """The paths of all differences."""
    return frozenset(other.path for other in _differences(canonical(result), reference, ""))


def _rank(path: str) -> int:
    # What a node gave says more than what became of it further on.
    return 0 if ".results[" in path else 1 if "#" in path else 2


def _node(node: NodeTrace, workflow: Workflow) -> dict[str, Any]:
    stop = _stopped_at(node, workflow)
    batch = node.batch
    facts = {
        "status": node.status,
        "action": node.action,
        "error": node.error,
        "params": node.params,
        "templates": node.templates,
        "unresolved": list(node.unresolved),
        "warnings": list(node.warnings),
    }
    if batch is None:
        return {**facts, "outputs": node.outputs, "llm_calls": [*map(_untimed, node.llm_calls)]}
    items = [{"status": status, "attempts": attempts, "error": error} for status, attempts, error, _ in batch.items]
    if stop is not None:
        return {**facts, "items": items[: stop + 1]}
    return {**facts, "items": items, "llm_calls": [*map(_untimed, node.llm_calls)], **_timeless(node.outputs)}


def _stopped_at(node: NodeTrace, workflow: Workflow) -> int | None:
    # Which of the items above the first failure were run is up to the workers.
    spec = next((spec for spec in workflow.nodes if spec.id == node.id), None)
    if node.batch is None or spec is None or spec.batch is None or spec.batch.error_handling != "fail_fast":
        return None
    return next((at for at, (status, *_) in enumerate(node.batch.items) if status != "completed"), None)


def _outputs(outputs: Mapping[str, Any], last: tuple[NodeTrace, ...], workflow: Workflow) -> Any:
    if last and not workflow.outputs:
        return None  # those of the last node, whose record has them
    return strict_json(outputs)


def _timeless(outputs: Mapping[str, Any]) -> dict[str, Any]:
    metadata = outputs.get("batch_metadata")
    if not isinstance(metadata, Mapping):
        return dict(outputs)
    return {**outputs, "batch_metadata": {name: value for name, value in metadata.items() if name != "timing"}}


def _untimed(call: Any) -> Any:
    return {name: value for name, value in call.items() if name != "duration_ms"} if isinstance(call, dict) else call


def _differences(now: Any, was: Any, path: str) -> Iterator[Difference]:
    if isinstance(now, Mapping) and isinstance(was, Mapping):
        for key in [*was, *(key for key in now if key not in was)]:
            tail = f".{key}" if path else str(key)
            yield from _differences(now.get(key, _MISSING), was.get(key, _MISSING), path + tail)
    elif isinstance(now, list) and isinstance(was, list):
        for at in range(max(len(now), len(was))):
            yield from _differences(_item(now, at), _item(was, at), f"{path}[{at}]")
    elif now != was or type(now) is not type(was):
        yield Difference(path, _text(now), _text(was))


def _item(values: list[Any], at: int) -> Any:
    return values[at] if at < len(values) else _MISSING


def _text(value: Any) -> str:
    return "not there" if value is _MISSING else repr(value)
