"""Ctrl-C, SIGTERM and SystemExit, as a process gets them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
PATIENCE = 60
HEAD = """
import os, signal, sys, threading
from pflow_engine import Node, Registry, compile_ir_to_flow

# A shell's background jobs are started with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
mode, trace_file, *rest = sys.argv[1:]
parallel = mode == "parallel"

def say(words):
    os.write(1, (words + "\\n").encode())

def run(kind, params=None, count=1000, **batch):
    registry = Registry.default()
    if not isinstance(kind, str):
        registry.register("own", kind)
        kind = "own"
    batch = {"items": "${xs}", "parallel": parallel, "max_concurrent": 2, "error_handling": "continue", **batch}
    flow = compile_ir_to_flow({"nodes": [{"id": "b", "type": kind, "params": params or {}, "batch": batch}]}, registry)
    return flow.run({"xs": list(range(count))}, trace_file=trace_file)
"""
WAITING = """
started = threading.Barrier(2 if parallel else 1)

class Wait(Node):
    def post(self, shared, prepared, executed):
        index = shared["__index__"]
        say(f"start {index}")
        started.wait(60)
        if index == 0:
            say("ready")
        self.context.cancel.wait(60)

run(Wait, **eval(rest[0]))
"""
STUBBORN = """
class Stubborn(Node):
    def post(self, shared, prepared, executed):
        try:
            say("ready")
            self.context.cancel.wait(60)
        finally:
            say("asked")
            sys.stdin.readline()
            shared["ended"] = True

run(Stubborn, **eval(rest[0]))
"""
LEAVING = """
class Leave(Node):
    def post(self, shared, prepared, executed):
        if shared["__index__"] == 1:
            raise SystemExit(3)
        shared["here"] = True

say(run(Leave, count=3, **eval(rest[0])).status)
"""
BUSY = """
class Busy(Node):
    def post(self, shared, prepared, executed):
        say(f"start {shared['__index__']}")
        self.context.cancel.wait(0.001)
        shared["done"] = True
        say(f"end {shared['__index__']}")

say("ready")
run(Busy, count=5000, **eval(rest[0]))
"""
TAKEN = """
class Take(Node):
    def post(self, shared, prepared, executed):
        self.context.cancel.wait(0.5)  # by now the main thread sleeps; if it does not, the test asks for less
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        say("asked" if self.context.cancel.wait(5) else "not asked")

run(Take, count=1, **eval(rest[0]))
"""
CHILDREN = """
kind, text, batch = rest
run(kind, {{"shell": "command", "code": "code"}[kind]: text}, count=2, max_concurrent=1, **eval(batch))
"""

both = pytest.mark.parametrize("mode", ["parallel", "sequential"])
timed = pytest.mark.parametrize("batch", ["{}", "{'timeout': 60}"], ids=["untimed", "timed"])
signals = pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])


@pytest.fixture
def file(tmp_path):
    """Where the trace goes."""
    return tmp_path / "trace.json"


@pytest.fixture
def start(file):
    """``start(script, mode, *args)``: a process that runs it; ended afterwards, whatever becomes of the test."""
    started = []

    def launch(script, mode, *args):
        command = [sys.executable, "-c", HEAD + script, mode, str(file), *args]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def _heard(process, word):
    lines = []
    while not lines or lines[-1] != f"{word}\n":
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    return "".join(lines)


def _items(file):
    return [item["status"] for item in json.loads(file.read_text())["nodes"][0]["batch"]["items"]]


def _numbers(said, word):
    return {int(line.split()[1]) for line in said.splitlines() if line.startswith(f"{word} ")}


@both
@timed
@signals
def test_trace_is_left(start, file, mode, batch, signum):
    """A signal ends the process by that signal, and leaves the trace with what was done; nothing starts after it."""
    process = start(WAITING, mode, batch)
    said = _heard(process, "ready")
    process.send_signal(signum)
    said += process.communicate(timeout=PATIENCE)[0]
    running = 2 if mode == "parallel" else 1
    assert -signum == process.returncode
    assert "interrupted" == json.loads(file.read_text())["status"]
    assert set(range(running)) == _numbers(said, "start")
    assert ["cancelled"] * (1000 - running) == _items(file)[running:]
    assert "cancelled" not in _items(file)[:running]


@timed
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_second_signal(start, file, batch, second):
    """A second signal does not keep what is running from ending, nor the trace from the disk."""
    process = start(STUBBORN, "parallel", "{**" + batch + ", 'max_concurrent': 1}")
    _heard(process, "ready")
    process.send_signal(signal.SIGINT)
    _heard(process, "asked")
    process.send_signal(second)
    process.communicate("go on\n", timeout=PATIENCE)
    assert -second == process.returncode
    assert ["completed", "cancelled"] == _items(file)[:2]


def test_third_signal(start, file):
    """A third signal ends the process at once, and leaves the trace of an earlier run as it was."""
    file.write_text("earlier")
    process = start(STUBBORN, "sequential", "{}")
    _heard(process, "ready")
    process.send_signal(signal.SIGINT)
    _heard(process, "asked")
    for _ in range(PATIENCE):
        # One that comes just before the node sleeps is seen with the next: nothing wakes the node up for it.
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
            break
    assert process.returncode in {-signal.SIGINT, -signal.SIGTERM}
    assert ([file.name], "earlier") == ([path.name for path in file.parent.iterdir()], file.read_text())


@both
@timed
def test_system_exit(start, file, mode, batch):
    """SystemExit is the failure of the item that raised it: the others run, and so does the process."""
    process = start(LEAVING, mode, batch)
    said, errors = process.communicate(timeout=PATIENCE)
    assert ("degraded\n", "", 0) == (said, errors, process.returncode)
    assert ["completed", "failed", "completed"] == _items(file)


@pytest.mark.parametrize(
    ("mode", "batch"),
    [
        ("sequential", "{}"),
        ("sequential", "{'timeout': 60}"),
        ("parallel", "{}"),
        ("parallel", "{'timeout': 60}"),
    ],
)
def test_signal_taken_by_worker(start, mode, batch):
    """A signal that the system gives to a worker's thread is seen by the main thread, which waits for it."""
    process = start(TAKEN, mode, batch)
    said, _ = process.communicate(timeout=PATIENCE)
    assert (said in {"asked\n", ""}, -signal.SIGINT) == (True, process.returncode)


