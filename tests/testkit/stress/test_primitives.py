"""Everything to wait with, under the schedule."""

import _thread
import contextlib
import copy
import queue
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait

import pytest
from zoo.together import together

from pflow_testkit.stress import explore

NEIGHBOURS = threading.Lock()


def sound(fn, schedules=60, **options):
    """Explore what must hold in every schedule."""
    for strategy in ("pct", "random"):
        found = explore(fn, schedules=schedules, strategy=strategy, **options).found
        assert found is None, found.report()


def stuck(fn, **options):
    """The report of a deadlock."""
    found = explore(fn, **options).found
    assert "deadlock" == found.failure.kind, found.report()
    return found.report()


@pytest.mark.parametrize("granularity", ["opcode", "line", "hook"])
@pytest.mark.parametrize("kind", [threading.Lock, threading.RLock, threading.Condition])
def test_mutual_exclusion(kind, granularity):
    """A lock lets one in at a time."""
    name = kind.__name__ if isinstance(kind, type) else ("Lock" if kind is threading.Lock else "RLock")

    def fn():
        lock, inside, most = getattr(threading, "Lock" if name == "lock" else name)(), [], []

        def work():
            with lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

        together(work, work, work)
        assert [1, 1, 1] == most

    sound(fn, granularity=granularity)


def test_lock_is_a_lock():
    """Locks made under the schedule do what threading's do, errors included."""

    def fn():
        lock = threading.Lock()
        assert lock.acquire(timeout=1)
        assert lock.locked()
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=0.5)
        lock.release()
        with pytest.raises(RuntimeError):
            lock.release()
        with pytest.raises(ValueError, match="non-blocking"):
            lock.acquire(False, 1)
        with pytest.raises(ValueError, match="non-negative"):
            lock.acquire(True, -2)
        with pytest.raises(TypeError, match="cannot pickle"):
            copy.deepcopy(lock)

    sound(fn, 1)


def test_rlock_counts():
    """A re-entrant lock is free after as many releases as acquires, and belongs to its thread."""

    def fn():
        lock, got = threading.RLock(), []
        with lock, lock:
            threading_thread = threading.Thread(target=lambda: got.append(lock.acquire(blocking=False)))
            threading_thread.start()
            threading_thread.join()
        assert [False] == got
        together(lambda: got.append(lock.acquire(blocking=False)))
        assert [False, True] == got

    sound(fn, 20)


def test_condition_hands_over():
    """Producer and consumer by a condition over an RLock that is held twice."""

    def fn():
        changed, items, taken = threading.Condition(), [], []

        def take():
            with changed, changed:
                changed.wait_for(lambda: items)
                taken.append(items.pop())

        def give():
            with changed:
                items.append(1)
                changed.notify()

        together(take, give, take, give)
        assert [1, 1] == taken

    sound(fn)


def test_event_semaphore_barrier():
    """Events open, semaphores count, barriers gather."""

    def fn():
        event, slots, gate = threading.Event(), threading.BoundedSemaphore(2), threading.Barrier(3)
        inside, most, order = [], [], []

        def work():
            event.wait()
            with slots:
                inside.append(1)
                most.append(len(inside))
                inside.pop()
            order.append("before")
            gate.wait()
            order.append("after")

        together(work, work, work, event.set)
        assert 2 >= max(most)
        assert ["before"] * 3 == order[:3]

    sound(fn)


@pytest.mark.parametrize("kind", ["Queue", "LifoQueue", "SimpleQueue"])
def test_queues_lose_nothing(kind):
    """What is put is got, once."""

    def fn():
        tasks, got = getattr(queue, kind)(), []
        together(
            *[lambda number=number: tasks.put(number) for number in range(3)], *[lambda: got.append(tasks.get())] * 3
        )
        assert [0, 1, 2] == sorted(got)

    sound(fn)


def test_queue_timeout():
    """A get that nothing comes for ends at its time, of the schedule's clock."""

    def fn():
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=3600)

    explored = explore(fn, schedules=20)
    assert explored.found is None
    assert 10 > explored.seconds


def test_sleep_is_virtual():
    """Sleep takes no time, and who sleeps longer wakes later."""

    def fn():
        order = []

        def work(seconds):
            time.sleep(seconds)
            order.append(seconds)

        together(lambda: work(7200), lambda: work(3600))
        assert [3600, 7200] == order

    explored = explore(fn, schedules=50)
    assert explored.found is None
    assert 10 > explored.seconds


def test_clock_goes_with_sleep():
    """The clock says what was slept, and a loop that waits for a moment comes to it."""

    def fn():
        start = time.monotonic()
        time.sleep(100)
        assert 100 <= time.monotonic() - start < 101
        while time.monotonic() < start + 100.001:
            pass

    sound(fn, 2)


