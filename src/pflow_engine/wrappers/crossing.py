"""A batch to another process and back: what its items need there, and what they report beside their outcomes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pflow_engine.batch import Job
from pflow_engine.clock import CancelToken, Clock
from pflow_engine.resources import Resources
from pflow_engine.trace import Event, OnEvent, Recorder, Trace
from pflow_engine.wrappers.attempts import Attempts
from pflow_engine.wrappers.layer import Call, Level


class Report(NamedTuple):
    """What the items of a chunk left beside their outcomes."""

    usage: dict[tuple[int, int], list[Any]]
    secrets: tuple[str, ...]
    unresolved: tuple[str, ...]
    events: tuple[Event, ...]
    children: dict[int, Trace]


@dataclass(frozen=True, slots=True)
class FarSide:
    """What a process that shares no memory needs to run some of the items. Travels once to each."""

    attempts: Attempts
    node_id: str
    clock: Clock
    listening: bool
    above: tuple[Level, ...]

    def job(
        self, payloads: Mapping[int, Any], cancel: CancelToken, resources: Resources
    ) -> tuple[Job, Callable[[], Report]]:
        """The job for these items, by index; and what gives their report, once they have ended."""
        events: list[Event] = []
        recorder = Recorder(_into(events) if self.listening else None, self.clock)
        attempts = replace(self.attempts, items=payloads, usage={})
        call = Call(self.node_id, self.clock, cancel, recorder, ThreadPoolExecutor, resources, above=self.above)

        def report() -> Report:
            known, children = recorder.known_secrets, recorder.children(self.node_id)
            return Report(attempts.usage, known, recorder.left_unresolved, tuple(events), children)

        return attempts.job(call), report


def _into(events: list[Event]) -> OnEvent:
    return lambda event: events.append(event._replace(at=event.at or time.time_ns()))


@dataclass(frozen=True, slots=True)
class BatchCrossing:
    """The near side: hands out what travels, takes in what comes back."""

    attempts: Attempts
    call: Call

    @property
    def shared(self) -> FarSide:
        """What goes to each process once."""
        without_items = replace(self.attempts, items=(), usage={})
        call = self.call
        return FarSide(without_items, call.node_id, call.clock, call.recorder.listening, call.above)

    def parts(self) -> Iterator[tuple[str, Any]]:
        """The pieces of ``shared`` by the names that a user knows them by."""
        yield f"node '{self.call.node_id}'", self.attempts.inner
        yield "its params", self.attempts.params
        yield "the clock", self.call.clock
        for key, value in self.attempts.root.items():
            yield f"'{key}' in the store", value

    def payload(self, index: int) -> Any:
        """The item."""
        return self.attempts.items[index]

    def merge(self, report: Report) -> None:
        """Take a report in, as if its items had run here."""
        self.attempts.usage.update(report.usage)
        self.call.recorder.keep_secret(report.secrets)
        self.call.recorder.unresolved(report.unresolved)
        for index, child in report.children.items():
            self.call.recorder.note_child(self.call.node_id, index, 1, child)
        for event in report.events:
            self.call.recorder.emit(event)
