"""A job to its outcomes, in index order: one after the other, or by workers that pull.

Items are started in index order and a failure stops the handing out, so every item below the first one
that failed has been started and comes to its end: the lowest failed index is the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, wait
from typing import Any

from pflow_engine.batch.attempt import Crossing, ItemInterrupted, Job, run_item
from pflow_engine.batch.chunks import run_chunks
from pflow_engine.batch.outcome import BatchInterrupted, Outcome
from pflow_engine.batch.window import Window
from pflow_engine.signals import shielded, wait_awake

ExecutorFactory = Callable[[int], Executor]
"""Makes an executor with so many workers; it is shut down when the batch ends."""


def run_batch(job: Job, *, workers: int = 1, executor: ExecutorFactory | None = None) -> list[Outcome]:
    """Run every item; one outcome each, in index order.

    With an ``executor``, ``workers`` at a time; without one, one after the other in this thread. To an executor
    that ``crosses`` into processes of other memory the items go in chunks.

    Raises:
        BatchInterrupted: with what was finished, once the running items have ended.
    """
    if executor is not None and job.crossing is not None and getattr(executor, "crosses", False):
        return _cross(job, job.crossing, min(workers, job.count), executor)
    window = Window(job.count)
    done: list[Outcome | None] = [None] * job.count
    try:
        if executor is None:
            _drain(job, window, done)
        else:
            _share(job, window, done, min(workers, job.count), executor)
        return _in_order(done)
    except BaseException as signal:
        raise BatchInterrupted(signal, _in_order(done)) from signal


def _cross(job: Job, crossing: Crossing, workers: int, executor: Callable[[int], Any]) -> list[Outcome]:
    outcomes: list[Outcome] | None = None
    if not workers:
        return []
    try:
        with shielded(), executor(workers) as pool:
            outcomes = run_chunks(job, crossing, workers, pool)
    except BatchInterrupted:
        raise
    except BaseException as signal:
        if outcomes is None:
            raise  # nothing has run
        raise BatchInterrupted(signal, outcomes) from signal
    return outcomes


def _share(job: Job, window: Window, done: list[Outcome | None], workers: int, executor: ExecutorFactory) -> None:
    if not workers:
        return
    with shielded(), executor(workers) as pool:
        try:
            for future in [pool.submit(_drain, job, window, done) for _ in range(workers)]:
                wait_awake(lambda seconds, future=future: wait([future], seconds).done)  # type: ignore[misc]  # bound now
                future.result()
        except BaseException:
            _stop(job, window)
            window.wait_idle()
            raise


def _drain(job: Job, window: Window, done: list[Outcome | None]) -> None:
    # The hot loop. Each index is written by the one worker that took it.
    window.enter()
    try:
        while (index := window.take()) is not None:
            if job.cancel.cancelled:
                return
            try:
                outcome = done[index] = run_item(job, index)
            except ItemInterrupted as stop:
                done[index] = stop.outcome
                raise stop.signal from stop.signal.__cause__
            if job.fail_fast and outcome.status == "failed":
                window.stop()
    except BaseException:
        # Stopped here, by the worker itself: whoever waits for the first worker hears of the others later.
        _stop(job, window)
        raise
    finally:
        window.leave()


def _stop(job: Job, window: Window) -> None:
    window.stop()
    job.cancel.cancel()


def _in_order(done: list[Outcome | None]) -> list[Outcome]:
    return [Outcome(index, "cancelled") if outcome is None else outcome for index, outcome in enumerate(done)]
