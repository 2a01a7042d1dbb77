"""Work in a thread of its own, and whoever does not wait for it to its end."""

import threading

import pytest

from pflow_engine.clock import CancelToken
from pflow_engine.nodes.builtin import aside as module
from pflow_engine.nodes.builtin.aside import aside

PATIENCE = 10


def test_result():
    """The result of the work is handed over, and the token's callback taken back."""
    cancel = CancelToken()
    assert 5 == aside(lambda _: 5, cancel)
    assert [] == cancel._callbacks


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_raised(error):
    """What the work raises is raised where it is waited for."""

    def fail(_token):
        raise error

    with pytest.raises(type(error)) as caught:
        aside(fail, CancelToken())
    assert caught.value is error


def test_cancelled():
    """A cancel ends the wait with nothing, and asks the work, which may not hear."""
    cancel, started, go, ended = CancelToken(), threading.Event(), threading.Event(), threading.Event()
    tokens = []

    def hang(token):
        tokens.append(token)
        started.set()
        go.wait(PATIENCE)
        ended.set()

    thread = threading.Thread(target=lambda: (started.wait(PATIENCE), cancel.cancel()))
    thread.start()
    assert aside(hang, cancel) is None
    assert (True, False) == (tokens[0].cancelled, ended.is_set())
    go.set()
    thread.join()
    assert ended.wait(PATIENCE)


def test_interrupted(monkeypatch):
    """Ctrl-C while it waits asks the work, too."""
    tokens, started = [], threading.Event()

    def hang(token):
        tokens.append(token)
        started.set()
        token.wait(PATIENCE)

    def interrupted(_wait):
        assert started.wait(PATIENCE)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "wait_awake", interrupted)
    with pytest.raises(KeyboardInterrupt):
        aside(hang, CancelToken())
    assert tokens[0].cancelled
