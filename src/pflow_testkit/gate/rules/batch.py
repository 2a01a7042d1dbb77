"""Two versions of a batch block to what becomes of its items now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pflow_engine.document.model import BatchConfig
from pflow_engine.templates import MISSING
from pflow_testkit.gate.comparing.meaning import meaning
from pflow_testkit.gate.comparing.pair import Both, Pair
from pflow_testkit.gate.model import Finding

_Told = tuple[str, str, str, Any, Any]
"""A code, what happened, the field, and both values."""


def batch_changes(pair: Pair) -> Iterator[Finding]:
    """Batches that are gone or new, and every setting that does something else."""
    for node in pair.both:
        was, now = node.was.batch, node.now.batch
        name = node.now.id
        if was is None and now is not None:
            message = f"'{name}' runs once for each item"
            yield pair.tell("batch-added", message, pair.at(name, "batch", key=True), node=name)
        elif was is not None and now is None:
            place = pair.at(node.was.id, "batch", side="base", key=True)
            yield pair.tell("batch-removed", f"'{name}' runs once, not for each item", place, node=name)
        elif was is not None and now is not None:
            yield from _changed(pair, node, was, now)


def _changed(pair: Pair, node: Both, was: BatchConfig, now: BatchConfig) -> Iterator[Finding]:
    name = node.now.id
    if meaning(was.items, pair.names) != meaning(now.items):
        place = pair.at(name, "batch", "items")
        message = f"batch '{name}' has other items"
        yield pair.tell("batch-items-changed", message, place, base=was.items, head=now.items, node=name)
    for code, what, field, old, new in (*_failures(was, now), *_pace(was, now), *_attempts(was, now)):
        place = pair.at(name, "batch", field)
        yield pair.tell(code, f"batch '{name}' {what}", place, base=old, head=new, node=name)


def _failures(was: BatchConfig, now: BatchConfig) -> Iterator[_Told]:
    if was.alias != now.alias:
        yield "batch-alias-renamed", "calls its item by another name", "as", was.alias, now.alias
    if was.error_handling != now.error_handling:
        stops = now.error_handling == "fail_fast"
        code = "batch-made-fail-fast" if stops else "batch-made-tolerant"
        what = "stops at the first failed item" if stops else "goes on after a failed item"
        yield code, what, "error_handling", was.error_handling, now.error_handling


def _pace(was: BatchConfig, now: BatchConfig) -> Iterator[_Told]:
    if was.parallel != now.parallel:
        code = "batch-made-parallel" if now.parallel else "batch-made-sequential"
        what = "runs its items at the same time" if now.parallel else "runs its items one after the other"
        yield code, what, "parallel", was.parallel, now.parallel
    # Of items that run one after the other it says nothing.
    if was.max_concurrent != now.max_concurrent and (was.parallel or now.parallel):
        what = "has another number of items in flight"
        yield "batch-concurrency-changed", what, "max_concurrent", was.max_concurrent, now.max_concurrent


def _attempts(was: BatchConfig, now: BatchConfig) -> Iterator[_Told]:
    if was.max_retries != now.max_retries:
        became = "lowered" if now.max_retries < was.max_retries else "raised"
        what = "tries an item fewer times" if became == "lowered" else "tries an item more times"
        yield f"batch-retries-{became}", what, "max_retries", was.max_retries, now.max_retries
    # Where there is one attempt, nothing waits.
    if was.retry_wait != now.retry_wait and max(was.max_retries, now.max_retries) > 1:
        what = "waits another time between attempts"
        yield "batch-retry-wait-changed", what, "retry_wait", was.retry_wait, now.retry_wait
    if was.timeout != now.timeout:
        yield _timeout(was.timeout, now.timeout)


def _timeout(was: float | None, now: float | None) -> _Told:
    if was is None:
        return "batch-timeout-added", "has a timeout", "timeout", MISSING, now
    if now is None:
        return "batch-timeout-removed", "has no timeout any more", "timeout", was, MISSING
    became = "lowered" if now < was else "raised"
    return f"batch-timeout-{became}", f"has its timeout {became}", "timeout", was, now
