"""The runs of a test to those who watch them: some are told of the result, some hear the events too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from pflow_engine.clock import RealClock
from pflow_engine.result import RunResult
from pflow_engine.trace import Event, OnEvent
from pflow_testkit.options import OBSERVERS, WATCHERS, Observer, Redact


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches the runs of one test."""

    watchers: tuple[Callable[[RunResult], None], ...] = ()
    observers: tuple[partial[Observer], ...] = ()

    @classmethod
    def of(cls, request: pytest.FixtureRequest) -> Watch:
        """What the session wants to know of a test."""
        stash, nodeid = request.config.stash, request.node.nodeid
        return cls(
            tuple(partial(watch, nodeid) for watch in stash[WATCHERS]),
            tuple(partial(observe, nodeid) for observe in stash[OBSERVERS]),
        )

    def begin(self, options: Mapping[str, Any], redact: Redact) -> tuple[dict[str, Any], Callable[[RunResult], None]]:
        """Those of ``Flow.run`` for a run that begins, and what is to be told of its result.

        Where nobody listens nothing is added: batches make no events then.
        """
        clock = options.get("clock") or RealClock()
        observing = [observe(clock, redact) for observe in self.observers]
        listeners = [*(each.on_event for each in observing), options.get("on_event")]
        heard = {"on_event": _all([each for each in listeners if each is not None])} if observing else {}

        def tell(result: RunResult) -> None:
            for told in (*self.watchers, *(each.ended for each in observing)):
                told(result)

        return {**options, **heard}, tell


def _all(listeners: Sequence[OnEvent]) -> OnEvent:
    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
