"""Threads that cannot go on to what is said about them: where each stands, what it waits for, who has it."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.scope import Scope, frame_of, shown
from pflow_testkit.stress.strand import Strand

if TYPE_CHECKING:
    from pflow_testkit.stress.scheduler import Scheduler

_MOST_FRAMES = 8
_STARTS = ("_bootstrap", "_bootstrap_inner", "run")
"""What is below everything in a thread."""


def deadlock(scheduler: Scheduler) -> Failure:
    """Everyone waits."""
    waiting = [strand for strand in scheduler.strands if strand.on is not None]
    circle = _circle(waiting, scheduler.scope)
    if len(circle) == 1:
        text = f"deadlock: {circle[0].label} waits for a lock that it holds itself"
    elif circle:
        text = f"deadlock: {_listed(circle)} wait for each other"
    else:
        text = f"deadlock: nobody can go on, {_listed(waiting)} {'wait' if len(waiting) > 1 else 'waits'}"
    return Failure("deadlock", text, "", _stacks(scheduler.scope, waiting))


def left_behind(scheduler: Scheduler, strands: Sequence[Strand]) -> Failure:
    """These have not ended although what started them has returned."""
    text = f"thread left behind: {_listed(strands)} had not ended when the function returned"
    return Failure("thread left behind", text, "", _stacks(scheduler.scope, strands))


def no_end(scheduler: Scheduler, points: int) -> Failure:
    """It goes on for ever, or takes too long."""
    strands = [strand for strand in scheduler.strands if strand.state.name != "ENDED"]
    return Failure("no end", f"no end after {points:,} points", "", _stacks(scheduler.scope, strands))


def waits_for(strand: Strand, scope: Scope) -> str:
    """What a thread waits for, as the user knows it."""
    held = getattr(strand.on, "said", None)
    if held is not None and (said := held(scope)):
        return f"waits for {said}"
    if hasattr(strand.on, "label"):
        return f"waits for {strand.on.label} to end"
    call = call_of(strand.ident, scope)
    return f"waits in {call}" if call else "waits"


def call_of(ident: int, scope: Scope) -> str:
    """The last thing that the user's code called: Queue.get, not the lock deep inside of it."""
    frame, inner = frame_of(ident), ""
    while frame is not None and not scope.wants(frame.f_code, frame.f_globals):
        if not str(frame.f_globals.get("__name__")).startswith("pflow_testkit") and frame.f_code.co_name not in _STARTS:
            inner = frame.f_code.co_qualname
        frame = frame.f_back
    return inner


def _circle(waiting: Sequence[Strand], scope: Scope) -> list[Strand]:
    # Follow who holds what each waits for, until one comes up again.
    for first in waiting:
        way = [first]
        while (holder := _holder(way[-1], scope)) is not None and holder in waiting:
            if holder in way:
                return sorted(way[way.index(holder) :], key=lambda strand: strand.number)
            way.append(holder)
    return []


def _holder(strand: Strand, scope: Scope) -> Strand | None:
    # A condition waits for a lock of its own making, which is no part of any circle.
    said = getattr(strand.on, "said", None)
    return getattr(strand.on, "owner", None) if said is not None and said(scope) else None


def _stacks(scope: Scope, strands: Sequence[Strand]) -> tuple[str, ...]:
    return tuple(line for strand in strands for line in _stack(strand, scope))


def _stack(strand: Strand, scope: Scope) -> Iterator[str]:
    yield f"{strand.label}  {waits_for(strand, scope) if strand.on is not None else 'is at work'}"
    frames = list(scope.frames(frame_of(strand.ident)))
    places = [f"{shown(frame.f_code.co_filename)}:{frame.f_lineno}" for frame in frames[:_MOST_FRAMES]]
    width = max(map(len, places), default=0)
    for frame, where in zip(frames, places, strict=False):
        yield f"    {where.ljust(width)}   {_source(frame)}".rstrip()


def _source(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def _listed(strands: Sequence[Strand]) -> str:
    names = [strand.label for strand in strands]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
