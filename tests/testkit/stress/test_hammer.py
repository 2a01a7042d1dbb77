"""Plain threads, hammered."""

import ctypes
import subprocess
import sys
import threading
import warnings

import pytest

from pflow_testkit.stress import Plan, explore
from pflow_testkit.stress.hammer import INTERVAL, GatedPool, hammer
from pflow_testkit.stress.running import Setting


def rounds(fn, count=3, patience=10.0, **setting):
    """What hammering comes to."""
    return hammer(Setting(fn, **setting), Plan(count, "threads"), patience=patience)


def test_hasty_switches():
    """While it hammers threads switch every microsecond, and afterwards as before."""
    before, seen = sys.getswitchinterval(), []
    rounds(lambda: seen.append(sys.getswitchinterval()))
    assert [pytest.approx(INTERVAL)] * 3 == seen
    assert before == sys.getswitchinterval()


def test_restored_after_ctrl_c():
    """After Ctrl-C threads switch as before, and start as before."""
    before, start = sys.getswitchinterval(), threading.Thread.start

    def tell(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hammer(Setting(lambda: None), Plan(3, "threads"), tell)
    assert before == sys.getswitchinterval()
    assert start is threading.Thread.start


def test_all_failures_told():
    """What goes wrong in every thread is reported, not just in the first."""

    def fn():
        threads = [threading.Thread(target=lambda n=n: [][n], name=f"t{n}") for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    report = rounds(fn).found.report()
    assert "t0: IndexError" in report
    assert "t1: IndexError" in report
    assert "round 1 of plain threads" in report


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: sys.exit(3), "SystemExit: 3"),
        (lambda: warnings.warn("odd", RuntimeWarning, stacklevel=1), "RuntimeWarning: odd"),
    ],
)
def test_exits_and_warnings_fail(work, said):
    """SystemExit in a thread, and a warning, are failures."""

    def fn():
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()

    assert f"worker: {said}" == rounds(fn).found.failure.text


def test_stuck_round():
    """A round that does not end is a failure with everyone's place, and hammering ends."""
    go = threading.Event()
    found = rounds(go.wait, patience=0.1).found
    go.set()
    assert "no end within 0.1 s: main" == found.failure.text


def test_check_and_judge():
    """The result is held to the check."""

    def check(value):
        assert 2 == value

    assert "AssertionError" == rounds(lambda: 1, check=check).found.failure.error_type


def test_skip_in_round():
    """A skip goes through."""
    with pytest.raises(pytest.skip.Exception):
        rounds(lambda: pytest.skip("not here"), through=(pytest.skip.Exception,))


def test_gate_holds_all():
    """No work of a gated pool begins before there is as much as it has room for."""
    begun = []
    with GatedPool(2) as pool:
        first = pool.submit(begun.append, 1)
        assert not first.done()
        pool.submit(begun.append, 2)
    assert [1, 2] == sorted(begun)


def test_by_name():
    """The strategy 'threads' hammers."""
    assert 5 == explore(lambda: None, strategy="threads", schedules=5).schedules


def test_processes_end():
    """Threads that are stuck for ever do not keep the process from ending."""
    code = (
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from pflow_testkit.stress import Plan\nfrom pflow_testkit.stress.hammer import hammer\n"
        "from pflow_testkit.stress.running import Setting\n"
        "def fn():\n with ThreadPoolExecutor(1) as pool:\n  pool.submit(threading.Event().wait).result()\n"
        "print(hammer(Setting(fn), Plan(1, 'threads'), patience=0.1).found.failure.kind)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert "no end\n" == done.stdout, done.stderr


def test_c_code_counts():
    """Threads in C code that lets go of the global lock are hammered like others."""

    def fn():
        threads = [threading.Thread(target=ctypes.CDLL(None).usleep, args=(10,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert rounds(fn).found is None
