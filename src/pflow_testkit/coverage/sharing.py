"""What a worker of xdist counted to its controller: with the last report of each test, and at its end.

A worker that is killed, or whose controller is interrupted, takes along no more than the test that it was in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pflow_testkit.coverage.tally import Tally


@dataclass(frozen=True)
class Sharing:
    """The tally of one plugin, which leaves what it sends under a ``name``.

    ``prepare`` counts on all places, and gives what else is sent with them: with the first report and at the end, for
    of a session that is interrupted the controller hears no end.
    """

    config: pytest.Config
    tally: Tally
    name: str
    prepare: Callable[[], Mapping[str, Any]]
    _has_told: dict[str, bool] = field(default_factory=dict)
    _begun: list[bool] = field(default_factory=list)

    @property
    def on_worker(self) -> bool:
        """Whether this process is one of xdist's workers."""
        return hasattr(self.config, "workeroutput")

    @property
    def lost(self) -> tuple[str, ...]:
        """The workers that ended before they told all."""
        return tuple(sorted(name for name, has_told in self._has_told.items() if not has_told))

    def attach(self, report: pytest.TestReport) -> None:
        """On a worker, let the last report of a test carry what was reached since the one before."""
        if self.on_worker and report.when == "teardown":
            setattr(report, self.name, self.tally.take_hits() if self._begun else self._whole())
            self._begun.append(True)

    def end(self) -> None:
        """On a worker, leave the rest."""
        self.config.workeroutput[self.name] = self._whole()  # type: ignore[attr-defined]  # xdist's

    def received(self, report: pytest.TestReport) -> Mapping[str, Any]:
        """On the controller, add what a report carried; gives what else it did."""
        return self._add(None if self.on_worker else getattr(report, self.name, None))

    def ready(self, node: Any) -> None:
        """Note a worker that has begun."""
        self._has_told[node.gateway.id] = False

    def down(self, node: Any) -> Mapping[str, Any]:
        """Add what else a worker counted, if anything; gives what else it sent. It may be said twice to have ended."""
        sent, name = getattr(node, "workeroutput", {}).get(self.name), node.gateway.id
        if sent is None or self._has_told.get(name):
            return {}
        self._has_told[name] = True
        return self._add(sent)

    def _whole(self) -> dict[str, Any]:
        return {**self.prepare(), **self.tally.to_send()}

    def _add(self, sent: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if sent is not None:
            self.tally.receive(sent)
        return sent or {}
