"""One item to its Outcome: attempts until one succeeds. Everything about an attempt is a local."""

from __future__ import annotations

import json
import re
from asyncio.exceptions import CancelledError
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from pflow_engine.batch.outcome import Outcome
from pflow_engine.clock import CancelToken, Clock
from pflow_engine.errors import PflowError, Unhealable
from pflow_engine.resources import Resources

Work = Callable[[int, int], tuple[dict[str, Any], str | None]]
"""``work(index, attempt)`` runs one attempt and gives its outputs and action; attempts count from 1."""


FAILURES: tuple[type[BaseException], ...] = (Exception, SystemExit, CancelledError)
"""What a node may raise that is its own failure and so data: the end of its process or its task too."""

_new: Final = tuple.__new__  # what Outcome(…) comes to, without a frame of Python's for each item

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ItemEvent(NamedTuple):
    """Progress of a batch: an item starts, fails in an attempt, is tried again, or ends (``status`` says how).

    ``outputs`` are those of the attempt that failed or was the last, where it has any.
    """

    kind: Literal["item_start", "attempt_failed", "item_retry", "item_end"]
    index: int  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int
    status: str = ""
    error: str = ""
    error_type: str = ""
    outputs: Mapping[str, Any] | None = None


class FarJob(Protocol):
    """What travels to another process, once to each, and makes the job there."""

    def job(
        self, payloads: Mapping[int, Any], cancel: CancelToken, resources: Resources
    ) -> tuple[Job, Callable[[], Any]]:
        """The job for these items, by index; and what gives their report, once they have ended."""
        ...


class Crossing(Protocol):
    """How a job gets to processes that share no memory with this one."""

    @property
    def shared(self) -> FarJob:
        """What goes to each process once."""
        ...

    def parts(self) -> Iterable[tuple[str, Any]]:
        """The pieces of ``shared`` by the names that a user knows them by."""
        ...

    def payload(self, index: int) -> Any:
        """What travels for one item."""
        ...

    def merge(self, report: Any) -> None:
        """Take in what the items of a chunk reported beside their outcomes."""
        ...


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
    crossing: Crossing | None = None


class _Failure(NamedTuple):
    error: str
    error_type: str
    outputs: dict[str, Any] | None
    cause: BaseException | None
    heals: bool


class ItemInterrupted(BaseException):
    """Ctrl-C, or another exit of the whole process: the ``signal``, and what became of the item it met."""

    def __init__(self, signal: BaseException, outcome: Outcome) -> None:
        super().__init__("the item was interrupted")
        self.signal = signal
        self.outcome = outcome


def run_item(job: Job, index: int) -> Outcome:
    """Try an item until it succeeds, cannot heal, or has had its attempts.

    Raises:
        ItemInterrupted: from what is no failure of the item but ends the whole process.
    """
    now, work, tell = job.clock.now, job.work, job.on_item
    started, attempt = now(), 1
    while True:
        if tell is not None:
            tell(ItemEvent("item_start" if attempt == 1 else "item_retry", index, attempt))
        try:
            outputs, action = work(index, attempt)
            if action != "error" and not outputs.get("error"):
                break
        except FAILURES as error:
            failure = _raised(error)
        except BaseException as signal:
            cut = _Failure("interrupted", type(signal).__name__, None, None, heals=False)
            _tell_failure(job, index, attempt, cut)
            raise ItemInterrupted(signal, _failed(job, index, attempt, cut, (now() - started) * 1000)) from signal
        else:
            failure = _Failure(reported_text(outputs), "error", outputs, None, heals=True)
        _tell_failure(job, index, attempt, failure)
        if attempt >= job.max_retries or not failure.heals or not _wait(job):
            return _failed(job, index, attempt, failure, (now() - started) * 1000)
        attempt += 1
    if tell is not None:
        tell(ItemEvent("item_end", index, attempt, "completed", outputs=outputs))
    return _new(Outcome, (index, "completed", attempt, outputs, None, None, (now() - started) * 1000, None))


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


def _raised(error: BaseException) -> _Failure:
    return _Failure(error_text(error), type(error).__name__, None, error, not isinstance(error, Unhealable))


def _tell_failure(job: Job, index: int, attempt: int, failure: _Failure) -> None:
    if job.on_item is not None:
        said = failure.error, failure.error_type, failure.outputs
        job.on_item(ItemEvent("attempt_failed", index, attempt, "", *said))


def _wait(job: Job) -> bool:
    # Whether to go on: an interrupted run tries nothing again.
    if job.retry_wait > 0 and not job.cancel.cancelled:
        job.clock.sleep(job.retry_wait, job.cancel)
    return not job.cancel.cancelled


def _failed(job: Job, index: int, attempts: int, failure: _Failure, duration_ms: float) -> Outcome:
    if job.on_item is not None:
        job.on_item(ItemEvent("item_end", index, attempts, "failed"))
    cause = failure.cause if job.fail_fast else None
    return Outcome(index, "failed", attempts, failure.outputs, failure.error, failure.error_type, duration_ms, cause)


def _type_name(value: Any) -> str:
    # Not str: that may hold an address, another one in each run.
    return f"<{type(value).__name__}>"
