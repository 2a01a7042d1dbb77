"""What became of an item, and of a batch that was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

Status = Literal["completed", "failed", "cancelled"]


class Outcome(NamedTuple):
    """One item's end. ``cancelled`` means never started.

    ``outputs`` is None when the item raised or never ran. ``cause`` is the exception, kept only where it
    will be raised again (``fail_fast``), so that a long ``continue`` batch pins no frames. A named tuple
    because one is made for each item: a frozen dataclass takes three times as long.
    """

    index: int  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    status: Status
    attempts: int = 0
    outputs: dict[str, Any] | None = None
    error: str | None = None
    error_type: str | None = None
    duration_ms: float = 0.0
    cause: BaseException | None = None


class BatchInterrupted(Exception):
    """Ctrl-C, or another exit of the whole process: the ``signal``, and the outcomes so far."""

    def __init__(self, signal: BaseException, outcomes: list[Outcome]) -> None:
        super().__init__("the batch was interrupted")
        self.signal = signal
        self.outcomes = outcomes


def error_entries(outcomes: Sequence[Outcome], item: Callable[[int], Any]) -> list[dict[str, Any]] | None:
    """The ``errors`` of a batch, in index order; None when nothing failed. ``item`` gives what stands for one."""
    entries = [
        {
            "index": outcome.index,
            "item": item(outcome.index),
            "error": outcome.error,
            "error_type": outcome.error_type,
            "attempts": outcome.attempts,
        }
        for outcome in outcomes
        if outcome.status == "failed"
    ]
    return entries or None


def timing(outcomes: Sequence[Outcome], wall_ms: float) -> dict[str, float] | None:
    """Milliseconds over the items that ran, waits between attempts included; None when none did."""
    durations = [outcome.duration_ms for outcome in outcomes if outcome.attempts]
    if not durations:
        return None
    total = sum(durations)
    return {
        "total_items_ms": round(total, 3),
        "avg_item_ms": round(total / len(durations), 3),
        "min_item_ms": round(min(durations), 3),
        "max_item_ms": round(max(durations), 3),
        "wall_ms": round(wall_ms, 3),
    }
