"""A chunk's order to its answer, in a worker process: what is called there, and what is kept there of a run.

Everything below ``prepare`` and ``run_chunk`` takes and gives bytes, so that whatever carries them has nothing
to understand and nothing to fail at.
"""

from __future__ import annotations

import importlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from pflow_engine.batch.attempt import FarJob, ItemEvent, ItemInterrupted, error_text, run_item
from pflow_engine.batch.outcome import Outcome, Status
from pflow_engine.batch.pickles import Carried, carry, describe, from_bytes, to_bytes
from pflow_engine.clock import CancelToken
from pflow_engine.resources import Resources

MISSING: Final = b""
"""The answer of a worker that has never heard of the run: it wants the order once more, with what is shared."""

SHARED: Final = ("", "")
"""What is shared, where names are listed that cannot be had."""

_MOST_RUNS: Final = 8
"""Runs a worker keeps; the oldest goes, for a client that died never says that its run has ended."""


class Order(NamedTuple):
    """Run these items, from index ``start`` on, none above ``limit``."""

    run_id: str
    start: int
    payloads: Sequence[bytes]
    limit: float
    shared: bytes | None = None


class Row(NamedTuple):
    """An Outcome on its way, field for field."""

    index: int  # type: ignore[assignment]  # as in Outcome
    status: Status
    attempts: int
    outputs: bytes | None
    error: str | None
    error_type: str | None
    duration_ms: float
    cause: Carried | None


class Answer(NamedTuple):
    """What became of a chunk; rows as bare tuples, several times cheaper to pickle.

    ``seconds`` is what its items took, ``signal`` an exit that one of them asked for.
    """

    rows: list[tuple[Any, ...]]
    report: Any
    seconds: float
    signal: Carried | None


@dataclass(slots=True)
class _Run:
    """What a worker keeps of a run. ``limit`` only falls; chunks in other threads and ``lower`` both write it.

    ``resources`` are this worker's own: its chunks share them, and they are closed when the run ends.
    """

    shared: FarJob
    cancel: CancelToken = field(default_factory=CancelToken)
    limit: float = math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)
    resources: Resources = field(init=False)

    def __post_init__(self) -> None:
        self.resources = Resources(self.cancel)

    def lower(self, limit: float) -> None:
        with self.lock:
            self.limit = min(self.limit, limit)


_runs: OrderedDict[str, _Run] = OrderedDict()
_lock = threading.Lock()  # over _runs; unpickling happens outside, for it may import half a machine


def prepare(run_id: str, shared: bytes, names: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], str, str]]:
    """Take in what is shared; what of it, and of the names that items need, is not to be had on this machine.

    Each as the name, the module that is missing (if that is it) and why. What is shared has the name of nothing.
    """
    refused = [(name, *why) for name in names if (why := _lookup_failure(*name))]
    try:
        _keep(run_id, shared)
    except Exception as error:  # noqa: BLE001  # a user's class may raise anything when it is unpickled
        refused.append((SHARED, *_why(error)))
    return refused


def unreadable(parts: Sequence[bytes]) -> list[tuple[int, str, str]]:
    """Which of the parts do not unpickle on this machine: position, missing module, why."""
    failures = []
    for position, data in enumerate(parts):
        try:
            from_bytes(data)
        except Exception as error:  # noqa: BLE001  # as above
            failures.append((position, *_why(error)))
    return failures


def lower(run_id: str, limit: float) -> None:
    """An item failed: start none above it."""
    if (run := _runs.get(run_id)) is not None:
        run.lower(limit)


def cancel(run_id: str) -> None:
    """Start nothing more; what runs is asked to stop, so processes that it waits for end."""
    if (run := _runs.get(run_id)) is not None:
        run.cancel.cancel()


def forget(run_id: str) -> None:
    """The run has ended."""
    with _lock:
        run = _runs.pop(run_id, None)
    if run is not None:
        run.resources.close()


def run_chunk(order: bytes) -> bytes:
    """Run a chunk's items one after the other; an Answer, or ``MISSING``."""
    wanted = Order(*from_bytes(order))
    run = _runs.get(wanted.run_id)
    if run is None:
        if wanted.shared is None:
            return MISSING
        run = _keep(wanted.run_id, wanted.shared)
    run.lower(wanted.limit)
    return to_bytes(tuple(_Chunk(wanted, run).answer()))