def test_race_in_sleepers():
    """Threads that wake up at the same time race."""

    def fn():
        total = [0]

        def work():
            time.sleep(1)
            total[0] += 1

        together(work, work)
        assert 2 == total[0]

    assert 1 == explore(fn).found.switches


def test_timer_fires():
    """A timer runs when its time has come."""

    def fn():
        fired = threading.Event()
        threading.Timer(30, fired.set).start()
        assert fired.wait(60)

    sound(fn)


def test_join_timeout():
    """A join gives up at its time; the thread is alive until it has ended."""

    def fn():
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        thread.join(5)
        assert thread.is_alive()
        go.set()
        thread.join()
        assert not thread.is_alive()

    sound(fn, 20)


def test_nested_executors():
    """An executor inside of another's work, map, as_completed and wait."""

    def fn():
        def outer(number):
            with ThreadPoolExecutor(2) as inner:
                return sum(inner.map(lambda n: n * number, range(3)))

        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(outer, number) for number in range(3)]
            assert [0, 3, 6] == sorted(future.result() for future in as_completed(futures))
            done, _ = wait([pool.submit(outer, 1)], return_when=FIRST_COMPLETED)
            assert [3] == [future.result() for future in done]

    sound(fn, 15)


def test_executor_race():
    """A race in what an executor runs is found."""

    def fn():
        counts = {}

        def count(_):
            counts["n"] = counts.get("n", 0) + 1

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(count, range(2)))
        assert 2 == counts["n"]

    assert 10 == explore(fn).found.replayed


def test_deadlock_shown():
    """Everyone waits: each is named with its stack, what it waits for, and who has it."""
    from zoo import lock_order_inversion  # noqa: PLC0415

    report = stuck(lock_order_inversion.broken)
    assert report.startswith("deadlock: thread 1 and thread 2 wait for each other")
    assert "main  waits for thread 1 to end" in report
    assert "lock_order_inversion.py:12, held by thread 2" in report
    assert "with source.lock, target.lock:" in report


def test_self_deadlock_named():
    """A thread that waits for a lock of its own is told so."""

    def fn():
        lock = threading.Lock()
        with lock, lock:
            pass

    assert stuck(fn).startswith("deadlock: main waits for a lock that it holds itself")


def test_waits_in_queue():
    """What it waits in is named as the user knows it."""

    def fn():
        queue.Queue().get()

    assert "main  waits in Queue.get" in stuck(fn)


def test_catches_everything():
    """A thread that catches whatever ends it does not keep the exploration from ending."""

    def fn():
        lock = threading.Lock()
        lock.acquire()

        def work():
            while True:
                with contextlib.suppress(BaseException):
                    lock.acquire()

        together(work)

    stuck(fn)


def test_polling_deadlock():
    """Who only wakes up to look again is waiting as well."""

    def fn():
        lock, done = threading.Lock(), threading.Event()
        lock.acquire()
        thread = threading.Thread(target=lock.acquire)
        thread.start()
        while not done.wait(0.05):
            pass

    stuck(fn, schedules=1)


def test_endless_loop():
    """A loop that never ends is found out."""

    def fn():
        flag = []
        together(lambda: [None for _ in iter(lambda: bool(flag), True)])

    assert "no end" == explore(fn, schedules=0).found.failure.kind


def test_spinning_gives_way():
    """A thread that waits in a loop for another gives way to it after a while."""

    def fn():
        flag = []

        def wait_for_flag():
            while not flag:
                pass

        together(wait_for_flag, lambda: flag.append(1))

    sound(fn, 10)


def test_left_behind():
    """A thread that can never end is named; a daemon may stay."""

    def fn(*, daemon):
        threading.Thread(target=threading.Event().wait, name="watcher", daemon=daemon).start()

    assert "watcher had not ended" in explore(lambda: fn(daemon=False)).found.failure.text
    assert explore(lambda: fn(daemon=True), schedules=5).found is None


def test_forever_periodic():
    """A thread that sleeps and works for ever is left behind, and the exploration ends."""

    def fn():
        def beat():
            while True:
                time.sleep(1)

        threading.Thread(target=beat).start()

    assert "thread left behind" == explore(fn).found.failure.kind


@pytest.mark.parametrize("busy", [False, True], ids=["asleep", "busy"])
def test_neighbours(busy):
    """Threads that are not of the schedule, asleep or busy with locks of their own, do not hide a deadlock."""
    stop = _thread.allocate_lock()
    stop.acquire()

    def neighbour():
        while not stop.acquire(timeout=0.0001 if busy else 60):
            with NEIGHBOURS:
                pass

    thread = threading.Thread(target=neighbour)
    thread.start()
    try:
        test_polling_deadlock()
    finally:
        stop.release()
        thread.join()
