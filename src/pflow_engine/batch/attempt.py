"""One item to its Outcome: attempts until one succeeds. Everything about an attempt is a local."""

from __future__ import annotations

import json
import re
from asyncio.exceptions import CancelledError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pflow_engine.batch.outcome import Outcome
from pflow_engine.clock import CancelToken, Clock
from pflow_engine.errors import PflowError, Unhealable

Work = Callable[[int, int], tuple[dict[str, Any], str | None]]
"""``work(index, attempt)`` runs one attempt and gives its outputs and action; attempts count from 1."""


FAILURES: tuple[type[BaseException], ...] = (Exception, SystemExit, CancelledError)
"""What a node may raise that is its own failure and so data: the end of its process or its task too."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ItemEvent(NamedTuple):
    """Progress of a batch: an item starts, is tried again, or ends (``status`` says how)."""

    kind: Literal["item_start", "item_retry", "item_end"]
    index: int  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int
    status: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with each of ``count`` items. Seconds for ``retry_wait``."""

    count: int
    work: Work
    clock: Clock
    cancel: CancelToken
    max_retries: int = 1
    retry_wait: float = 0
    fail_fast: bool = True
    on_item: Callable[[ItemEvent], None] | None = None


class _Failure(NamedTuple):
    error: str
    error_type: str
    outputs: dict[str, Any] | None
    cause: BaseException | None
    heals: bool


def run_item(job: Job, index: int) -> Outcome:
    """Try an item until it succeeds, cannot heal, or has had its attempts."""
    clock, started, attempt = job.clock, job.clock.now(), 1
    while True:
        _tell(job, "item_start" if attempt == 1 else "item_retry", index, attempt)
        result = _attempt(job, index, attempt)
        if not isinstance(result, _Failure):
            _tell(job, "item_end", index, attempt, "completed")
            return Outcome(index, "completed", attempt, result, None, None, (clock.now() - started) * 1000)
        if attempt >= job.max_retries or not result.heals or not _wait(job):
            break
        attempt += 1
    _tell(job, "item_end", index, attempt, "failed")
    return _failed(job, index, attempt, result, (clock.now() - started) * 1000)


def error_text(error: BaseException) -> str:
    """What an exception says; its type where it says nothing."""
    if isinstance(error, PflowError):
        return error.summary
    if isinstance(error, SystemExit):
        return f"the node ended the process: SystemExit({error.code!r})"
    try:
        text = str(error) or type(error).__name__
    except Exception:  # noqa: BLE001  # a user's exception, whose own text may fail in any way
        return type(error).__name__
    # Another in each run, and half a character that no file can hold, are no part of what it says.
    return _ADDRESS.sub("", text).encode("utf-8", "backslashreplace").decode()


def reported_text(outputs: Mapping[str, Any]) -> str:
    """What a node says that returned an error instead of raising one."""
    error = outputs.get("error")
    if not error:
        return "the node returned the action 'error'"
    if isinstance(error, str):
        return error
    try:
        return json.dumps(error, ensure_ascii=False, default=_type_name)
    except (TypeError, ValueError, RecursionError):
        return f"the node returned an error of type {type(error).__name__}"


def _attempt(job: Job, index: int, attempt: int) -> dict[str, Any] | _Failure:
    try:
        outputs, action = job.work(index, attempt)
        if action != "error" and not outputs.get("error"):
            return outputs
    except FAILURES as error:
        heals = not isinstance(error, Unhealable)
        return _Failure(error_text(error), type(error).__name__, None, error, heals)
    return _Failure(reported_text(outputs), "error", outputs, None, heals=True)


def _wait(job: Job) -> bool:
    # Whether to go on: an interrupted run tries nothing again.
    if job.retry_wait > 0 and not job.cancel.cancelled:
        job.clock.sleep(job.retry_wait, job.cancel)
    return not job.cancel.cancelled


def _failed(job: Job, index: int, attempts: int, failure: _Failure, duration_ms: float) -> Outcome:
    return Outcome(
        index,
        "failed",
        attempts,
        failure.outputs,
        failure.error,
        failure.error_type,
        duration_ms,
        failure.cause if job.fail_fast else None,
    )


def _tell(job: Job, kind: Any, index: int, attempt: int, status: str = "") -> None:
    if job.on_item is not None:
        job.on_item(ItemEvent(kind, index, attempt, status))


def _type_name(value: Any) -> str:
    # Not str: that may hold an address, another one in each run.
    return f"<{type(value).__name__}>"
