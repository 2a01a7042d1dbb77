"""Ctrl-C, as a process gets it."""

import json
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import signal, sys, threading
from pflow_engine import Node, Registry, compile_ir_to_flow

# A shell's background jobs are started with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
parallel = sys.argv[2] == "parallel"
both_run = threading.Barrier(2)

class Wait(Node):
    def post(self, shared, prepared, executed):
        index = shared["__index__"]
        if index < 2 and parallel:
            both_run.wait(60)
        if index == 1:
            print("ready", flush=True)
        if index > 0:
            self.context.cancel.wait(60)
        shared["done"] = True

registry = Registry()
registry.register("wait", Wait)
batch = {"items": "${xs}", "parallel": parallel, "max_concurrent": 2}
flow = compile_ir_to_flow({"nodes": [{"id": "b", "type": "wait", "batch": batch}]}, registry)
flow.run({"xs": list(range(1000))}, trace_file=sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
@pytest.mark.parametrize(
    ("mode", "expected"), [("parallel", ["completed", "completed"]), ("sequential", ["completed", "failed"])]
)
def test_sigint_leaves_trace(tmp_path, mode, expected):
    """A real SIGINT ends the process promptly and leaves the trace with what was done."""
    file = tmp_path / "trace.json"
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(file), mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    trace = json.loads(file.read_text())
    assert "KeyboardInterrupt" in errors
    assert trace["status"] == "interrupted"
    statuses = [item["status"] for item in trace["nodes"][0]["batch"]["items"]]
    assert expected == statuses[:2]
    assert ["cancelled"] * 990 == statuses[-990:]


SHELL = """
import signal, sys
from pflow_engine import compile_ir_to_flow

signal.signal(signal.SIGINT, signal.default_int_handler)
batch = {"items": [1, 2], "timeout": 30}
command = "echo ready >&2; sleep 1; touch " + sys.argv[1]
def tell(event):
    if event.kind == "item_start":
        print("ready", flush=True)
shell = {"id": "b", "type": "shell", "params": {"command": command}, "batch": batch}
compile_ir_to_flow({"nodes": [shell]}).run(on_event=tell)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_sigint_ends_children(tmp_path):
    """Ctrl-C during an attempt with a timeout ends the process it waits for: nothing is written later."""
    late = tmp_path / "late"
    with subprocess.Popen(
        [sys.executable, "-c", SHELL, str(late)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    time.sleep(1.2)
    assert not late.exists()
