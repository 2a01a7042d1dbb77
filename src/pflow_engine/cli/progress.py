"""Events of a run to bars on a terminal: one for each batch that is running."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pflow_engine.errors import showable
from pflow_engine.trace import Event, OnEvent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def wants_progress() -> bool:
    """Whether stderr is a terminal that somebody looks at."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def bars(*, shown: bool) -> Iterator[OnEvent | None]:
    """A listener that draws bars on stderr, which are gone afterwards; None where there is nobody to see them."""
    if not shown:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # start-up time
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    name, failed = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[failed]}"))
    columns = name, BarColumn(), MofNCompleteColumn(), failed, TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        yield _Bars(progress)


class _Bars:
    """What is drawn, by node: ``classify``, ``sub[3]/fetch``. The recorder calls it once at a time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._failed: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Draw what has come to pass."""
        if event.kind == "item_start" and event.node_id not in self._tasks:
            self._failed[event.node_id] = 0
            self._tasks[event.node_id] = self._progress.add_task(showable(event.node_id), total=event.total, failed="")
        elif event.kind == "item_end":
            self._count(event)
        elif event.kind == "node_end" and event.node_id in self._tasks:
            self._progress.remove_task(self._tasks.pop(event.node_id))
        elif event.kind == "run_end":
            # SIGTERM ends the process before anyone else could put the cursor back.
            self._progress.stop()

    def _count(self, event: Event) -> None:
        self._failed[event.node_id] += event.status == "failed"
        failed = self._failed[event.node_id]
        self._progress.update(self._tasks[event.node_id], advance=1, failed=f"{failed} failed" if failed else "")