def _landed(gate, late):
    # Lets through whoever waits at the gate, until nobody has it open: whether somebody wrote.
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            open_gate = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return late.exists()
        with contextlib.suppress(BrokenPipeError):  # who had it open a moment ago has gone: look again
            os.write(open_gate, b"go\n")
        os.close(open_gate)
    return True


@both
@timed
@signals
@pytest.mark.parametrize("kind", ["shell", "code"])
def test_no_child_survives(start, file, kind, mode, batch, signum):  # noqa: PLR0913  # that many ways to start one
    """A signal ends what nodes have started, and what that has started: nothing is written later."""
    gate, ready, late = (file.with_name(name) for name in ("gate", "ready", "late"))
    os.mkfifo(gate)
    os.mkfifo(ready)
    # All that the command starts has the gate open, at both ends, or nobody would get past opening it.
    command = f"exec 3<>{gate}; {{ echo there > {ready}; read go <&3; touch {late}; }} & sleep 1000"
    code = f"import subprocess; subprocess.run(['/bin/sh', '-c', {command!r}])"
    process = start(CHILDREN, mode, kind, command if kind == "shell" else code, batch)
    assert "there\n" == ready.read_text()
    process.send_signal(signum)
    process.communicate(timeout=PATIENCE)
    assert -signum == process.returncode
    assert not _landed(gate, late)
    assert ["failed", "cancelled"] == _items(file)


@pytest.mark.parametrize("seed", range(8))
def test_any_moment(start, file, seed):
    """Whenever signals come, the trace is whole, and what ended before them is in it."""
    chance = random.Random(seed)
    process = start(BUSY, chance.choice(["parallel", "sequential"]), chance.choice(["{}", "{'timeout': 60}"]))
    said = _heard(process, "ready")
    for _ in range(chance.randrange(200)):
        said += process.stdout.readline()
    for signum in chance.choices([signal.SIGINT, signal.SIGTERM], k=chance.choice([1, 2])):
        process.send_signal(signum)
    said += process.communicate(timeout=PATIENCE)[0]
    assert process.returncode in {-signal.SIGINT, -signal.SIGTERM}
    items = _items(file)
    cancelled = {index for index, status in enumerate(items) if status == "cancelled"}
    assert set() == _numbers(said, "start") & cancelled
    interrupted = {index for index in _numbers(said, "end") if items[index] != "completed"}
    assert len(interrupted) <= 1
