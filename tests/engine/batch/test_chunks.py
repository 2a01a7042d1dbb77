"""Items to outcomes over workers that share no memory. Most tests have such workers as threads, all else is the same."""

import multiprocessing
import pickle
import sqlite3
import sys
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import cloudpickle
import pytest

from pflow_engine import CancelToken, RealClock, Unhealable
from pflow_engine.batch import BatchInterrupted, ItemEvent, Job, far_side, run_batch
from pflow_engine.batch.chunks import Pace, run_chunks
from pflow_engine.batch.pool import ClusterLost, WorkerLost
from pflow_engine.errors import Problem

PATIENCE = 30
LOCAL = {}


def _find(key):
    return LOCAL[key]


class _Local:
    """Pickles to where it can be found again in this process, whatever it holds."""

    def __init__(self, value):
        self.key = len(LOCAL)
        LOCAL[self.key] = value

    def __reduce__(self):
        return _find, (self.key,)


class _Far:
    def __init__(self, work, fields):
        self.work, self.fields = work, fields

    def job(self, payloads, cancel, resources):
        said, fields = [], {**self.fields}
        if fields.pop("listening", False):
            fields["on_item"] = said.append

        def work(index, attempt):
            return self.work(payloads[index], index, attempt, cancel), None

        return Job(len(payloads), work, RealClock(), cancel, **fields), lambda: (len(payloads), said)


class _Crossing:
    def __init__(self, items, shared, parts=()):
        self.items, self.shared, self.named, self.reports = items, shared, parts, []

    def parts(self):
        return self.named

    def payload(self, index):
        return self.items[index]

    def merge(self, report):
        self.reports.append(report)


class _Threads(ThreadPoolExecutor):
    """Workers that share no memory, for all that ``run_chunks`` can tell."""

    crosses = True

    def __init__(self, workers=2):
        super().__init__(workers)
        self.chunks = []

    def submit(self, fn, /, *args):
        order = far_side.Order(*pickle.loads(args[0]))
        self.chunks.append(range(order.start, order.start + len(order.payloads)))
        return super().submit(fn, *args)

    def ask(self, function, /, *args):
        return {"one": function(*args)}

    def tell(self, function, /, *args):
        function(*args)

    def check(self):
        pass


@pytest.fixture
def over():
    """``over(pool, items, work, **job)``: the outcomes; ``work(item, index, attempt, cancel)`` gives outputs."""

    def run(pool, items, work, *, workers=2, cancel=None, crossing=None, on_item=None, **fields):  # noqa: PLR0913  # all of a job's
        crossing = crossing or _Crossing(items, _Far(_Local(work), {**fields, "listening": on_item is not None}))
        job = Job(len(items), None, RealClock(), cancel or CancelToken(), on_item=on_item, **fields)
        run.crossing = crossing
        with pool:
            return run_chunks(job, crossing, workers, pool)

    return run


def _words(outcomes):
    return [outcome.status for outcome in outcomes]


def test_input_order(over):
    """Outcomes come in index order, whatever the chunks."""
    outcomes = over(_Threads(), list("abcdefghij" * 20), lambda item, *_: {"item": item})
    assert list("abcdefghij" * 20) == [outcome.outputs["item"] for outcome in outcomes]
    assert list(range(200)) == [outcome.index for outcome in outcomes]


def test_nothing_to_do(over):
    """No items, no outcomes and no chunk."""
    pool = _Threads()
    assert ([], []) == (over(pool, [], None), pool.chunks)


def _behave(item, _index, attempt, _cancel):
    if attempt <= item[1]:
        if item[0] == "raise":
            raise ValueError(f"raised {item}")
        if item[0] == "hopeless":
            raise Unhealable(Problem("hopeless", "nothing helps"))
        return {"error": f"returned {item}"}
    return {"value": item[0]}


@pytest.mark.parametrize("fail_fast", [True, False])
def test_same_as_one_after_the_other(over, clock, fail_fast):
    """Statuses, errors, attempts and outputs are those of the items run in this thread."""
    items = [("raise", 1), ("return", 2), ("raise", 0), ("hopeless", 1), ("raise", 9), ("return", 0)]
    items = items[:3] * 5 + items
    far = over(_Threads(), items, _behave, max_retries=3, fail_fast=fail_fast)
    job = Job(len(items), None, clock, CancelToken(), max_retries=3, fail_fast=fail_fast)
    here = run_batch(_with_work(job, lambda index, attempt: (_behave(items[index], index, attempt, None), None)))
    failed = next((index for index, outcome in enumerate(here) if outcome.status == "failed"), len(items))
    up_to = failed + 1 if fail_fast else None
    assert [outcome[:6] for outcome in here[:up_to]] == [outcome[:6] for outcome in far[:up_to]]


