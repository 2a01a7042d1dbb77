"""Events of a run to when each item of each batch was at work, and in which thread.

Written under the recorder's lock, as events come one at a time; read when the run has ended.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pflow_engine.trace import Event

NOT_YET: Final = -1.0
FAR: Final = -1
"""The thread of an item that ran in another process: which one is not told, only when."""


@dataclass(slots=True)
class Mark:
    """An item at work: seconds of the run's clock, which in a test may skip what is slept."""

    thread: int
    start: float
    end: float = NOT_YET
    retries: list[float] = field(default_factory=list)


Marks = dict[int, Mark]
"""Those of a batch, by index."""


class Times:
    """Hears one run. ``batches`` are the marks by the path of the node, one for each of its runs."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began, self._began_ns = now(), time.time_ns()
        self.batches: dict[str, list[Marks]] = defaultdict(list)

    def on_event(self, event: Event) -> None:
        """Note it, if it is of an item."""
        if event.kind == "node_start":
            self.batches[event.node_id].append({})
        elif event.index is not None:
            self._item(self.batches[event.node_id], event.index, event)

    def _item(self, runs: list[Marks], index: int, event: Event) -> None:
        if not runs:
            runs.append({})
        thread, now = self._place(event.at)
        mark = runs[-1].setdefault(index, Mark(thread, now))
        if event.kind == "item_retry":
            mark.retries.append(now)
        elif event.kind == "item_end":
            mark.end = now

    def _place(self, at: int | None) -> tuple[int, float]:
        if at is None:
            return threading.get_ident(), self._now()
        return FAR, self._began + (at - self._began_ns) / 1e9

    def of(self, path: str, number: int, total: int) -> Marks:
        """Those of one run of a node of ``total`` that the trace has; it keeps the last attempt, as the last ones."""
        runs = self.batches.get(path, [])
        place = len(runs) - total + number
        return runs[place] if 0 <= place < len(runs) else {}
