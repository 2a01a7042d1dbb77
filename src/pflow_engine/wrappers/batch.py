"""A call to one call per item, and their outcomes to one output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pflow_engine.batch import (
    BatchInterrupted,
    ItemEvent,
    Job,
    Outcome,
    Work,
    bounded,
    error_entries,
    run_batch,
    timing,
)
from pflow_engine.clock import CancelToken
from pflow_engine.copying import copy_data
from pflow_engine.document.model import BatchConfig
from pflow_engine.errors import NodeFailed, PflowError, Problem
from pflow_engine.store import LLM_CALLS, item_store
from pflow_engine.templates import Plan, compile_value
from pflow_engine.trace import BatchTrace, Event, strict_json
from pflow_engine.wrappers.items import resolve_items
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec

_Usage = dict[tuple[int, int], list[Any]]
"""Model calls by item and attempt; joined in that order, whoever came first."""


@dataclass(frozen=True, slots=True)
class PflowBatchNode:
    """Runs what is below once for each item, each attempt on a store of its own."""

    spec: NodeSpec
    config: BatchConfig
    items: Plan
    inner: Layer

    @classmethod
    def of(cls, spec: NodeSpec, config: BatchConfig, inner: Layer) -> PflowBatchNode:
        """Compile the items once."""
        return cls(spec, config, compile_value(config.items, permissive=spec.permissive), inner)

    def run(self, call: Call) -> str | None:
        """Write ``results``, counts, ``errors`` and ``batch_metadata``; ``error`` when every item failed.

        Raises:
            NodeFailed: under ``fail_fast``, the failure of the lowest index that failed; or it was cancelled.
            Unhealable: the items are no list.
        """
        if self.spec.permissive:
            call.recorder.unresolved(reference.text for reference in self.items.missing(call.store))
        items = resolve_items(self.items, call.store)
        usage: _Usage = {}
        started = call.clock.now()
        try:
            outcomes = run_batch(
                self._job(call, items, usage),
                workers=self.config.max_concurrent,
                executor=call.executor if self.config.parallel else None,
            )
        except BatchInterrupted as stop:
            self._leave(call, items, stop.outcomes, usage, started)
            raise stop.signal from stop.signal.__cause__
        self._leave(call, items, outcomes, usage, started)
        return self._action(call, outcomes)

    def _job(self, call: Call, items: Sequence[Any], usage: _Usage) -> Job:
        config = self.config
        return Job(
            count=len(items),
            work=self._work(call, items, usage),
            clock=call.clock,
            cancel=call.cancel,
            max_retries=config.max_retries,
            retry_wait=config.retry_wait,
            fail_fast=config.error_handling == "fail_fast",
            on_item=_listener(call, len(items)) if call.recorder.listening else None,
        )

    def _work(self, call: Call, items: Sequence[Any], usage: _Usage) -> Work:
        node_id, alias, seconds, inner = self.spec.id, self.config.alias, self.config.timeout, self.inner
        root, clock, recorder, executor = call.store, call.clock, call.recorder, call.executor

        def attempt(
            index: int, number: int, cancel: CancelToken, calls: list[Any]
        ) -> tuple[dict[str, Any], str | None]:
            # Each attempt gets its own copy of the item: the original is what the next one starts from.
            store = item_store(root, node_id, alias, copy_data(items[index]), index, calls)
            action = inner.run(Call(node_id, store, {}, clock, cancel, recorder, executor, index, number, alias))
            return store.written[node_id], action

        def work(index: int, number: int) -> tuple[dict[str, Any], str | None]:
            calls: list[Any] = []
            try:
                if seconds is None:
                    outputs, action = attempt(index, number, call.cancel, calls)
                else:
                    outputs, action = bounded(
                        lambda cancel: attempt(index, number, cancel, calls), seconds, call.cancel
                    )
                if isinstance(outputs.get("llm_usage"), dict):
                    calls.append(outputs["llm_usage"])
            finally:
                # Here and not in the attempt: one that timed out may write its usage much later.
                if calls:
                    usage[index, number] = list(calls)
            return outputs, action

        return work

    def _leave(self, call: Call, items: Sequence[Any], outcomes: list[Outcome], usage: _Usage, started: float) -> None:
        metadata = self._metadata(outcomes, (call.clock.now() - started) * 1000)
        call.store[self.spec.id] = {
            "results": [_result(outcome, items[outcome.index], call) for outcome in outcomes],
            "count": len(outcomes),
            "success_count": sum(outcome.status == "completed" for outcome in outcomes),
            "error_count": sum(outcome.status == "failed" for outcome in outcomes),
            "errors": error_entries(outcomes, lambda index: strict_json(items[index])),
            "batch_metadata": metadata,
        }
        for (index, _), calls in sorted(usage.items()):
            call.store[LLM_CALLS] += [_attributed(used, self.spec.id, index) for used in calls]
        rows = [(outcome.status, outcome.attempts, outcome.error, outcome.duration_ms) for outcome in outcomes]
        call.recorder.note_batch(BatchTrace(copy_data(metadata), rows))

    def _metadata(self, outcomes: list[Outcome], wall_ms: float) -> dict[str, Any]:
        config = self.config
        return {
            "parallel": config.parallel,
            "execution_mode": "parallel" if config.parallel else "sequential",
            "max_concurrent": config.max_concurrent if config.parallel else None,
            "max_retries": config.max_retries,
            "retry_wait": float(config.retry_wait) if config.max_retries > 1 else None,
            "retried": sum(outcome.attempts > 1 for outcome in outcomes),
            "timing": timing(outcomes, wall_ms),
        }

    def _action(self, call: Call, outcomes: list[Outcome]) -> str | None:
        failed = [outcome for outcome in outcomes if outcome.status == "failed"]
        if failed and self.config.error_handling == "fail_fast":
            raise self._failure(failed[0]) from failed[0].cause
        cancelled = sum(outcome.status == "cancelled" for outcome in outcomes)
        if cancelled:
            message = f"batch '{self.spec.id}' was cancelled: {cancelled} of {len(outcomes)} items were not started"
            raise NodeFailed(Problem("cancelled", message), node_id=self.spec.id)
        if not failed or len(failed) < len(outcomes):
            return None
        call.store[self.spec.id]["error"] = f"all {len(failed)} items failed, the first with: {failed[0].error}"
        return "error"

    def _failure(self, outcome: Outcome) -> NodeFailed:
        tries = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
        message = f"item {outcome.index} of batch '{self.spec.id}' failed{tries}: {outcome.error}"
        hint = "error_handling: continue runs the other items all the same"
        within = outcome.cause.problems[0].within if isinstance(outcome.cause, PflowError) else ""
        problem = Problem("batch-item", message, hint=hint, within=within)
        return NodeFailed(problem, node_id=self.spec.id, index=outcome.index)


def _result(outcome: Outcome, item: Any, call: Call) -> dict[str, Any] | None:
    if outcome.outputs is None:
        return None
    if "item" in outcome.outputs:
        call.recorder.warn(f"item {outcome.index}: its output 'item' gave way to the item itself")
    outcome.outputs["item"] = item
    return outcome.outputs


def _attributed(used: Any, node_id: str, index: int) -> Any:
    return {"node_id": node_id, "item_index": index, **used} if isinstance(used, dict) else used


def _listener(call: Call, total: int) -> Callable[[ItemEvent], None]:
    def tell(event: ItemEvent) -> None:
        call.recorder.emit(Event(event.kind, call.node_id, event.index, event.attempt, event.status, total))

    return tell