def _with_work(job, work):
    return Job(job.count, work, job.clock, job.cancel, max_retries=job.max_retries, fail_fast=job.fail_fast)


def test_in_flight(over):
    """As many chunks are out as there are workers, never more."""
    three, lock, now, most = threading.Barrier(3), threading.Lock(), 0, 0

    def work(_item, index, *_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        if index < 3:
            three.wait(PATIENCE)
        with lock:
            now -= 1
        return {}

    over(_Threads(5), [0] * 50, work, workers=3)
    assert most == 3


def test_covers_once(over):
    """Every item is in one chunk, the first chunks have one, the later more."""
    pool = _Threads()
    over(pool, [0] * 500, lambda *_: {})
    assert list(range(500)) == [index for chunk in pool.chunks for index in chunk]
    assert [1, 1] == [len(chunk) for chunk in pool.chunks[:2]]
    assert max(len(chunk) for chunk in pool.chunks) > 1


def test_large_items_alone(over):
    """Megabytes of items make no chunk of many."""
    pool = _Threads()
    over(pool, [b"x" * 1_500_000] * 20, lambda *_: {})
    assert max(len(chunk) for chunk in pool.chunks) == 2


@pytest.mark.parametrize(
    ("learnt", "left", "expected"),
    [
        ([], 1000, 1),
        ([(1, 0.00001)], 10_000, 8),
        ([(1, 0.00001), (8, 0.00008)], 10_000, 64),
        ([(1000, 1.0)], 10_000, 100),
        ([(1000, 1.0)], 200, 50),
        ([(1000, 1.0)], 4, 20),
        ([(4, 4.0)], 10_000, 1),
        ([(0, 0.0)], 10_000, 1),
        ([(1, 0.0)], 10_000, 8),
    ],
    ids=["unknown", "grow", "grow again", "time", "share", "least", "slow", "none ran", "no time"],
)
def test_pace(learnt, left, expected):
    """A chunk takes about 0.1 s, grows eightfold at most, and leaves its share to the other worker."""
    pace = Pace()
    for items, seconds in learnt:
        pace.learn(items, seconds)
    assert expected == pace.size(left, 2)


def test_lowest_failure(over):
    """An item below the one that failed first still comes to its end, and is the failure."""
    failed = threading.Event()

    def work(_item, index, *_):
        if index == 1:
            failed.set()
            raise ValueError("first")
        assert failed.wait(PATIENCE)
        raise ValueError("lowest")

    outcomes = over(_Threads(), [0] * 9, work)
    assert ["failed"] * 2 + ["cancelled"] * 7 == _words(outcomes)
    assert "lowest" == str(outcomes[0].cause)


@pytest.fixture
def order():
    """``order(count, work, limit)``: what is sent of a chunk of a run that this process knows."""

    def make(count, work, *, limit=99, **fields):
        far_side.prepare("run", cloudpickle.dumps(_Far(_Local(work), fields)), [])
        return pickle.dumps(("run", 0, [pickle.dumps(index) for index in range(count)], limit))

    yield make
    far_side.forget("run")


def test_failure_elsewhere(order):
    """A failure on another worker stops the items above it and no others, also in a chunk that runs."""

    def work(_item, index, *_):
        if index == 2:
            far_side.lower("run", 5)
            far_side.lower("run", 7)
        return {}

    answer = far_side.Answer(*pickle.loads(far_side.run_chunk(order(10, work))))
    assert [0, 1, 2, 3, 4, 5] == [row[0] for row in answer.rows]


def test_failure_before(order):
    """A chunk that is sent after a failure runs only what is below it."""
    answer = far_side.Answer(*pickle.loads(far_side.run_chunk(order(10, lambda *_: {}, limit=3))))
    assert [0, 1, 2, 3] == [row[0] for row in answer.rows]


def test_failure_inside(order):
    """A failed item ends its chunk under fail_fast."""
    work = order(4, lambda item, *_: {"v": 1 // (item - 1)})
    assert [0, 1] == [row[0] for row in far_side.Answer(*pickle.loads(far_side.run_chunk(work))).rows]


def test_cancelled_there(order):
    """A run that was cancelled starts nothing more there, and its token is asked."""
    tokens = []

    def work(_item, _index, _attempt, cancel):
        tokens.append(cancel)
        far_side.cancel("run")
        return {}

    answer = far_side.Answer(*pickle.loads(far_side.run_chunk(order(3, work))))
    assert [0] == [row[0] for row in answer.rows]
    assert tokens[0].cancelled


def test_unknown_run():
    """A worker that never heard of a run says so, and words about it pass."""
    far_side.cancel("unknown")
    far_side.lower("unknown", 1)
    assert far_side.MISSING == far_side.run_chunk(pickle.dumps(("unknown", 0, [], 0)))


def test_sent_again(over):
    """A worker that knows nothing of the run is sent what is shared with the chunk."""

    class Forgetful(_Threads):
        def ask(self, _function, /, *_args):
            return {"died": OSError("gone")}

    outcomes = over(Forgetful(), [1, 2, 3], lambda item, *_: {"item": item})
    assert [1, 2, 3] == [outcome.outputs["item"] for outcome in outcomes]


def test_forgotten(over):
    """Workers keep nothing of a run that has ended."""
    over(_Threads(), [1, 2], lambda *_: {})
    assert {} == dict(far_side._runs)


def test_oldest_forgotten():
    """A worker keeps a few runs of clients that never said goodbye."""
    for number in range(20):
        far_side.prepare(f"run {number}", pickle.dumps(None), [])
    kept = list(far_side._runs)
    for name in kept:
        far_side.forget(name)
    assert [f"run {number}" for number in range(12, 20)] == kept


def test_cancelled_meanwhile(over):
    """A run that is asked to stop asks the workers, ends what is running and starts no more."""
    cancel = CancelToken()

    def work(_item, index, _attempt, far_cancel):
        if index == 1:
            cancel.cancel()
        if index < 2:
            assert far_cancel.wait(PATIENCE)
        return {}

    outcomes = over(_Threads(), [0] * 9, work, cancel=cancel)
    assert ["completed"] * 2 + ["cancelled"] * 7 == _words(outcomes)


def test_interrupted_there(over):
    """Ctrl-C in a worker ends the batch here, with what was done."""

    def work(_item, index, _attempt, cancel):
        if index == 1:
            raise KeyboardInterrupt
        assert cancel.wait(PATIENCE)
        return {}

    with pytest.raises(BatchInterrupted) as caught:
        over(_Threads(), [0] * 9, work)
    assert isinstance(caught.value.signal, KeyboardInterrupt)
    assert ["completed", "failed", *["cancelled"] * 7] == _words(caught.value.outcomes)


class _Interrupting(_Threads):
    """Ctrl-C comes while a chunk is sent; a second one, if wanted, while the first are waited for."""

    def __init__(self, *, twice=False):
        super().__init__()
        self.twice, self.given_up = twice, threading.Event()

    def submit(self, fn, /, *args):
        if self.chunks:
            raise KeyboardInterrupt
        return super().submit(fn, *args)

    def tell(self, function, /, *args):
        super().tell(function, *args)
        if function is far_side.cancel and self.twice:
            self.twice = False
            raise KeyboardInterrupt
        if function is far_side.forget:
            self.given_up.set()


def test_interrupted_here(over):
    """Ctrl-C here asks the workers to stop, and what was running there still counts."""
    with pytest.raises(BatchInterrupted) as caught:
        over(_Interrupting(), [0] * 9, lambda _item, _index, _attempt, cancel: {"asked": cancel.wait(PATIENCE)})
    assert ["completed"] + ["cancelled"] * 8 == _words(caught.value.outcomes)
    assert caught.value.outcomes[0].outputs == {"asked": True}


def test_interrupted_twice(over):
    """Ctrl-C once more leaves the workers to themselves."""
    pool = _Interrupting(twice=True)
    with pytest.raises(BatchInterrupted) as caught:
        over(pool, [0] * 9, lambda *_: {"given up": pool.given_up.wait(PATIENCE)})
    assert ("failed", "interrupted") == (caught.value.outcomes[0].status, caught.value.outcomes[0].error)


def _refused(over, items, parts=(), work=None):
    pool, started = _Threads(), []
    crossing = _Crossing(items, _Far(_Local(started.append) if not parts else dict(parts), {}), parts)
    with pytest.raises(Unhealable) as caught:
        over(pool, items, work, crossing=crossing)
    assert [] == pool.chunks
    return [problem.message for problem in caught.value.problems]


def test_unpicklable_named(over):
    """All that cannot be sent is named before anything has run."""
    with sqlite3.connect(":memory:") as connection:
        parts = [("'db' in the store", connection), ("'lock' in the store", threading.Lock()), ("'x' in the store", 1)]
        messages = _refused(over, [1, threading.Lock(), 3, connection], parts)
    connection.close()
    assert [
        "'db' in the store (sqlite3.Connection) cannot be sent to a worker: cannot pickle 'sqlite3.Connection' object",
        "'lock' in the store (_thread.lock) cannot be sent to a worker: cannot pickle '_thread.lock' object",
        "item 1 (_thread.lock) cannot be sent to a worker: cannot pickle '_thread.lock' object",
        "item 3 (sqlite3.Connection) cannot be sent to a worker: cannot pickle 'sqlite3.Connection' object",
    ] == messages


def test_many_unpicklable(over):
    """Of a thousand items that cannot be sent the first twenty are named."""
    messages = _refused(over, [threading.Lock()] * 1000)
    assert (21, "and 980 more items cannot be pickled") == (len(messages), messages[-1])


class _OnlyHere:
    """Unpickles once: where it was made."""

    def __init__(self, times):
        self.times = times

    def __reduce__(self):
        return _once, (_Local([0]), self.times)


def _once(count, times):
    count[0] += 1
    if count[0] > times:
        raise ModuleNotFoundError("No module named 'special.kit'", name="special.kit")
    return _OnlyHere(times)


def test_unreadable_part_named(over):
    """What cannot be unpickled on a worker is named before anything has run, with what is missing there."""
    messages = _refused(over, [1], [("'a' in the store", 5), ("'kit' in the store", _OnlyHere(0))])
    assert 1 == len(messages)
    assert "'kit' in the store" in messages[0]
    assert messages[0].endswith("cannot be read on a worker: No module named 'special.kit'")


def test_unreadable_item_fails(over):
    """An item that a worker cannot read after all fails, and no other does."""
    outcomes = over(_Threads(), [1, _OnlyHere(1), 3], lambda *_: {}, fail_fast=False, on_item=print)
    assert ["completed", "failed", "completed"] == _words(outcomes)
    assert "the item cannot be unpickled on the worker: No module named 'special.kit'" == outcomes[1].error
    assert "ModuleNotFoundError" == outcomes[1].error_type
    events = [event for _, events in over.crossing.reports for event in events if event.index == 1]
    assert [("item_start", ""), ("attempt_failed", ""), ("item_end", "failed")] == [
        (event.kind, event.status) for event in events
    ]


@pytest.mark.parametrize("reported", [True, False])
def test_unpicklable_output(over, reported):
    """An output that cannot be sent back fails its item, named, and no other item."""

    def work(item, *_):
        return {"v": item} if item != 1 else {"lock": threading.Lock(), **({"error": "bad"} if reported else {})}

    outcomes = over(_Threads(), [0, 1, 2], work, fail_fast=False)
    said = "output 'lock' (_thread.lock) cannot be pickled: cannot pickle '_thread.lock' object"
    assert ["completed", "failed", "completed"] == _words(outcomes)
    assert ("bad; " if reported else "") + said == outcomes[1].error
    assert ("error" if reported else "TypeError") == outcomes[1].error_type


def test_unpicklable_name(over):
    """Outputs whose names cannot be sent back fail their item as well."""
    outcomes = over(_Threads(), [1], lambda *_: {threading.Lock(): 1})
    assert "the outputs cannot be pickled: cannot pickle '_thread.lock' object" == outcomes[0].error


def test_unreadable_output(over):
    """An output that cannot be read here fails its item."""
    outcomes = over(_Threads(), [1], lambda *_: {"kit": _OnlyHere(0)})
    assert "its outputs cannot be unpickled here: No module named 'special.kit'" == outcomes[0].error
    assert isinstance(outcomes[0].cause, ModuleNotFoundError)


def test_events(over):
    """A worker tells of each item's start and end, and an item whose outputs stay there ends as failed."""
    outcomes = over(
        _Threads(1), [1, 2], lambda item, *_: {"v": threading.Lock() if item == 2 else 1}, on_item=print, workers=1
    )
    assert ["completed", "failed"] == _words(outcomes)
    assert (
        [
            ItemEvent("item_start", 0, 1),
            ItemEvent("item_end", 0, 1, "completed"),
            ItemEvent("item_start", 1, 1),
            ItemEvent("attempt_failed", 1, 1, error=outcomes[1].error, error_type="TypeError"),
            ItemEvent("item_end", 1, 1, "failed"),
        ]
        == [
            event if event.status != "completed" else event._replace(outputs=None)
            for _, events in over.crossing.reports
            for event in events
        ]
        if hasattr(over, "crossing")
        else True
    )


def test_reports_merged(over):
    """Each chunk's report is taken in once."""
    pool = _Threads()
    far = _Crossing([0] * 100, _Far(_Local(lambda *_: {}), {}))
    over(pool, [0] * 100, None, crossing=far)
    assert (len(pool.chunks), 100) == (len(far.reports), sum(count for count, _ in far.reports))


class _Picky(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize("error", [KeyError("x"), _Picky("one", "two"), SystemExit(3)], ids=repr)
def test_cause_travels(over, error):
    """An item's exception keeps its name, its text and its causes, also where it cannot be pickled itself."""

    def work(*_):
        raise error from ValueError("deeper")

    cause = over(_Threads(), [1], work)[0].cause
    assert (type(error).__name__, str(error)) == (type(cause).__name__, str(cause))
    assert ("ValueError", "deeper") == (type(cause.__cause__).__name__, str(cause.__cause__))


class _Deadly(_Threads):
    """Kills every worker that has one of the ``deadly`` items; in company, all chunks that are out die with it."""

    def __init__(self, deadly):
        super().__init__()
        self.deadly = deadly

    def submit(self, fn, /, *args):
        future = super().submit(fn, *args)
        if self.deadly.isdisjoint(self.chunks[-1]):
            return future
        lost = Future()
        lost.set_exception(WorkerLost("worker died"))
        return lost


def test_killed_alone(over):
    """A chunk that killed its workers is tried again item by item; the one that kills once more fails as data."""
    pool = _Deadly({40})
    outcomes = over(pool, list(range(100)), lambda item, *_: {"item": item}, fail_fast=False)
    assert [40] == [outcome.index for outcome in outcomes if outcome.status == "failed"]
    assert ("every worker that it ran on died", "KilledWorker") == outcomes[40][4:6]
    assert range(40, 41) in pool.chunks


def test_killed_stops(over):
    """Under fail_fast a killer is a failure like any other."""
    outcomes = over(_Deadly({3}), list(range(1000)), lambda item, *_: {"item": item})
    assert ["completed"] * 3 + ["failed"] == _words(outcomes)[:4]
    assert "cancelled" == outcomes[-1].status
    assert isinstance(outcomes[3].cause, WorkerLost)


def test_suspect_in_company(over):
    """One item alone that died in company is tried once more without it, and succeeds."""

    class Company(_Threads):
        def submit(self, fn, /, *args):
            future = super().submit(fn, *args)
            if len(self.chunks) > 2:
                return future
            lost = Future()
            lost.set_exception(WorkerLost("the neighbour"))
            return lost

    pool = Company()
    outcomes = over(pool, list(range(6)), lambda item, *_: {"item": item})
    assert ["completed"] * 6 == _words(outcomes)
    assert [range(1), range(1, 2), range(1), range(1, 2)] == pool.chunks[:4]


def test_cluster_lost(over):
    """When nobody is left to run anything the batch ends with what was done, and says why."""

    class Lost(_Threads):
        def submit(self, fn, /, *args):
            future = super().submit(fn, *args)
            if len(self.chunks) == 2:
                future = Future()
                future.set_exception(ClusterLost(Problem("lost", "the scheduler is gone")))
            return future

    with pytest.raises(BatchInterrupted) as caught:
        over(Lost(), list(range(1000)), lambda item, *_: {"item": item}, workers=1)
    outcomes = caught.value.outcomes
    assert ["completed", "failed", "cancelled"] == [outcomes[index].status for index in (0, 1, 999)]
    assert ("the scheduler is gone", "ClusterLost") == outcomes[1][4:6]
    assert isinstance(caught.value.signal, ClusterLost)


def test_chunk_breaks(over):
    """A chunk that could not be run at all fails its items, with the reason, and no others."""

    class Late(_Threads):
        def submit(self, fn, /, *args):
            future = super().submit(fn, *args)
            if 1 in self.chunks[-1]:
                future = Future()
                future.set_exception(ModuleNotFoundError("No module named 'pflow_engine'"))
            return future

    outcomes = over(Late(), [1, 2, 3], lambda *_: {}, fail_fast=False)
    assert ["completed", "failed", "completed"] == _words(outcomes)
    assert "its chunk could not be run: No module named 'pflow_engine'" == outcomes[1].error


class _Processes(ProcessPoolExecutor):
    crosses = True

    def ask(self, function, /, *args):
        return {"one": self.submit(function, *args).result()}

    def tell(self, function, /, *args):
        self.submit(function, *args)

    def check(self):
        pass


def _squared(item, *_):
    return {"item": item * item}


def test_processes():
    """The processes of the standard library are such a pool as well."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        crossing = _Crossing(list(range(50)), _Far(_squared, {}))
        with _Processes(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            outcomes = run_chunks(Job(50, None, RealClock(), CancelToken()), crossing, 2, pool)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert [index * index for index in range(50)] == [outcome.outputs["item"] for outcome in outcomes]
