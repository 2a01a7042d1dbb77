"""Events to a trace."""

import threading

import pytest

from pflow_engine import Event
from pflow_engine.trace import BatchTrace, Recorder


@pytest.fixture
def recorder(clock):
    """A recorder nobody listens to."""
    return Recorder(None, clock)


def _close(recorder):
    recorder.close(id="n", type="t", status="completed", action="default", started_ms=0, duration_ms=0)
    return recorder.nodes[-1]


def test_nobody_listens(recorder):
    """Without a listener events go nowhere."""
    recorder.emit(Event("run_start"))
    assert not recorder.listening


def test_listener(clock):
    """A listener gets each event."""
    told = []
    recorder = Recorder(told.append, clock)
    recorder.emit(Event("run_start"))
    assert (True, [Event("run_start")]) == (recorder.listening, told)


def test_notes_go_to_node(recorder):
    """What is noted belongs to the node that is running, and to no later one."""
    recorder.note(params={"x": 1})
    recorder.warn("odd")
    recorder.note_batch(BatchTrace({}, []))
    first = _close(recorder)
    assert recorder.open() == 1
    second = _close(recorder)
    assert ({"x": 1}, ["odd"], BatchTrace({}, [])) == (first.params, first.warnings, first.batch)
    assert ({}, [], None) == (second.params, second.warnings, second.batch)


def test_note_is_copied(recorder):
    """What is noted is copied there and then."""
    params = {"x": [1]}
    recorder.note(params=params)
    params["x"].append(2)
    assert _close(recorder).params == {"x": [1]}


def test_unresolved_in_order(recorder):
    """Templates that several items report are named once, in the same order in every run."""
    for names in (["${b}", "${a}"], ["${a}"], []):
        recorder.unresolved(names)
    assert recorder.left_unresolved == ("${a}", "${b}")
    first = _close(recorder)
    recorder.open()
    assert (["${a}", "${b}"], []) == (first.unresolved, _close(recorder).unresolved)


def test_secrets(monkeypatch, clock):
    """Secrets are kept for the whole run."""
    monkeypatch.setattr("os.environ", {})
    recorder = Recorder(None, clock)
    recorder.keep_secret(["b", "a"])
    _close(recorder)
    recorder.keep_secret(["b"])
    assert recorder.known_secrets == ("a", "b")


def test_elapsed(recorder, clock):
    """Time is told in milliseconds since the run began."""
    clock.sleep(1.25, None)
    assert recorder.elapsed_ms() == 1250


def test_listener_alone(clock):
    """A listener is never called by two threads at once: the other one waits."""
    waited, others = [], []

    def listen(event):
        if event.kind == "run_start":
            others.append(threading.Thread(target=recorder.emit, args=(Event("run_end"),)))
            others[0].start()
            others[0].join(0.05)
            waited.append(others[0].is_alive())

    recorder = Recorder(listen, clock)
    recorder.emit(Event("run_start"))
    others[0].join(30)
    assert [True] == waited
