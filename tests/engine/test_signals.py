"""Signals, as they come to the main thread of this process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

import pytest

from pflow_engine import Node
from pflow_engine.signals import Signals, Terminated, wait_awake

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
PATIENCE = 30
DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


@pytest.fixture(autouse=True)
def _default_handlers():
    before = {signum: signal.signal(signum, handler) for signum, handler in DEFAULTS.items()}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.fixture
def ends(monkeypatch):
    """How this process would have ended: the signals sent, with their handlers then, and the exit code after."""
    told = []

    def leave(code):
        told.append(code)
        raise SystemExit(code)

    monkeypatch.setattr(os, "kill", lambda _pid, signum: told.append((signum, signal.getsignal(signum))))
    monkeypatch.setattr(os, "_exit", leave)
    return told


def _handlers():
    return {signum: signal.getsignal(signum) for signum in DEFAULTS}


def _run(body, cancel=lambda: None):
    with Signals(cancel) as signals:
        body(signals)


@pytest.mark.parametrize(("signum", "expected"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_first_raises(ends, signum, expected):
    """The first signal raises where the main thread is, and asks the run to stop."""
    asked, raised = threading.Event(), []

    def body(_signals):
        try:
            signal.raise_signal(signum)
        except BaseException as error:
            raised.append(type(error))
            raise

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        _run(body, asked.set)
    assert ([expected], True) == (raised, asked.is_set())


def test_second_raises_nothing():
    """The second signal lets the cleaning up after the first go on."""
    steps = []

    def body(_signals):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            steps.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        _run(body)
    assert ["cleaned up"] == steps


def test_second_within_first(monkeypatch):
    """A second signal that comes while the first is handled does not take its place: the first raises."""
    asked = []

    class Came(list):
        def append(self, signum):
            super().append(signum)
            if len(self) == 1:
                signal.raise_signal(signal.SIGINT)

    def body(signals):
        monkeypatch.setattr(signals, "_came", Came())
        signal.raise_signal(signal.SIGINT)
        asked.append("not raised")

    with pytest.raises(KeyboardInterrupt):
        _run(body, lambda: asked.append("asked"))
    assert ["asked"] == asked


def test_third_ends(ends):
    """The third signal ends the process by its default handling, there and then."""

    def body(signals):
        signals.hold()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert [] == ends
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _run(body)
    assert [(signal.SIGINT, signal.SIG_DFL), 130] == ends


def test_held():
    """What comes after hold waits for the end, and is raised then."""
    steps = []

    def body(signals):
        signals.hold()
        signal.raise_signal(signal.SIGINT)
        steps.append("written")

    with pytest.raises(KeyboardInterrupt):
        _run(body)
    assert ["written"] == steps


def _deaf(_signals):
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException:  # noqa: BLE001  # as such nodes do
        return "heard nothing"


def test_lost_is_raised_again():
    """A Ctrl-C whose exception was caught by a node that catches everything is not lost."""
    with pytest.raises(KeyboardInterrupt):
        _run(_deaf)


def test_sigterm_ends_process(ends):
    """After SIGTERM the process ends by it, with its default handling; where the system spares it, with its code."""
    with pytest.raises(SystemExit):
        _run(lambda _: signal.raise_signal(signal.SIGTERM))
    assert [(signal.SIGTERM, signal.SIG_DFL), 143] == ends


def test_waits_until_asked():
    """The process does not end before those that are asked to stop have been."""
    steps, go = [], threading.Event()

    def cancel():
        assert go.wait(PATIENCE)
        steps.append("asked")

    def body(_signals):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            steps.append("raised")
            go.set()

    with pytest.raises(KeyboardInterrupt):
        _run(body, cancel)
    assert ["raised", "asked"] == steps


def test_handlers_put_back():
    """Afterwards signals are handled as before."""
    with Signals(lambda: None):
        assert DEFAULTS != _handlers()
    assert DEFAULTS == _handlers()


def test_inner_does_nothing():
    """A run within a run leaves signals to the outer one."""
    with Signals(lambda: None):
        outer = _handlers()
        with Signals(lambda: None):
            assert outer == _handlers()
        assert outer == _handlers()


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda _signum, _frame: None])
def test_only_defaults_taken(handler):
    """Signals that somebody handles, or ignores, stay theirs."""
    for signum in DEFAULTS:
        signal.signal(signum, handler)
    with Signals(lambda: None):
        assert dict.fromkeys(DEFAULTS, handler) == _handlers()


def test_newer_handler_stays():
    """A handler that a node has set stays set."""
    with Signals(lambda: None):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.SIG_IGN == signal.getsignal(signal.SIGTERM)


def test_other_threads_do_nothing():
    """A run in another thread, which cannot handle signals, leaves them alone."""
    seen = []

    def run():
        with Signals(lambda: None):
            seen.append(_handlers())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [DEFAULTS] == seen


def test_no_thread_to_be_had(monkeypatch):
    """Where no thread can be started, the exception is raised all the same."""

    def refuse(_function, _args):
        raise RuntimeError("can't start new thread")

    asked = []
    monkeypatch.setattr("_thread.start_new_thread", refuse)
    with pytest.raises(KeyboardInterrupt):
        _run(lambda _: signal.raise_signal(signal.SIGINT), lambda: asked.append(1))
    assert [] == asked


def test_fork_of_a_node():
    """A process that a node forks ends by SIGTERM as if nobody handled it, and does not stop the run."""
    asked = []
    with Signals(lambda: asked.append(1)):
        child = os.fork()
        if not child:
            signal.raise_signal(signal.SIGTERM)
            os._exit(0)
        _, status = os.waitpid(child, 0)
    assert (-signal.SIGTERM, []) == (os.waitstatus_to_exitcode(status), asked)


def test_fork_is_interrupted():
    """Ctrl-C raises in a process that a node forks, every time."""
    with Signals(lambda: None):
        child = os.fork()
        if not child:
            for _ in range(3):
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:
                    continue
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
    assert 0 == os.waitstatus_to_exitcode(status)


def test_wait_sees_signal_of_other_thread():
    """The main thread handles a signal that the system gave to another thread, while it waits."""
    seen = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signum, _frame: seen.set())

    def take():
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    thread = threading.Thread(target=take)
    thread.start()
    assert wait_awake(seen.wait)
    thread.join()


def test_wait_times_out():
    """A wait gives up when its time is up, and says so."""
    assert wait_awake(threading.Event().wait, 0.1) is False


def test_wait_in_other_thread():
    """A wait in another thread is one wait, without steps."""
    waits, ends = [], []
    thread = threading.Thread(target=lambda: ends.append(wait_awake(waits.append, 7)))
    thread.start()
    thread.join()
    assert ([7], [False]) == (waits, ends)


@pytest.fixture
def interrupted(flow_of, tmp_path):
    """``interrupted(nodes, **ir)``: the trace of a run that Ctrl-C ends."""

    def run(nodes, *, on_event=None, trace_file=None, **ir):
        file = tmp_path / "trace.json"
        with pytest.raises(KeyboardInterrupt):
            flow_of(nodes, **ir).run(trace_file=trace_file or file, on_event=on_event)
        return json.loads(file.read_text())

    return run


def test_deaf_node_stops_run(registry, interrupted):
    """A node that catches everything does not keep Ctrl-C from ending the run: nothing starts after it."""

    class Deaf(Node):
        def post(self, _shared, _prepared, _executed):
            _deaf(None)
            assert self.context.cancel.wait(PATIENCE)

    registry.register("deaf", Deaf)
    nodes = [{"id": "deaf", "type": "deaf"}, {"id": "next", "type": "emit"}]
    trace = interrupted(nodes, edges=[{"from": "deaf", "to": "next"}])
    assert ["deaf"] == [node["id"] for node in trace["nodes"]]


def test_signal_while_writing(interrupted, tmp_path):
    """Ctrl-C that comes while the trace is written does not keep it from the disk."""
    ended = []

    class File:
        def __fspath__(self):
            if ended:
                signal.raise_signal(signal.SIGINT)
            return str(tmp_path / "trace.json")

    def tell(event):
        if event.kind == "run_end":
            ended.append(event)

    trace = interrupted([{"id": "n", "type": "emit"}], on_event=tell, trace_file=File())
    assert "success" == trace["status"]


class _Data(dict):
    """Data that has Ctrl-C pressed when it is written down, once armed."""

    armed = False

    def items(self):
        if _Data.armed:
            _Data.armed = False
            signal.raise_signal(signal.SIGINT)
        return super().items()


def test_signal_while_node_recorded(registry, interrupted):
    """Ctrl-C that comes while a node is recorded does not keep it from the trace."""

    class Write(Node):
        def post(self, shared, _prepared, _executed):
            shared["data"] = _Data(a=1)
            _Data.armed = True

    registry.register("write", Write)
    trace = interrupted([{"id": "n", "type": "write"}])
    assert ["n"] == [node["id"] for node in trace["nodes"]]


def test_signal_while_batch_recorded(registry, interrupted):
    """Ctrl-C that comes while the results of a batch are put together loses none."""

    class Make(Node):
        def post(self, shared, _prepared, _executed):
            shared["xs"] = [_Data(a=1)]

    class Fail(Node):
        def post(self, _shared, _prepared, _executed):
            _Data.armed = True
            raise ValueError("no")

    registry.register("make", Make)
    registry.register("fail", Fail)
    batch = {"items": "${make.xs}", "error_handling": "continue"}
    nodes = [{"id": "make", "type": "make"}, {"id": "b", "type": "fail", "batch": batch}]
    trace = interrupted(nodes, edges=[{"from": "make", "to": "b"}])
    assert ["failed"] == [item["status"] for item in trace["nodes"][1]["batch"]["items"]]
