"""A thread that has the baton and waits for something else, a file or a socket, to the others going on meanwhile.

Whether it waits or works is told by its processor time and by the system: code in C may take long without coming to
a point, and a busy machine may let it wait for its turn.
"""

from __future__ import annotations

import _thread
import linecache
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pflow_testkit.stress.active import ACTIVE
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.scope import frame_of, place
from pflow_testkit.stress.strand import Strand
from pflow_testkit.stress.stuck import call_of

_STEP: Final = 0.02
_PATIENCE: Final = 3
"""Steps without a point and without processor time until a thread counts as waiting."""
_LEAST_CPU: Final = 0.001
_RUNS: Final = "State:\tR"
"""What Linux says of a thread that would run if there were a processor free."""
_new_lock: Final = _thread.allocate_lock


@contextmanager
def watchdog() -> Iterator[None]:
    """Look after whatever schedule is being run."""
    stop = _new_lock()
    stop.acquire()
    thread = threading.Thread(target=_Watch(stop).run, name="pflow-stress-watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.release()
        thread.join()


class _Watch:
    """What it saw last, and how often."""

    def __init__(self, stop: Any) -> None:
        self._stop = stop
        self._seen: tuple[Any, ...] = ()
        self._times = 0
        self._cpu = 0.0

    def run(self) -> None:
        while not self._stop.acquire(timeout=_STEP):
            scheduler = ACTIVE.scheduler
            if scheduler is not None:
                self._look(scheduler)

    def _look(self, scheduler: Scheduler) -> None:
        running = scheduler.running
        cpu = 0.0 if running is None else scheduler.cpu_of(running, _processor_time)
        activity = () if running is None else _activity(running)
        seen = (scheduler, running, scheduler.steps, scheduler.handed, activity)
        if seen != self._seen or cpu - self._cpu > _LEAST_CPU or _RUNS in "".join(activity):
            self._seen, self._cpu, self._times = seen, cpu, 0
            return
        self._times += 1
        if self._times < _PATIENCE:
            return
        self._times = 0
        if running is None:
            scheduler.nudge()
            return
        warning = _warning(scheduler, running)
        if scheduler.let_go(running) and warning:
            scheduler.warnings[warning] = None


def _warning(scheduler: Scheduler, strand: Strand) -> str:
    frame = next(scheduler.scope.frames(frame_of(strand.ident)), None)
    if frame is None:
        return ""  # a built-in node that waits for a process or the network: nothing to see to
    source = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()
    where = f"at {place(frame)}   {source}"
    call = call_of(strand.ident, scheduler.scope)
    what = f" in {call}" if call else ""
    return f"{strand.label} waited{what} for something outside of the schedule, so it may not replay: {where}"


def _activity(strand: Strand) -> tuple[str, ...]:
    # What waits for the interpreter's lock wakes up again and again to ask for it, what waits for a file does not.
    # Linux tells; elsewhere nobody does.
    try:
        status = Path(f"/proc/self/task/{strand.native}/status").read_text(encoding="utf-8")
    except OSError:
        return ()
    return tuple(line for line in status.splitlines() if line.startswith(("State:", "voluntary", "nonvoluntary")))


def _processor_time(ident: int) -> float:
    clock = getattr(time, "pthread_getcpuclockid", None)
    return time.clock_gettime(clock(ident)) if clock is not None else 0.0
