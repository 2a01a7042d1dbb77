"""Work that takes at most so many seconds."""

import threading

import pytest

from pflow_engine import CancelToken, RealClock
from pflow_engine.batch import bounded

RESULT = ({"value": 1}, "next")


def test_in_time():
    """Work that ends in time gives its result."""
    assert bounded(lambda _: RESULT, 60, CancelToken(), RealClock()) == RESULT


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), KeyboardInterrupt()])
def test_raises_on(error):
    """What the work raises is raised to whoever waits."""

    def work(_):
        raise error

    with pytest.raises(type(error)):
        bounded(work, 60, CancelToken(), RealClock())


def test_too_late():
    """Work that is not done in time is a TimeoutError that says how long it was."""
    with pytest.raises(TimeoutError, match=r"^timed out after 0\.01s$"):
        bounded(lambda cancel: cancel.wait(3600), 0.01, CancelToken(), RealClock())


def test_asked_to_stop():
    """Work that is left behind is asked to stop."""
    stopped = threading.Event()

    def work(cancel):
        if cancel.wait(3600):
            stopped.set()
        return RESULT

    with pytest.raises(TimeoutError):
        bounded(work, 0.01, CancelToken(), RealClock())
    assert stopped.wait(10)


def test_cancel_reaches_work():
    """A run that is asked to stop asks its bounded work, and not the other way round."""
    outer = CancelToken()

    def work(cancel):
        outer.cancel()
        return {"asked": cancel.cancelled}, None

    assert bounded(work, 60, outer, RealClock()) == ({"asked": True}, None)


def test_timeout_spares_run():
    """The token of a run is not asked when one attempt times out."""
    outer = CancelToken()
    with pytest.raises(TimeoutError):
        bounded(lambda cancel: cancel.wait(3600), 0.01, outer, RealClock())
    assert not outer.cancelled


def test_leaves_no_callback():
    """A run's token does not gather what attempts of the past asked of it."""
    outer = CancelToken()
    bounded(lambda _: RESULT, 60, outer, RealClock())
    assert [] == outer._callbacks


def test_late_result():
    """What work gives after its time was up goes nowhere: who asked has its error already."""
    let_go, ended = threading.Event(), threading.Event()
    outputs = {}

    def work(_):
        assert let_go.wait(30)
        outputs["late"] = True
        ended.set()
        return outputs, None

    with pytest.raises(TimeoutError) as caught:
        bounded(work, 0.01, CancelToken(), RealClock())
    let_go.set()
    assert ended.wait(30)
    assert ("timed out after 0.01s",) == caught.value.args
