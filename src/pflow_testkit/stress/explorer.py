"""A function to the schedule that breaks it, if one does."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pflow_testkit.stress.patches import patched, replacements
from pflow_testkit.stress.running import Ran, Setting, run_once
from pflow_testkit.stress.schedule import Token

_COLLECT_EVERY = 100


@contextmanager
def exploration(setting):
    with ExitStack() as stack:
        stack.enter_context(patched(replacements()))
        yield

