"""A job to its outcomes over processes that share no memory: items go out in chunks, outcomes come back.

Chunks go out in index order, and a failure at index f stops those above f only, on every worker: the lowest
failed index is the same in every run, as in ``run``. A chunk whose worker died is run again; so an item may run
twice, and its outcome is that of the run that came to its end.
"""

from __future__ import annotations

import math
import queue
from collections import deque
from concurrent.futures import Future
from typing import Any, Final

from pflow_engine.batch import far_side
from pflow_engine.batch.attempt import FAILURES, Crossing, ItemEvent, Job, error_text
from pflow_engine.batch.far_side import MISSING, Answer, Order, Row
from pflow_engine.batch.outcome import BatchInterrupted, Outcome
from pflow_engine.batch.packing import Packed, pack
from pflow_engine.batch.pickles import arrive, from_bytes, to_bytes
from pflow_engine.batch.pool import ClusterLost, CrossingPool, WorkerLost
from pflow_engine.signals import wait_awake

_SECONDS: Final = 0.1
"""How long a chunk should take: much longer than its way there and back, short enough to stop soon."""

_LEAST_SECONDS: Final = 0.02
"""How short a chunk may get so that the last ones end together: below, the way there costs more than it saves."""

_GROWTH: Final = 8
"""How many times larger than the last a chunk may be: the first items may not be like the others."""

_MOST_BYTES: Final = 4_000_000
"""Of payloads in a chunk of more than one item."""

_TICK: Final = 2.0
"""Seconds without an answer after which to ask whether anyone is still there."""


def run_chunks(job: Job, crossing: Crossing, workers: int, pool: CrossingPool) -> list[Outcome]:
    """Run every item, at most ``workers`` chunks at a time; one outcome each, in index order.

    Raises:
        Unhealable: something cannot be pickled, or not unpickled over there; all such things are named and
            nothing has run.
        BatchInterrupted: with what was finished; its signal is ClusterLost where nobody was left to finish it.
    """
    if not job.count:
        return []
    run = _Run(job, crossing, workers, pool, pack(job.count, crossing, pool))
    try:
        return run.outcomes()
    finally:
        pool.tell(far_side.forget, run.packed.run_id)


