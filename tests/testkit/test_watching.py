from functools import partial

from pflow_engine import compile_ir_to_flow
from pflow_testkit.watching import Watch

BATCH = {"nodes": [{"id": "a", "type": "echo", "batch": {"items": [1, 2]}}]}


class _Observer:
    """Notes what it hears, and what it is told."""

    def __init__(self, log, nodeid, clock, redact):
        self.log = log
        log.append((nodeid, type(clock).__name__, redact("x")))

    def on_event(self, event):
        self.log.append(event.kind)

    def ended(self, result):
        self.log.append(result.status)


def _run(watch, **options):
    options, tell = watch.begin(options, str.upper)
    result = compile_ir_to_flow(BATCH).run(**options)
    tell(result)
    return options


def test_observer_hears_and_is_told():
    """An observer learns of the clock and what redacts, hears the run, then is told of it."""
    log = []
    _run(Watch(observers=(partial(_Observer, log, "t.py::test"),)))
    assert [("t.py::test", "RealClock", "X"), "run_start"] == log[:2]
    assert 2 == log.count("item_end")
    assert ["run_end", "success"] == log[-2:]


def test_listener_is_kept():
    """A listener that the test gave hears the same."""
    log, heard = [], []
    _run(Watch(observers=(partial(_Observer, log, "t"),)), on_event=heard.append)
    assert log[1:-1] == [event.kind for event in heard]


def test_nobody_listens():
    """Without an observer there is no listener, so batches make no events; watchers are told all the same."""
    told = []
    assert {} == _run(Watch(watchers=(told.append,)))
    assert ["success"] == [result.status for result in told]
