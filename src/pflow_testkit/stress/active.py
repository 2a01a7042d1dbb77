"""The schedule that is being run in this process, if one is: what the primitives ask."""

from __future__ import annotations

from _thread import get_ident

from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.strand import Strand


class _Active:
    """One at a time, set by the explorer alone."""

    __slots__ = ("scheduler",)

    def __init__(self) -> None:
        self.scheduler: Scheduler | None = None


ACTIVE = _Active()


def here() -> tuple[Scheduler, Strand] | None:
    """The schedule and the strand of this thread; None if it is under none."""
    scheduler = ACTIVE.scheduler
    if scheduler is None:
        return None
    me = scheduler.by_ident.get(get_ident())
    return None if me is None else (scheduler, me)


def visit() -> None:
    """A hook's point, if this thread is under a schedule that goes by hooks."""
    if (found := here()) is not None and found[0].hooks:
        found[0].touch(found[1])
