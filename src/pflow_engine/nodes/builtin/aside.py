"""Work that cannot be stopped to its result, or to None as soon as it is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from pflow_engine.clock import CancelToken
from pflow_engine.signals import wait_awake

_Result = TypeVar("_Result")


def aside(work: Callable[[CancelToken], _Result], cancel: CancelToken) -> _Result | None:
    """Do it in a thread of its own, which is left behind when ``cancel`` is asked; whose own token is asked too.

    Raises:
        BaseException: what the work raised.
    """
    token, ended = CancelToken(cancel), threading.Event()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work(token))
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits, which raises it
            errors.append(error)
        ended.set()

    def give_up() -> None:
        token.cancel()
        ended.set()

    forget = cancel.on_cancel(give_up)
    try:
        threading.Thread(target=run, daemon=True).start()
        wait_awake(ended.wait)
    except BaseException:
        # Ctrl-C while it waits is the same to the work as a cancel.
        token.cancel()
        raise
    finally:
        forget()
    for error in errors:
        raise error
    return results[0] if results else None
