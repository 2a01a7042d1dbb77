"""What modules hold is put back before each schedule."""

import functools
import logging
import threading
from collections import Counter, OrderedDict, deque
from typing import ClassVar

from zoo.together import together

from pflow_testkit.stress import explore

LOCK = threading.Lock()
AGAIN = threading.RLock()
READY = threading.Condition()
count = 0
cache, names, seen, line = {}, [], set(), deque()
nested = OrderedDict(inner={"list": [1]})
tally = Counter()
runs = []


class Holder:
    """Holds things on the class and on itself."""

    made = None
    many: ClassVar = []

    def __init__(self):
        self.value = 0

    @functools.cached_property
    def costly(self):
        """Made once."""
        return object()


holder = Holder()


@functools.lru_cache
def known(number):
    """Another object for each number."""
    return object()


def remember(value, into=[]):  # noqa: B006  # this is what is put back
    """Keep it in the default."""
    into.append(value)
    return len(into)


def test_put_back():
    """Globals, class attributes, containers, default arguments and caches are as they were in each schedule."""

    def fn():
        global count, fresh  # this is what is put back
        assert (0, None, [], 0) == (count, Holder.made, Holder.many, holder.value)
        assert ({}, [], set(), deque(), Counter()) == (cache, names, seen, line, tally)
        assert {"list": [1]} == nested["inner"]
        assert "fresh" not in globals()
        assert 1 == remember(1)
        assert 0 == known.cache_info().currsize
        assert "costly" not in vars(holder)
        known(1)
        count, Holder.made, holder.value, fresh = 1, object(), 1, True
        Holder.many.append(1)
        Holder.new = 1
        cache[1] = names.append(1) or seen.add(1) or line.append(1)
        tally["a"] += 1
        nested["inner"]["list"].append(2)
        nested["more"] = 1
        assert holder.costly is holder.costly
        together(lambda: None, lambda: None)

    explored = explore(fn, schedules=20)
    assert explored.found is None, explored.found.report()
    assert (0, {}, [], None) == (count, cache, names, Holder.made)
    assert not hasattr(Holder, "new")


def test_module_locks_adopted():
    """Locks of a module that were made before are under the schedule, and named where they stand."""

    def fn():
        def one():
            with LOCK, AGAIN:
                pass

        def two():
            with AGAIN, LOCK:
                pass

        together(one, two)

    report = explore(fn).found.report()
    assert "the lock tests.testkit.stress.test_surroundings.LOCK, held by" in report.replace(
        __name__, "tests.testkit.stress.test_surroundings"
    )
    assert not LOCK.locked()
    assert type(LOCK) is type(threading._allocate_lock())


def test_module_condition_adopted():
    """So are the locks of conditions, in all the places where those keep them."""

    def fn():
        got = []

        def take():
            with READY:
                READY.wait_for(lambda: names)
                got.append(names.pop())

        def give():
            with READY:
                names.append(1)
                READY.notify()

        together(take, give)
        assert [1] == got

    explored = explore(fn, schedules=50)
    assert explored.found is None, explored.found.report()


def test_cached_property_race():
    """A cached property's lock is under the schedule: two threads get the same object."""

    def fn():
        got = []
        together(*[lambda: got.append(holder.costly)] * 2)
        assert got[0] is got[1]

    explored = explore(fn, schedules=50)
    assert explored.found is None, explored.found.report()


def test_logging_goes_on():
    """Threads may log under the schedule, with formatters of the user's."""

    class Formatter(logging.Formatter):
        def format(self, record):
            cache[record.msg] = 1
            return super().format(record)

    logger, handler = logging.getLogger("stress-test"), logging.StreamHandler()
    handler.setFormatter(Formatter())
    logger.addHandler(handler)
    try:
        explored = explore(lambda: together(*[lambda: logger.warning("said")] * 2), schedules=30)
    finally:
        logger.removeHandler(handler)
    assert explored.found is None, explored.found.report()
    assert not explored.warnings


def test_closures_left_alone():
    """What a function only closes over is its own to reset."""
    calls = []
    explore(lambda: together(lambda: calls.append(1)), schedules=5)
    assert 6 == len(calls)


def test_left_locked():
    """A module's lock that a schedule left locked is free in the next; one that another thread holds stays its own."""

    def fn():
        assert LOCK.acquire(blocking=False)
        together(lambda: None)

    assert explore(fn, schedules=5).found is None
    assert not LOCK.locked()
    with AGAIN:
        assert explore(lambda: together(lambda: None), schedules=5).found is None
