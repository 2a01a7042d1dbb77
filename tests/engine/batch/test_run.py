"""A job to its outcomes."""

import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

from pflow_engine import CancelToken
from pflow_engine.batch import BatchInterrupted, Job, run_batch

PATIENCE = 30
both = pytest.mark.parametrize("executor", [None, ThreadPoolExecutor], ids=["sequential", "parallel"])


@pytest.fixture
def job(clock):
    """``job(count, work, **job)``; ``work(index)`` gives the outputs."""

    def make(count, work, *, cancel=None, **fields):
        return Job(count, lambda index, _attempt: (work(index), None), clock, cancel or CancelToken(), **fields)

    return make


def _words(outcomes):
    return [outcome.status for outcome in outcomes]


@both
def test_input_order(job, executor):
    """Outcomes come in index order, in both modes."""
    outcomes = run_batch(job(50, lambda index: {"index": index}), workers=7, executor=executor)
    assert list(range(50)) == [outcome.index for outcome in outcomes]
    assert list(range(50)) == [outcome.outputs["index"] for outcome in outcomes]


def test_order_not_completion(job):
    """An item that ends last stands where it started."""
    later = threading.Event()

    def work(index):
        if index == 0:
            assert later.wait(PATIENCE)
        else:
            later.set()
        return {"index": index}

    outcomes = run_batch(job(2, work), workers=2, executor=ThreadPoolExecutor)
    assert [0, 1] == [outcome.outputs["index"] for outcome in outcomes]


@both
def test_nothing_to_do(job, executor):
    """No items, no outcomes."""
    assert run_batch(job(0, lambda _: {}), executor=executor) == []


@both
def test_continue_tries_all(job, executor):
    """Without fail_fast every item is tried."""
    outcomes = run_batch(job(4, lambda index: {"v": 1 // (index % 2)}, fail_fast=False), executor=executor)
    assert ["failed", "completed", "failed", "completed"] == _words(outcomes)


@both
def test_fail_fast_stops(job, executor):
    """With fail_fast no item starts after one failed; those that did not start are cancelled."""
    outcomes = run_batch(job(4, lambda index: {"v": 1 // (index - 1)}), workers=1, executor=executor)
    assert ["completed", "failed", "cancelled", "cancelled"] == _words(outcomes)
    assert [1, 1, 0, 0] == [outcome.attempts for outcome in outcomes]


def test_running_end(job):
    """Items that run when one fails come to their end: the lowest index that failed is always known."""
    both_run, failed = threading.Barrier(3), threading.Event()

    def work(index):
        both_run.wait(PATIENCE)
        if index == 2:
            failed.set()
            raise ValueError("first to fail")
        assert failed.wait(PATIENCE)
        if index == 0:
            raise ValueError("lowest")
        return {}

    outcomes = run_batch(job(9, work), workers=3, executor=ThreadPoolExecutor)
    assert ["failed", "completed", "failed"] == _words(outcomes)[:3]


@pytest.mark.parametrize("workers", [1, 3, 100])
def test_in_flight(job, workers):
    """As many items are in flight as there are workers, never more."""
    all_there, lock, now, most = threading.Barrier(workers), threading.Lock(), 0, 0

    def work(_index):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        all_there.wait(PATIENCE)
        with lock:
            now -= 1
        return {}

    run_batch(job(workers * 3, work), workers=workers, executor=ThreadPoolExecutor)
    assert most == workers


class _Counting(Executor):
    """An executor that runs what it is given at once, and counts."""

    def __init__(self, workers):
        self.workers = workers
        self.futures = 0
        _Counting.last = self

    def submit(self, fn, /, *args, **kwargs):
        self.futures += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_few_futures(job):
    """There are no more futures than workers, however many items."""
    run_batch(job(100_000, lambda _: {}), workers=10, executor=_Counting)
    assert (10, 10) == (_Counting.last.workers, _Counting.last.futures)


def test_few_workers(job):
    """There are no more workers than items."""
    run_batch(job(3, lambda _: {}), workers=10, executor=_Counting)
    assert _Counting.last.workers == 3


@both
def test_cancelled_before(job, executor):
    """A run that was asked to stop starts no item."""
    cancel = CancelToken()
    cancel.cancel()
    assert ["cancelled"] * 3 == _words(run_batch(job(3, lambda _: {}, cancel=cancel), executor=executor))


@both
def test_cancelled_meanwhile(job, executor):
    """A run that is asked to stop ends what is running and starts no more."""
    cancel = CancelToken()

    def work(index):
        if index == 1:
            cancel.cancel()
        return {}

    outcomes = run_batch(job(4, work, cancel=cancel), workers=1, executor=executor)
    assert ["completed", "completed", "cancelled", "cancelled"] == _words(outcomes)


@both
def test_interrupted(job, executor):
    """Ctrl-C ends the batch with what was done; the item it caught counts as failed, not as never started."""
    cancel = CancelToken()

    def work(index):
        if index == 2:
            raise KeyboardInterrupt
        return {"index": index}

    with pytest.raises(BatchInterrupted) as caught:
        run_batch(job(5, work, cancel=cancel), workers=1, executor=executor)
    assert ["completed", "completed", "failed", "cancelled", "cancelled"] == _words(caught.value.outcomes)
    assert isinstance(caught.value.signal, KeyboardInterrupt)
    assert cancel.cancelled


def test_interrupt_in_worker(job):
    """Ctrl-C in the last worker stops the handing out while the first is still at work."""
    both_run, started = threading.Barrier(2), []
    cancel = CancelToken()

    def work(index):
        started.append(index)
        both_run.wait(PATIENCE)
        if index == 1:
            raise KeyboardInterrupt
        assert cancel.wait(PATIENCE)
        return {}

    with pytest.raises(BatchInterrupted) as caught:
        run_batch(job(6, work, cancel=cancel), workers=2, executor=ThreadPoolExecutor)
    assert ["completed", "failed", *["cancelled"] * 4] == _words(caught.value.outcomes)
    assert [0, 1] == sorted(started)


def test_no_thread_to_be_had(job):
    """An executor that cannot start its workers ends the batch with what was done."""

    class Poor(_Counting):
        def submit(self, *_args):
            if self.futures:
                raise RuntimeError("can't start new thread")
            self.futures += 1
            return ThreadlessFuture()

    class ThreadlessFuture(Future):
        pass

    with pytest.raises(BatchInterrupted) as caught:
        run_batch(job(3, lambda _: {}), workers=2, executor=Poor)
    assert str(caught.value.signal) == "can't start new thread"


def test_waits_for_unknown_worker(job):
    """A worker that Ctrl-C caught the executor starting comes to its end before the batch does."""
    cancel, started = CancelToken(), threading.Event()

    class Caught(ThreadPoolExecutor):
        def submit(self, fn, /, *args):
            threading.Thread(target=fn, args=args).start()
            assert started.wait(PATIENCE)
            raise KeyboardInterrupt

    def work(_index):
        started.set()
        assert cancel.wait(PATIENCE)
        return {}

    with pytest.raises(BatchInterrupted) as caught:
        run_batch(job(3, work, cancel=cancel), workers=2, executor=Caught)
    assert ["completed", "cancelled", "cancelled"] == _words(caught.value.outcomes)
