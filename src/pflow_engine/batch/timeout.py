"""Work that may take forever to work that takes at most so many seconds."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from pflow_engine.clock import CancelToken, Clock

_Result = tuple[dict[str, Any], str | None]
CancellableWork = Callable[[CancelToken], _Result]
"""Work that hands its token on, so that processes it starts end with it."""


def bounded(work: CancellableWork, seconds: float, cancel: CancelToken, clock: Clock) -> _Result:
    """Do the work in a thread of its own, which is left behind when the time is up.

    A thread cannot be killed: what it writes later goes to a store nobody reads any more. Its token is
    asked to stop, so a process that it waits for ends at once; so it is when ``cancel`` is.

    Raises:
        TimeoutError: the time was up first.
    """
    token = CancelToken(cancel)
    forget = cancel.on_cancel(token.cancel)
    try:
        return _joined(work, seconds, token, clock)
    except BaseException:
        # Ctrl-C while it waits is the same to what runs below as the time being up.
        token.cancel()
        raise
    finally:
        forget()


def _joined(work: CancellableWork, seconds: float, token: CancelToken, clock: Clock) -> _Result:
    ends: list[_Result | BaseException] = []
    here = copy_context()  # what whoever waits knows of where it is: the span it is in, a user's own variables
    if not clock.within(seconds, lambda: here.run(_into, work, token, ends), token):
        raise TimeoutError(f"timed out after {seconds:g}s")
    if isinstance(ends[0], BaseException):
        raise ends[0]
    return ends[0]


def _into(work: CancellableWork, token: CancelToken, ends: list[_Result | BaseException]) -> None:
    try:
        ends.append(work(token))
    except BaseException as error:  # noqa: BLE001  # handed to the thread that waits, which raises it
        ends.append(error)
