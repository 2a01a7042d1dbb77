"""Time and stopping."""

import math
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


def test_within_its_time():
    """Work that ends in time is waited for, in a thread of its own."""
    threads = []
    assert RealClock().within(60, lambda: threads.append(threading.current_thread()), CancelToken()) is True
    assert threading.current_thread() not in threads


def test_not_within_its_time():
    """Work that takes longer is left alone: whoever waits goes on."""
    let_go = threading.Event()
    assert RealClock().within(0.01, let_go.wait, CancelToken()) is False
    let_go.set()


def test_within_longest_time():
    """Any number of seconds may be waited for, also one that no lock takes."""
    assert RealClock().within(math.inf, lambda: None, CancelToken()) is True


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
