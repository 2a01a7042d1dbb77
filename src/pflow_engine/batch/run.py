"""A job to its outcomes, in index order: one after the other, or by workers that pull.

Items are started in index order and a failure stops the handing out, so every item below the first one
that failed has been started and comes to its end: the lowest failed index is the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

from pflow_engine.batch.attempt import Job, run_item
from pflow_engine.batch.outcome import Outcome
from pflow_engine.batch.window import Window

ExecutorFactory = Callable[[int], Executor]
"""Makes an executor with so many workers; it is shut down when the batch ends."""


class BatchInterrupted(Exception):
    """Ctrl-C, or another exit of the whole process: the ``signal``, and the outcomes so far."""

    def __init__(self, signal: BaseException, outcomes: list[Outcome]) -> None:
        super().__init__("the batch was interrupted")
        self.signal = signal
        self.outcomes = outcomes


def run_batch(job: Job, *, workers: int = 1, executor: ExecutorFactory | None = None) -> list[Outcome]:
    """Run every item; one outcome each, in index order.

    With an ``executor``, ``workers`` at a time; without one, one after the other in this thread.

    Raises:
        BatchInterrupted: with what was finished, once the running items have ended.
    """
    window = Window(job.count)
    done: list[Outcome | None] = [None] * job.count
    try:
        if executor is None:
            _drain(job, window, done)
        else:
            _share(job, window, done, min(workers, job.count), executor)
    except BaseException as signal:
        raise BatchInterrupted(signal, _in_order(done)) from signal
    return _in_order(done)


def _share(job: Job, window: Window, done: list[Outcome | None], workers: int, executor: ExecutorFactory) -> None:
    if not workers:
        return
    with executor(workers) as pool:
        try:
            for future in [pool.submit(_drain, job, window, done) for _ in range(workers)]:
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
            except BaseException as signal:
                done[index] = Outcome(index, "failed", 1, None, "interrupted", type(signal).__name__)
                raise
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
