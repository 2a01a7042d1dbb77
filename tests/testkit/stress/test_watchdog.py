"""Threads that wait for something outside of the schedule."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from zoo import lost_wakeup
from zoo.together import together

from pflow_testkit.stress import explore


def test_let_go_with_warning():
    """A thread that waits in a pipe is let go, others go on, and the line is named."""

    def fn():
        reading, writing = os.pipe()
        got = []

        def wait():
            got.append(os.read(reading, 1))

        together(wait, lambda: os.write(writing, b"x"))
        os.close(reading)
        os.close(writing)
        assert [b"x"] == got

    explored = explore(fn, schedules=3)
    assert explored.found is None, explored.found.report()
    assert "got.append(os.read(reading, 1))" in explored.warnings[0]
    assert "thread 1 waited for something outside of the schedule" in explored.warnings[0]


def test_foreign_thread_wakes():
    """A thread that is not under the schedule may release what one of its threads waits for."""
    asked, answered = threading.Event(), []

    def fn():
        done = threading.Lock()
        done.acquire()
        answered.append(done)
        asked.set()
        together(done.acquire)

    def answer():
        while asked.wait(5):
            asked.clear()
            answered.pop().release()

    helper = threading.Thread(target=answer, daemon=True)
    helper.start()
    explored = explore(fn, schedules=0)
    helper.join(0)
    assert explored.found is None, explored.found.report()


def test_busy_is_not_waiting():
    """A thread at work in C code, however long, is not let go."""

    def fn():
        together(*[lambda: sum(range(6_000_000))] * 2)

    explored = explore(fn, schedules=1)
    assert explored.found is None
    assert () == explored.warnings


def test_deadlock_beside_others():
    """Beside a thread that is not under the schedule a deadlock is found as well, once nothing comes of that one."""
    over = threading.Event()
    bystander = threading.Thread(target=over.wait)
    bystander.start()
    found = explore(lost_wakeup.broken).found
    over.set()
    bystander.join()
    assert ("deadlock", 10) == (found.failure.kind, found.replayed)


def test_woken_while_coming_back():
    """Who was let go, comes back and is about to wait, does not miss that what it wants was given meanwhile."""

    def fn():
        reading, writing = os.pipe()
        pool = ThreadPoolExecutor(1)
        read = pool.submit(os.read, reading, 1)
        together(lambda: None)  # while the pool's thread waits outside
        os.write(writing, b"x")
        waiters = pool._work_queue._count._cond._waiters
        for _ in range(1_000_000):
            if waiters and waiters[0]._waiting:
                break
            os.sched_yield()
        pool.shutdown()
        os.close(reading)
        os.close(writing)
        assert b"x" == read.result()

    explored = explore(fn, schedules=5, granularity="hook")
    assert explored.found is None, explored.found.report()
