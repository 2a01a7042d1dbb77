"""A call to the same call, recorded: timing, outputs, errors, model usage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pflow_engine.batch import error_text, reported_text
from pflow_engine.errors import NodeFailed
from pflow_engine.store import LLM_CALLS, Store
from pflow_engine.trace import Event, Failure, Recorder
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec
from pflow_engine.wrappers.usage import attributed, untold


class _Before(NamedTuple):
    records: int
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
        recorder, action = call.recorder, None
        failure: Failure | None = None
        before = _Before(recorder.open(), recorder.elapsed_ms(), len(store[LLM_CALLS]), self._usage(store))
        recorder.emit(Event("node_start", self.spec.id, type=self.spec.type))
        # As written, until they are resolved; those of a batch stay so.
        recorder.note(params=self.spec.params)
        try:
            action = self.inner.run(call, store, params) or "default"
            failure = Failure(reported_text(self._outputs(store)), "error") if action == "error" else None
            self._close(recorder, store, before, action, failure)
        except BaseException as error:
            if action is None:
                action, failure = "error", _raised(error)
            # Ctrl-C may have met what closes the record: once more, all of it, since no second signal raises.
            if len(recorder.nodes) == before.records:
                self._close(recorder, store, before, action, failure)
            raise
        finally:
            usage = self._new_usage(store, before)
            recorder.emit(Event("node_end", self.spec.id, status=_status(action), failure=failure, usage=usage))
        return action

    def _close(self, recorder: Recorder, store: Store, before: _Before, action: str, failure: Failure | None) -> None:
        self._note_usage(store, before)
        recorder.note(outputs=self._outputs(store), llm_calls=store[LLM_CALLS][before.calls :])
        child = recorder.child(self.spec.id)
        recorder.close(
            id=self.spec.id,
            type=self.spec.type,
            status=_status(action),
            action=action,
            error=failure.error if failure else None,
            child=child,
            started_ms=before.started_ms,
            duration_ms=round(recorder.elapsed_ms() - before.started_ms, 3),
        )

    def _outputs(self, store: Store) -> dict[str, Any]:
        outputs = store.get(self.spec.id)
        return outputs if isinstance(outputs, dict) else {}

    def _usage(self, store: Store) -> Any:
        # A batch tells of its items itself, each with its index; a workflow that is run of its nodes.
        told = self.spec.batch or self.spec.interface.nests
        return None if told else self._outputs(store).get("llm_usage")

    def _new_usage(self, store: Store, before: _Before) -> dict[str, Any] | None:
        usage = self._usage(store)
        return usage if isinstance(usage, dict) and usage is not before.usage else None

    def _note_usage(self, store: Store, before: _Before) -> None:
        usage = self._new_usage(store, before)
        calls = store[LLM_CALLS][before.calls :]
        if usage is not None and untold(usage, calls):
            calls.append(usage)
        store[LLM_CALLS][before.calls :] = [attributed(call, {"node_id": self.spec.id}) for call in calls]


def _raised(error: BaseException) -> Failure:
    # A batch says which item it was: what that item met is the reason.
    cause = error.__cause__ if isinstance(error, NodeFailed) else None
    return Failure(error_text(error), type(cause or error).__name__)


def _status(action: str | None) -> Literal["completed", "failed"]:
    return "failed" if action == "error" else "completed"
