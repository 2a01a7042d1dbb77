"""Work that no signal may strike in the midst of, to what it gives: the main thread only waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from pflow_engine.clock import CancelToken
from pflow_engine.signals import wait_awake

_Given = TypeVar("_Given")


def sheltered(work: Callable[[CancelToken], _Given], cancel: CancelToken) -> _Given:
    """What ``work`` gives; its token is asked when ``cancel`` is, and on a signal, which then goes on.

    Handlers of signals raise in the main thread, at any step: between a fork and what would remember the process, too.
    So there the work is done in another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return work(cancel)
    token = CancelToken(cancel)
    forget = cancel.on_cancel(token.cancel)
    with ThreadPoolExecutor(1) as thread:
        try:
            working = thread.submit(work, token)
            wait_awake(lambda step: wait([working], step).done)
            return working.result()
        except BaseException:
            token.cancel()
            raise
        finally:
            forget()
