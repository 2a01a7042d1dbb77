"""A call to one call per item, and their outcomes to one output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from pflow_engine.batch import BatchInterrupted, Outcome, error_entries, run_batch, timing
from pflow_engine.copying import copy_data
from pflow_engine.document.model import BatchConfig
from pflow_engine.errors import NodeFailed, PflowError, Problem
from pflow_engine.store import LLM_CALLS, Store
from pflow_engine.templates import Plan, compile_value
from pflow_engine.trace import BatchTrace, strict_json
from pflow_engine.wrappers.attempts import Attempts
from pflow_engine.wrappers.crossing import BatchCrossing
from pflow_engine.wrappers.items import resolve_items
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec
from pflow_engine.wrappers.usage import attributed


class _Before(NamedTuple):
    started: float
    calls: int


_ROW = attrgetter("status", "attempts", "error", "duration_ms")


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

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        """Write ``results``, counts, ``errors`` and ``batch_metadata``; ``error`` when every item failed.

        Raises:
            NodeFailed: under ``fail_fast``, the failure of the lowest index that failed; or it was cancelled.
            Unhealable: the items are no list.
        """
        if self.spec.permissive:
            call.recorder.unresolved(reference.text for reference in self.items.missing(store))
        items = resolve_items(self.items, store)
        nests = self.spec.interface.nests
        attempts = Attempts(self.config, self.inner, store, params, len(items), items, nests)
        before = _Before(call.clock.now(), len(store[LLM_CALLS]))
        outcomes: list[Outcome] | None = None
        try:
            outcomes = run_batch(
                attempts.job(call, BatchCrossing(attempts, call)),
                workers=self.config.max_concurrent,
                executor=call.executor if self.config.parallel else None,
            )
            self._leave(call, attempts, items, outcomes, before)
        except BatchInterrupted as stop:
            self._leave(call, attempts, items, stop.outcomes, before)
            raise stop.signal from stop.signal.__cause__
        except BaseException:
            # Ctrl-C met what leaves the outcomes: once more, all of it, since no second signal raises.
            if outcomes is not None:
                self._leave(call, attempts, items, outcomes, before)
            raise
        return self._action(store, outcomes)

    def _leave(
        self, call: Call, attempts: Attempts, items: list[Any], outcomes: list[Outcome], before: _Before
    ) -> None:
        # May be done twice, and leaves the same as once.
        metadata = self._metadata(outcomes, (call.clock.now() - before.started) * 1000)
        statuses = [outcome.status for outcome in outcomes]
        store = attempts.root
        store[self.spec.id] = {
            "results": _results(outcomes, items, attempts.overruled),
            "count": len(outcomes),
            "success_count": statuses.count("completed"),
            "error_count": statuses.count("failed"),
            "errors": error_entries(outcomes, lambda index: strict_json(items[index])),
            "batch_metadata": metadata,
        }
        store[LLM_CALLS][before.calls :] = [
            attributed(used, {"node_id": self.spec.id, "item_index": index, "attempt": attempt})
            for (index, attempt), calls in sorted(attempts.usage.items())
            for used in calls
        ]
        for index in sorted(attempts.overruled):
            call.recorder.warn(f"item {index}: its output 'item' gave way to the item itself")
        children = call.recorder.children(self.spec.id)
        call.recorder.note_batch(BatchTrace(copy_data(metadata), [*map(_ROW, outcomes)], children))

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

    def _action(self, store: Store, outcomes: list[Outcome]) -> str | None:
        statuses = [outcome.status for outcome in outcomes]
        failed, cancelled = statuses.count("failed"), statuses.count("cancelled")
        first = outcomes[statuses.index("failed")] if failed else None
        if first and self.config.error_handling == "fail_fast":
            raise self._failure(first) from first.cause
        if cancelled:
            message = f"batch '{self.spec.id}' was cancelled: {cancelled} of {len(outcomes)} items were not started"
            raise NodeFailed(Problem("cancelled", message), node_id=self.spec.id)
        if not first or failed < len(outcomes):
            return None
        store[self.spec.id]["error"] = f"all {failed} items failed, the first with: {first.error}"
        return "error"

    def _failure(self, outcome: Outcome) -> NodeFailed:
        tries = f" after {outcome.attempts} attempts" if outcome.attempts > 1 else ""
        message = f"item {outcome.index} of batch '{self.spec.id}' failed{tries}: {outcome.error}"
        hint = "error_handling: continue runs the other items all the same"
        within = outcome.cause.problems[0].within if isinstance(outcome.cause, PflowError) else ""
        problem = Problem("batch-item", message, hint=hint, within=within)
        return NodeFailed(problem, node_id=self.spec.id, index=outcome.index)


def _results(outcomes: list[Outcome], items: Sequence[Any], overruled: set[int]) -> list[dict[str, Any] | None]:
    results = [outcome.outputs for outcome in outcomes]
    for index, (outputs, item) in enumerate(zip(results, items, strict=True)):
        if outputs is not None:
            if "item" in outputs and outputs["item"] is not item:
                overruled.add(index)
            outputs["item"] = item
    return results
