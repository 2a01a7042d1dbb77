"""Exploring functions: what is found, that it is found again, and that nothing is left changed."""

import gc
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from zoo import lost_update, write_after_return
from zoo.together import together

from pflow_testkit.stress import explore

HERE = Path(__file__).parent


def python(code, *options):
    """What a process of its own prints that runs this code beside the zoo."""
    command = [sys.executable, *options, "-c", f"import sys; sys.path.append({str(HERE)!r})\n{textwrap.dedent(code)}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_race_found():
    """A lost update is found, and comes down to one switch that fails each time."""
    found = explore(lost_update.broken).found
    assert "exception" == found.failure.kind
    assert 1 == found.switches
    assert (10, 10) == (found.replayed, found.replays)


def test_sound_not_accused():
    """With a lock around it nothing is found."""
    explored = explore(lost_update.sound)
    assert explored.found is None
    assert 200 == explored.schedules


def test_replay_200_of_200():
    """The token of the report leads to the same failure 200 times of 200, in other processes with other hash seeds."""
    found = explore(lost_update.broken).found
    code = f"""
        from zoo import lost_update, write_after_return
        from pflow_testkit.stress import explore
        texts = {{explore(lost_update.broken, replay={str(found.token)!r}).found.failure.text for _ in range(100)}}
        print(texts, explore(lost_update.sound, replay={str(found.token)!r}).found)
    """
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.append({str(HERE)!r})\n{textwrap.dedent(code)}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert f"{ {'AssertionError: assert 2 == tally.total'} } None\n" == done.stdout, done.stderr


def test_found_by_number():
    """The number of a schedule that was drawn leads to the failure as well."""
    found = explore(write_after_return.broken).found
    assert found.found_by.switches is None
    again = explore(write_after_return.broken, replay=str(found.found_by)).found
    assert (found.token.switches, found.failure.text) == (again.token.switches, again.failure.text)


def test_hints_first():
    """Switches between what two threads do to the same thing are tried first: the race is found at once."""
    assert 1 == explore(lost_update.broken).schedules


def test_fails_in_order():
    """What fails without a switch is no race, and the report says so."""

    def wrong():
        together(lambda: None)
        raise AssertionError("never right")

    explored = explore(wrong)
    assert 0 == explored.schedules
    assert "never right     in order, without a switch" in explored.found.report()


def test_error_in_thread():
    """An exception that ends a thread is a finding, SystemExit too."""

    def leaves():
        together(lambda: sys.exit(3))

    assert "thread 1: SystemExit: 3" == explore(leaves).found.failure.text


def test_check_of_result():
    """What the check says of a result is a finding."""

    def order():
        names = []
        together(lambda: names.append("a"), lambda: names.append("b"))
        return names

    def check(names):
        assert ["a", "b"] == names, names

    found = explore(order, check=check).found
    assert "check" == found.failure.kind
    assert "['b', 'a']" in found.failure.text


def test_budget():
    """When the time is up it ends, and says how far it came."""
    explored = explore(lost_update.sound, schedules=100_000, budget=0.05)
    assert 0 < explored.schedules < 100_000
    assert f"{explored.schedules} of 100000 (the budget was up) schedules" in explored.summary


def test_nothing_to_interleave():
    """Where there is but one thread, one run is enough, and it is said why."""
    explored = explore(lambda: None)
    assert 0 == explored.schedules
    assert "there is nothing to interleave" in explored.summary


def test_progress_told():
    """Progress is told schedule by schedule."""
    told = []
    explore(lost_update.sound, schedules=3, on_progress=lambda *done: told.append(done))
    assert [(1, 3), (2, 3), (3, 3)] == told


@pytest.mark.parametrize("granularity", ["opcode", "line"])
@pytest.mark.parametrize("strategy", ["pct", "random"])
def test_each_way_finds(strategy, granularity):
    """Both strategies find it, by opcodes and by lines."""
    assert explore(lost_update.broken, strategy=strategy, granularity=granularity).found.replayed == 10


def test_hooks_see_locks():
    """By hooks, threads give way at operations on locks."""

    def broken():
        lock, total = threading.Lock(), [0]

        def add():
            with lock:
                n = total[0]
            with lock:
                total[0] = n + 1

        together(add, add)
        assert 2 == total[0]

    assert 1 == explore(broken, granularity="hook").found.switches


def test_all_as_before():
    """Nothing of the process is left changed."""
    before = [
        threading.Lock, threading.RLock, threading.Thread.start, threading.Thread.join, queue.SimpleQueue, time.sleep,
        time.monotonic, gc.isenabled(), os.sched_getaffinity(0), signal.getsignal(signal.SIGINT), sys.gettrace(),
        threading.active_count(),
    ]  # fmt: skip
    explore(lost_update.broken)
    after = [
        threading.Lock, threading.RLock, threading.Thread.start, threading.Thread.join, queue.SimpleQueue, time.sleep,
        time.monotonic, gc.isenabled(), os.sched_getaffinity(0), signal.getsignal(signal.SIGINT), sys.gettrace(),
        threading.active_count(),
    ]  # fmt: skip
    assert before == after


def test_one_at_a_time():
    """An exploration inside of another is refused."""
    found = explore(lambda: explore(lost_update.sound)).found
    assert "one at a time" in found.failure.text


def test_coverage_goes_on():
    """Lines that run under the schedule are covered, and the schedule is the same."""
    code = """
        import coverage
        from zoo import lost_update, write_after_return
        cover = coverage.Coverage(data_file=None, config_file=False, include=["*lost_update.py"])
        cover.start()
        from pflow_testkit.stress import explore
        print(explore(lost_update.broken).found.token)
        cover.stop()
        print(sorted(cover.get_data().lines(lost_update.__file__)))
    """
    done = python(code)
    token, lines = done.stdout.splitlines()
    assert str(explore(lost_update.broken).found.token) == token
    source = (HERE / "zoo" / "lost_update.py").read_text().splitlines()
    inside = [source.index(text) + 1 for text in ("        n = self.total", "        self.total = n + 1")]
    assert set(inside) <= set(eval(lines)), done.stderr


def test_debugger_goes_on():
    """A trace function that was there before is called for the threads' lines, and stands there afterwards."""
    code = """
        import sys, threading
        from zoo import lost_update, write_after_return
        from pflow_testkit.stress import explore
        seen = set()
        def trace(frame, event, arg):
            if frame.f_code.co_name == "add":
                seen.add((event, threading.current_thread() is threading.main_thread()))
            return trace
        sys.settrace(trace)
        threading.settrace(trace)
        found = explore(lost_update.broken).found
        print(sys.gettrace() is trace, found.token, ("line", False) in seen, ("return", False) in seen)
    """
    assert f"True {explore(lost_update.broken).found.token} True True\n" == python(code).stdout


def test_ctrl_c_ends():
    """Ctrl-C ends an exploration with all its threads, and nothing is left changed."""
    code = """
        import os, signal, sys, threading
        from zoo import lost_update, write_after_return
        from pflow_testkit.stress import explore
        def fn():
            lost_update.sound()
            os.kill(os.getpid(), signal.SIGINT)
            lost_update.sound()
        try:
            explore(fn)
        except KeyboardInterrupt:
            print("interrupted", threading.active_count(), threading.Lock is type(threading.Lock()))
            explore(lost_update.sound, schedules=5)
            print("and well")
    """
    done = python(code)
    assert "interrupted 1 False\nand well\n" == done.stdout, done.stderr


def test_skip_goes_through():
    """An exception to be let through ends the exploration: a skip is no finding."""
    from pflow_testkit.stress.explorer import Plan  # noqa: PLC0415
    from pflow_testkit.stress.exploring import explored  # noqa: PLC0415
    from pflow_testkit.stress.running import Setting  # noqa: PLC0415

    with pytest.raises(pytest.skip.Exception):
        explored(Setting(lambda: pytest.skip("not here"), through=(pytest.skip.Exception,)), Plan())
