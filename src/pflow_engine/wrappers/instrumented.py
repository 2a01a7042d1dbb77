"""A call to the same call, recorded: timing, outputs, errors, model usage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from pflow_engine.batch import error_text, reported_text
from pflow_engine.store import LLM_CALLS, Store
from pflow_engine.trace import Event
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec


class _Before(NamedTuple):
    started_ms: float
    calls: int
    usage: Any


@dataclass(frozen=True, slots=True)
class InstrumentedNodeWrapper:
    """One trace record for each run of the node, whatever becomes of it."""

    spec: NodeSpec
    inner: Layer

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        """Run below; what it raises is recorded and goes on up."""
        before = _Before(call.recorder.elapsed_ms(), len(store[LLM_CALLS]), self._usage(store))
        call.recorder.emit(Event("node_start", self.spec.id))
        # As written, until they are resolved; those of a batch stay so.
        call.recorder.note(params=self.spec.params)
        try:
            action = self.inner.run(call, store, params)
        except BaseException as error:
            self._close(call, store, before, "error", error_text(error))
            raise
        reported = reported_text(self._outputs(store)) if action == "error" else None
        self._close(call, store, before, action or "default", reported)
        return action

    def _close(self, call: Call, store: Store, before: _Before, action: str, error: str | None) -> None:
        self._note_usage(store, before)
        status = "failed" if action == "error" else "completed"
        call.recorder.note(outputs=self._outputs(store), llm_calls=store[LLM_CALLS][before.calls :])
        call.recorder.close(
            id=self.spec.id,
            type=self.spec.type,
            status=status,
            action=action,
            error=error,
            started_ms=before.started_ms,
            duration_ms=round(call.recorder.elapsed_ms() - before.started_ms, 3),
        )
        call.recorder.emit(Event("node_end", self.spec.id, status=status))

    def _outputs(self, store: Store) -> dict[str, Any]:
        outputs = store.get(self.spec.id)
        return outputs if isinstance(outputs, dict) else {}

    def _usage(self, store: Store) -> Any:
        # A batch tells of its items itself, each with its index.
        return None if self.spec.batch else self._outputs(store).get("llm_usage")

    def _note_usage(self, store: Store, before: _Before) -> None:
        usage = self._usage(store)
        if isinstance(usage, dict) and usage is not before.usage:
            store[LLM_CALLS].append({"node_id": self.spec.id, **usage})
