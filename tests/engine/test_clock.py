"""Time and stopping."""

import threading
from datetime import UTC

from pflow_engine import CancelToken, RealClock


def test_now_never_back():
    """The clock does not run backwards."""
    clock = RealClock()
    assert clock.now() <= clock.now()


def test_today_in_utc():
    """The date is in UTC."""
    assert UTC == RealClock().today().tzinfo


def test_sleep_until_cancelled():
    """A sleep ends when the run is asked to stop, however long it was to be."""
    token = CancelToken()
    sleeper = threading.Thread(target=RealClock().sleep, args=(3600, token))
    sleeper.start()
    token.cancel()
    sleeper.join(10)
    assert not sleeper.is_alive()


def test_token_stays_cancelled():
    """Asked once, a token stays so."""
    token = CancelToken()
    assert not token.cancelled
    token.cancel()
    token.cancel()
    assert token.cancelled


def test_wait_tells():
    """A wait says whether it ended because it was asked to."""
    token = CancelToken()
    assert token.wait(0) is False
    token.cancel()
    assert token.wait(3600) is True


def test_callback_on_cancel():
    """A callback is called when the token is asked, once."""
    token, called = CancelToken(), []
    token.on_cancel(lambda: called.append("now"))
    token.cancel()
    token.cancel()
    assert ["now"] == called


def test_late_callback():
    """A callback that comes after the asking is called at once."""
    token, called = CancelToken(), []
    token.cancel()
    forget = token.on_cancel(lambda: called.append("late"))
    forget()
    assert ["late"] == called


def test_forgotten_callback():
    """A callback taken back is not called."""
    token, called = CancelToken(), []
    token.on_cancel(lambda: called.append("forgotten"))()
    token.cancel()
    assert [] == called
