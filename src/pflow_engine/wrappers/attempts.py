"""The items of a batch and the layers below it to a job: each attempt of each item on a store of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pflow_engine.batch import Crossing, ItemEvent, Job, Work, bounded
from pflow_engine.clock import CancelToken
from pflow_engine.copying import copy_data
from pflow_engine.document.model import BatchConfig
from pflow_engine.store import Store, item_store
from pflow_engine.trace import Event, Failure, named_secrets
from pflow_engine.wrappers.layer import Call, Layer
from pflow_engine.wrappers.usage import untold

_new: Final = tuple.__new__  # what Call(…) comes to, without a frame of Python's for each item


@dataclass(frozen=True, slots=True)
class Attempts:
    """What all attempts of all items share, and what they leave beside their outcomes.

    ``usage`` are the model calls by item and attempt, whoever came first; ``overruled`` the items that wrote an
    output ``item``. ``count`` is that of the whole batch; ``items`` may be only some of them, by index. Where each item
    ``nests`` a workflow, that has told of its model calls.
    """

    config: BatchConfig
    inner: Layer
    root: Store
    params: dict[str, Any]
    count: int
    items: Sequence[Any] | Mapping[int, Any]
    nests: bool = False
    usage: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    overruled: set[int] = field(default_factory=set)

    def job(self, call: Call, crossing: Crossing | None = None) -> Job:
        """The batch, for an executor that knows nothing of nodes."""
        config = self.config
        return Job(
            count=self.count,
            work=self._work(call),
            clock=call.clock,
            cancel=call.cancel,
            max_retries=config.max_retries,
            retry_wait=config.retry_wait,
            fail_fast=config.error_handling == "fail_fast",
            on_item=_listener(call, self.count, nests=self.nests) if call.recorder.listening else None,
            crossing=crossing,
        )

    def _work(self, call: Call) -> Work:
        # What runs for each item: all that is the same for all of them is looked up here, once.
        items, root, params, usage, run = self.items, self.root, self.params, self.usage, self.inner.run
        alias, seconds, above = self.config.alias, self.config.timeout, call.above
        timed, counted = seconds is not None, not self.nests
        node_id, clock, recorder = call.node_id, call.clock, call.recorder
        executor, resources = call.executor, call.resources

        def attempt(
            index: int, number: int, cancel: CancelToken, calls: list[Any]
        ) -> tuple[dict[str, Any], str | None]:
            outputs: dict[str, Any] = {}
            # Each attempt gets its own copy of the item: the original is what the next one starts from.
            store = item_store(root, node_id, outputs, alias, copy_data(items[index]), index, calls)
            here = _new(Call, (
                node_id, clock, cancel, recorder, executor, resources, index, number, alias, above, timed,
            ))  # fmt: skip
            return outputs, run(here, store, params)

        def work(index: int, number: int) -> tuple[dict[str, Any], str | None]:
            calls: list[Any] = []
            try:
                if seconds is None:
                    outputs, action = attempt(index, number, call.cancel, calls)
                else:
                    outputs, action = bounded(
                        lambda cancel: attempt(index, number, cancel, calls), seconds, call.cancel, clock
                    )
                if counted and "llm_usage" in outputs and untold(outputs["llm_usage"], calls):
                    calls.append(outputs["llm_usage"])
            finally:
                # Here and not in the attempt: one that timed out may write its usage much later.
                if calls:
                    usage[index, number] = list(calls)
            return outputs, action

        return work


def _listener(call: Call, total: int, *, nests: bool) -> Callable[[ItemEvent], None]:
    def tell(event: ItemEvent) -> None:
        failed, outputs = event.kind == "attempt_failed", event.outputs
        usage = outputs.get("llm_usage") if outputs and not nests else None
        if failed and outputs:
            # What fails may be told of with its error; of an attempt before the last one, the trace keeps nothing.
            call.recorder.keep_secret(named_secrets(outputs))
        call.recorder.emit(
            Event(
                event.kind,
                call.node_id,
                event.index,
                event.attempt,
                event.status,
                total,
                failure=Failure(event.error, event.error_type) if failed else None,
                usage=usage if isinstance(usage, dict) else None,
            )
        )

    return tell