class _Chunk:
    """One chunk. Only its own thread writes to it."""

    def __init__(self, order: Order, run: _Run) -> None:
        self.run = run
        self.start = order.start
        self.rows: list[tuple[Any, ...]] = []
        self.ended: ItemEvent | None = None
        self.signal: Carried | None = None
        self.payloads: dict[int, Any] = {}
        self.unread: dict[int, Exception] = {}
        self._read(order.payloads)
        self.end = order.start + len(order.payloads)
        job, self.report = run.shared.job(self.payloads, run.cancel, run.resources)
        self.on_item = job.on_item
        self.job = replace(job, on_item=self._hold_end) if job.on_item else job

    def _read(self, payloads: Sequence[bytes]) -> None:
        for index, data in enumerate(payloads, self.start):
            try:
                self.payloads[index] = from_bytes(data)
            except Exception as error:  # noqa: BLE001  # an item that cannot be had here is that item's failure
                self.unread[index] = error

    def answer(self) -> Answer:
        started = time.perf_counter()
        for index in range(self.start, self.end):
            if self.run.cancel.cancelled or index > self.run.limit or self.signal is not None:
                break
            row = self._row(self._outcome(index))
            self.rows.append(tuple(row))
            self._tell_end(row)
            if self.job.fail_fast and row.status == "failed":
                self.run.lower(index)
        return Answer(self.rows, self.report(), time.perf_counter() - started, self.signal)

    def _outcome(self, index: int) -> Outcome:
        if index in self.unread:
            error = self.unread[index]
            return self._refused(Outcome(index, "completed", 1), "the item cannot be unpickled on the worker", error)
        try:
            return run_item(self.job, index)
        except ItemInterrupted as stop:
            self.signal = carry(stop.signal)
            return stop.outcome

    def _row(self, outcome: Outcome) -> Row:
        try:
            outputs = None if outcome.outputs is None else to_bytes(outcome.outputs)
        except Exception as error:  # noqa: BLE001  # whatever an object that cannot be pickled raises
            outcome, outputs = self._refused(outcome, _unsendable(outcome.outputs or {}), error), None
        cause = None if outcome.cause is None else carry(outcome.cause)
        index, status, attempts, _, error_said, error_type, duration_ms, _ = outcome
        return Row(index, status, attempts, outputs, error_said, error_type, duration_ms, cause)

    def _refused(self, outcome: Outcome, what: str, error: Exception) -> Outcome:
        text = f"{what}: {error_text(error)}"
        if outcome.status == "failed":
            return outcome._replace(error=f"{outcome.error}; {text}", outputs=None)
        cause = error if self.job.fail_fast else None
        return outcome._replace(status="failed", outputs=None, error=text, error_type=type(error).__name__, cause=cause)

    def _hold_end(self, event: ItemEvent) -> None:
        # An item that succeeded may yet fail, when its outputs are pickled.
        if event.kind == "item_end":
            self.ended = event
        elif self.on_item is not None:
            self.on_item(event)

    def _tell_end(self, row: Row) -> None:
        if self.on_item is not None:
            if self.ended is None:
                self.on_item(ItemEvent("item_start", row.index, 1))
            if row.status == "failed" and (self.ended is None or self.ended.status != "failed"):
                said = row.error or "", row.error_type or ""
                self.on_item(ItemEvent("attempt_failed", row.index, row.attempts, "", *said))
            outputs = self.ended.outputs if self.ended and row.outputs is not None else None
            self.on_item(ItemEvent("item_end", row.index, row.attempts, row.status, outputs=outputs))
            self.ended = None


def _unsendable(outputs: Mapping[str, Any]) -> str:
    """Which output it is that cannot be pickled."""
    for name, value in outputs.items():
        try:
            to_bytes(value)
        except Exception:  # noqa: BLE001  # as in _row
            return f"output '{name}' ({describe(value)}) cannot be pickled"
    return "the outputs cannot be pickled"


def _keep(run_id: str, shared: bytes) -> _Run:
    if (known := _runs.get(run_id)) is not None:
        return known
    run = _Run(from_bytes(shared))
    with _lock:
        run = _runs.setdefault(run_id, run)
        old = [_runs.popitem(last=False)[1] for _ in range(len(_runs) - _MOST_RUNS)]
    for each in old:
        each.resources.close()
    return run


def _lookup_failure(module: str, name: str) -> tuple[str, str] | None:
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # noqa: BLE001  # a module may raise anything when it is imported
        return _why(error)
    return None


def _why(error: Exception) -> tuple[str, str]:
    return getattr(error, "name", None) or "" if isinstance(error, ImportError) else "", error_text(error)