class _Run:
    """Where a run stands. Lives no longer than ``run_chunks``, and only its thread writes to it."""

    def __init__(self, job: Job, crossing: Crossing, workers: int, pool: CrossingPool, packed: Packed) -> None:
        self.job, self.crossing, self.workers, self.pool, self.packed = job, crossing, workers, pool, packed
        self.done: list[Outcome | None] = [None] * job.count
        self.following = 0
        self.flying: dict[Future[Any], range] = {}
        self.suspects: deque[int] = deque()
        self.alone: Future[Any] | None = None
        self.limit = math.inf
        self.told = False
        self.pace = Pace()
        self.woken: queue.SimpleQueue[None] = queue.SimpleQueue()  # of all queues the one a signal handler may put to

    def outcomes(self) -> list[Outcome]:
        forget = self.job.cancel.on_cancel(lambda: self.woken.put(None))
        try:
            while self._refill():
                self._take()
        except BaseException as signal:
            self._end(signal)
            raise BatchInterrupted(signal, self._in_order()) from signal
        finally:
            forget()
        return self._in_order()

    def _refill(self) -> bool:
        if self.suspects:
            self._try_alone()
        else:
            while len(self.flying) < self.workers and self.following < self.job.count and self._wanted(self.following):
                span = self._next()
                self.following = span.stop
                self._submit(span)
        return bool(self.flying)

    def _try_alone(self) -> None:
        # A worker that dies takes all that was waiting for it into suspicion, not only what killed it.
        while self.suspects and not self.flying:
            index = self.suspects.popleft()
            if self._wanted(index):
                self.alone = self._submit(range(index, index + 1))

    def _wanted(self, index: int) -> bool:
        return not self.job.cancel.cancelled and index < self.limit

    def _next(self) -> range:
        start, left = self.following, self.job.count - self.following
        stop, size = start + 1, len(self.packed.payloads[start])
        most = min(self.job.count, start + self.pace.size(left, self.workers))
        while stop < most and (size := size + len(self.packed.payloads[stop])) <= _MOST_BYTES:
            stop += 1
        return range(start, stop)

    def _submit(self, span: range, shared: bytes | None = None) -> Future[Any]:
        payloads = self.packed.payloads[span.start : span.stop]
        order = Order(self.packed.run_id, span.start, payloads, self.limit, shared)
        future = self.pool.submit(far_side.run_chunk, to_bytes(tuple(order)))
        self.flying[future] = span
        future.add_done_callback(lambda _: self.woken.put(None))
        return future

    def _take(self) -> None:
        if not wait_awake(self._woken, _TICK):
            self.pool.check()
        self._pass_on_cancel()
        for future in [future for future in self.flying if future.done()]:
            self._settle(future, self.flying[future])

    def _woken(self, seconds: float) -> bool:
        try:
            self.woken.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def _pass_on_cancel(self) -> None:
        if self.job.cancel.cancelled and not self.told:
            self.told = True
            self.pool.tell(far_side.cancel, self.packed.run_id)

    def _settle(self, future: Future[Any], span: range) -> None:
        try:
            data = future.result()
        except ClusterLost:
            raise
        except WorkerLost as error:
            self._lost(future, span, error)
        except FAILURES as error:
            # Of one chunk, not of the run: a worker that joined late may lack what the others have.
            self._fail(future, span, f"its chunk could not be run: {error_text(error)}", error)
        else:
            self._answered(future, span, data)

    def _answered(self, future: Future[Any], span: range, data: bytes) -> None:
        if data == MISSING:
            del self.flying[future]
            if not self.job.cancel.cancelled:
                again = self._submit(span, self.packed.shared)
                self.alone = again if future is self.alone else self.alone
            return
        answer = Answer(*from_bytes(data))
        for row in answer.rows:
            self._place(self._unpacked(Row(*row)))
        del self.flying[future]
        self.pace.learn(len(answer.rows), answer.seconds)
        self.crossing.merge(answer.report)
        if answer.signal is not None:
            raise arrive(answer.signal)

    def _unpacked(self, row: Row) -> Outcome:
        try:
            outputs = None if row.outputs is None else from_bytes(row.outputs)
        except Exception as error:  # noqa: BLE001  # an item whose outputs cannot be had here is that item's failure
            text = f"its outputs cannot be unpickled here: {error_text(error)}"
            return self._failed(row.index, text, error, attempts=row.attempts)
        cause = None if row.cause is None else arrive(row.cause)
        return Outcome(*row[:3], outputs, *row[4:7], cause)

    def _lost(self, future: Future[Any], span: range, error: WorkerLost) -> None:
        if future is self.alone or self.job.cancel.cancelled:
            self._fail(future, span, "every worker that it ran on died", error, error_type="KilledWorker")
            return
        self.suspects.extend(span)
        del self.flying[future]

    def _fail(self, future: Future[Any], span: range, text: str, error: BaseException, *, error_type: str = "") -> None:
        for index in span:
            # Those above an item that failed may not have started: so they count as not started.
            if index < self.limit:
                outcome = self._failed(index, text, error, error_type=error_type)
                self._place(outcome)
                self._tell(ItemEvent("item_start", index, 1))
                self._tell(ItemEvent("attempt_failed", index, 1, "", text, outcome.error_type or ""))
                self._tell(ItemEvent("item_end", index, 1, "failed"))
        del self.flying[future]

    def _failed(
        self, index: int, text: str, error: BaseException, *, error_type: str = "", attempts: int = 1
    ) -> Outcome:
        cause = error if self.job.fail_fast else None
        return Outcome(index, "failed", attempts, None, text, error_type or type(error).__name__, 0.0, cause)

    def _place(self, outcome: Outcome) -> None:
        self.done[outcome.index] = outcome
        if self.job.fail_fast and outcome.status == "failed" and outcome.index < self.limit:
            self.limit = outcome.index
            self.pool.tell(far_side.lower, self.packed.run_id, self.limit)

    def _tell(self, event: ItemEvent) -> None:
        if self.job.on_item is not None:
            self.job.on_item(event)

    def _end(self, signal: BaseException) -> None:
        # Stop what runs and wait for it, as threads are waited for; asked again, leave it to itself.
        self.job.cancel.cancel()
        try:
            while self.flying and not isinstance(signal, ClusterLost):
                self._take()
        except BaseException as again:  # noqa: BLE001  # the first signal is the one that is raised
            signal = again
        text = error_text(signal) if isinstance(signal, ClusterLost) else "interrupted"
        for future, span in self.flying.items():
            future.cancel()
            for index in span:
                self.done[index] = Outcome(index, "failed", 1, None, text, type(signal).__name__)

    def _in_order(self) -> list[Outcome]:
        return [outcome or Outcome(index, "cancelled") for index, outcome in enumerate(self.done)]


class Pace:
    """How many items the next chunk has, learnt from what the last ones took."""

    def __init__(self) -> None:
        self._largest = 0
        self._cost = 0.0

    def size(self, left: int, workers: int) -> int:
        """At most what takes the wanted time, and half a worker's fair share of what is left."""
        if not self._largest:
            return 1
        share = max(left / (2 * workers), _LEAST_SECONDS / self._cost)
        return max(1, int(min(_SECONDS / self._cost, share, self._largest * _GROWTH)))

    def learn(self, items: int, seconds: float) -> None:
        """A chunk of so many items took so long."""
        if items:
            cost = max(seconds / items, 1e-9)
            self._cost = (self._cost + cost) / 2 if self._largest else cost
            self._largest = max(self._largest, items)
