"""The records of a run. ``schema.json`` beside this file is their published form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pflow_engine.copying import copy_data
from pflow_engine.trace.finding import named_secrets
from pflow_engine.trace.redact import Redactor
from pflow_engine.trace.strict import encodable, strict_json

TRACE_VERSION = "1"
_MOST_NAMES = 8

TraceStatus = Literal["success", "degraded", "failed", "interrupted"]


class Failure(NamedTuple):
    """What ended a run, a node or an attempt, as it was said: not redacted. ``error_type`` is a class or a code."""

    error: str
    error_type: str


class Event(NamedTuple):
    """Progress of a run, as it happens: of the run, a node, or (with ``index``) an item of a batch.

    ``type`` is that of a node that starts; ``failure`` is told with ``attempt_failed`` and with the end of a node or a
    run, ``usage`` (``llm_usage`` as the node wrote it) with the end of a node, an attempt or an item. ``trace``, of the
    run's start and end, gives the trace so far. ``at`` is when it happened, in ns since 1970, where that was in another
    process, which tells only when it has done its part; else it is now.
    """

    kind: Literal[
        "run_start", "node_start", "item_start", "attempt_failed", "item_retry", "item_end", "node_end", "run_end"
    ]
    node_id: str = ""
    index: int | None = None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int = 0
    status: str = ""
    total: int | None = None
    type: str = ""
    failure: Failure | None = None
    usage: Mapping[str, Any] | None = None
    trace: Callable[[], Trace] | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class BatchTrace:
    """A batch: its metadata, and per item in index order ``(status, attempts, error, duration_ms)``.

    ``children`` are the runs of nested workflows, by item.
    """

    metadata: Mapping[str, Any]
    items: Sequence[tuple[str, int, str | None, float]]
    children: Mapping[int, Trace] = field(default_factory=dict)

    def to_dict(self, redact: Redactor) -> dict[str, Any]:
        """As the schema says."""
        items = [
            {
                "index": index,
                "status": status,
                "attempts": attempts,
                "error": redact(encodable(error)),
                "duration_ms": duration,
            }
            for index, (status, attempts, error, duration) in enumerate(self.items)
        ]
        for index, child in self.children.items():
            items[index]["child"] = child.to_dict(redact)
        return {"metadata": copy_data(self.metadata), "items": items}


@dataclass(frozen=True, slots=True, repr=False)
class NodeTrace:
    """One run of a node. All values are strict JSON, copied when the node ended.

    ``child`` is the run of the workflow that it nests.
    """

    id: str
    type: str
    status: Literal["completed", "failed"]
    action: str
    started_ms: float
    duration_ms: float
    params: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    batch: BatchTrace | None = None
    llm_calls: Sequence[Any] = ()
    error: str | None = None
    unresolved: Sequence[str] = ()
    warnings: Sequence[str] = ()
    child: Trace | None = None

    @property
    def children(self) -> tuple[Trace, ...]:
        """The runs of the workflow that it nests: one, or one for each item."""
        of_items = self.batch.children.values() if self.batch else ()
        return (*([self.child] if self.child else []), *of_items)

    def __repr__(self) -> str:
        # Its values may hold secrets, which only the whole trace knows.
        return f"<NodeTrace {self.id} ({self.type}) {self.status}>"

    def to_dict(self, redact: Redactor) -> dict[str, Any]:
        """As the schema says."""
        return {
            "id": self.id,
            "type": self.type,
            "status": self.status,
            "action": self.action,
            "started_ms": self.started_ms,
            "duration_ms": self.duration_ms,
            "params": redact(self.params),
            "templates": redact(self.templates),
            "outputs": _outputs(self.outputs, self.batch, redact),
            "batch": self.batch.to_dict(redact) if self.batch else None,
            "llm_calls": [_llm_call(call, self.id, redact) for call in self.llm_calls],
            "child": self.child.to_dict(redact) if self.child else None,
            "error": redact(encodable(self.error)),
            "unresolved": redact(list(self.unresolved)),
            "warnings": redact(list(self.warnings)),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """A whole run. ``to_dict`` is strict JSON with secrets taken out; milliseconds count from the start.

    ``secrets`` are taken out beside what redaction finds by names: those that were registered, those of params,
    and those of the environment as it was when the run began and when it ended. They are taken out of what was
    given and written, never out of the trace's own names, statuses, ids and types.
    """

    workflow: str
    file: str
    status: TraceStatus
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    nodes: tuple[NodeTrace, ...]
    error: str | None
    started_at: str
    duration_ms: float
    engine_version: str
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Trace {self.summary}>"

    @property
    def summary(self) -> str:
        """One line without secrets: ``failed: boom (nodes: fetch, classify)``."""
        said = f": {self.redact(encodable(self.error))}" if self.error else ""
        ran = [node.id for node in self.nodes]
        names = ", ".join(ran[:_MOST_NAMES]) + (f" and {len(ran) - _MOST_NAMES} more" * (len(ran) > _MOST_NAMES))
        return f"{self.status}{said} ({f'nodes: {names}' if ran else 'no node ran'})"

    def to_dict(self, redact: Redactor | None = None) -> dict[str, Any]:
        """As the schema says: what may be shown, stored and sent. ``redact`` is that of the run it is nested in."""
        redact = redact or self.redactor()
        return {
            "trace_version": TRACE_VERSION,
            "engine_version": self.engine_version,
            "workflow": self.workflow,
            "file": encodable(self.file),
            "started_at": self.started_at,
            "duration_ms": self.duration_ms,
            "status": self.status,
            "inputs": redact(self.inputs),
            "outputs": self.shown_outputs(redact),
            "error": redact(encodable(self.error)),
            "nodes": [node.to_dict(redact) for node in self.nodes],
        }

    def shown_outputs(self, redact: Redactor) -> Any:
        """The outputs as they may be shown."""
        last = self.nodes[-1].batch if self.nodes else None
        return _outputs(self.outputs, last, redact)

    def redact(self, value: Any) -> Any:
        """Any value as strict JSON, with this run's secrets taken out: for text about it."""
        strict = strict_json(value)
        return self.redactor(strict)(strict)

    def redactor(self, *others: Any) -> Redactor:
        """What takes this run's secrets, and those in ``others``, out of many texts; to find them takes a while."""
        return Redactor.of([*self.secrets, *named_secrets([self._data(), others])])

    def _data(self) -> list[Any]:
        nodes = [(node.params, node.templates, node.outputs, node.llm_calls) for node in self.nodes]
        nested = [child._data() for node in self.nodes for child in node.children]  # noqa: SLF001  # of this class
        return [self.inputs, self.outputs, nodes, nested]


OnEvent = Callable[[Event], None]


def _outputs(outputs: Mapping[str, Any], batch: BatchTrace | None, redact: Redactor) -> Any:
    # Told by the metadata: a node that is no batch may write the same names, and secrets under them.
    if batch is None or outputs.get("batch_metadata") != batch.metadata:
        return redact(outputs)
    return {name: _batch_output(name, value, redact) for name, value in outputs.items()}


def _batch_output(name: str, value: Any, redact: Redactor) -> Any:
    if name == "batch_metadata":
        return copy_data(value)
    if name == "errors" and isinstance(value, list):
        return [_error_entry(entry, redact) for entry in value]
    return redact(value)


def _error_entry(entry: dict[str, Any], redact: Redactor) -> dict[str, Any]:
    return {key: redact(value) if key in {"item", "error"} else value for key, value in entry.items()}


def _llm_call(call: Any, node_id: str, redact: Redactor) -> Any:
    redacted = redact(call)
    named = call.get("node_id") if isinstance(call, dict) else None
    own = isinstance(named, str) and (named == node_id or named.startswith((f"{node_id}/", f"{node_id}[")))
    return {**redacted, "node_id": named} if own else redacted
