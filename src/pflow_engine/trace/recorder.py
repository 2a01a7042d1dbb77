"""Events to a trace, while the run goes on.

Holds the one lock of a run: events of parallel items reach the listener one at a time, and what several items
report is gathered under it. Records of nodes come from the flow's own thread only, one node after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from pflow_engine.clock import Clock
from pflow_engine.trace.finding import environment_secrets, named_secrets
from pflow_engine.trace.model import BatchTrace, Event, NodeTrace, OnEvent, Trace
from pflow_engine.trace.strict import strict_json

Child = Trace | Callable[[], Trace]
"""The trace of a nested workflow; while it runs, what gives the trace so far."""


def _go_on() -> None:
    """Nobody is to be stopped."""


def _never() -> bool:
    """Somebody waits for the run to the end."""
    return False


class Recorder:
    """Collects what the layers note of the node that is running, and the records of those that ended.

    That of a nested workflow hands secrets on to ``above``, since they are taken out of the whole trace. Once it is
    ``given_up``, its time being up, it tells and records nothing more.
    """

    def __init__(
        self,
        on_event: OnEvent | None,
        clock: Clock,
        stop: Callable[[], None] = _go_on,
        above: Recorder | None = None,
        given_up: Callable[[], bool] = _never,
    ) -> None:
        self._on_event = on_event
        self._stop = stop
        self._above = above
        self.given_up = given_up
        self.origin = ""
        self.broken_listener: Exception | None = None
        self._clock = clock
        self._started = clock.now()
        self.started_at = clock.today()
        self._lock = threading.Lock()
        self._notes: dict[str, Any] = {}
        self._warnings: dict[str, None] = {}
        self._unresolved: set[str] = set()
        self._children: dict[tuple[str, int | None], tuple[int, Child]] = {}
        self._secrets: set[str] = set(() if above else environment_secrets())
        self._nodes: list[NodeTrace] = []

    @property
    def listening(self) -> bool:
        """Whether anyone wants events: batches make none otherwise."""
        return self._on_event is not None

    @property
    def nodes(self) -> tuple[NodeTrace, ...]:
        """The nodes that ended, in the order they ran."""
        return tuple(self._nodes)

    @property
    def known_secrets(self) -> tuple[str, ...]:
        """What was registered, what params with the name of a secret came to, the environment's then and now."""
        return () if self._above else tuple(sorted({*self._secrets, *environment_secrets()}))

    @property
    def left_unresolved(self) -> tuple[str, ...]:
        """The running node's templates that were left as written."""
        return tuple(sorted(self._unresolved))

    def elapsed_ms(self) -> float:
        """Milliseconds since the run began."""
        return round((self._clock.now() - self._started) * 1000, 3)

    def emit(self, event: Event) -> None:
        """Tell the listener. One that raises is told nothing more, and the run is asked to stop.

        What it raised is kept in ``broken_listener``: it is the caller's to hear of, and no failure of the node or
        item that was at work.
        """
        if self._on_event is None or self.given_up():
            return
        with self._lock:
            if self.broken_listener is not None:
                return
            try:
                self._on_event(event)
            except Exception as error:  # noqa: BLE001  # kept, and raised by the run when all is written
                self.broken_listener = error
        if self.broken_listener is not None:
            self._stop()

    def open(self) -> int:
        """Begin a node's record; gives how many there were before."""
        self._notes = {}
        self._warnings = {}
        self._unresolved = set()
        self._children = {}
        self.origin = ""
        return len(self._nodes)

    def note(self, **facts: Any) -> None:
        """Fields of the running node's record; copied to strict JSON now, before anyone changes them."""
        self._notes.update({name: strict_json(value) for name, value in facts.items()})

    def note_batch(self, batch: BatchTrace) -> None:
        """The running node's batch, which is frozen already."""
        self._notes["batch"] = batch

    def note_child(self, node_id: str, index: int | None, attempt: int, child: Child) -> None:
        """The workflow that the running node, or an attempt of an item, runs. That of the last attempt counts."""
        with self._lock:
            if attempt >= self._children.get((node_id, index), (0,))[0]:
                self._children[node_id, index] = attempt, child

    def child(self, node_id: str) -> Trace | None:
        """The trace of the workflow that the running node runs; of one that goes on, as far as it came."""
        with self._lock:
            noted = self._children.get((node_id, None))
        return _trace(noted[1]) if noted else None

    def children(self, node_id: str) -> dict[int, Trace]:
        """The same for each item of the running node."""
        with self._lock:
            noted = [(index, child) for (node, index), (_, child) in self._children.items() if node == node_id]
        return {index: _trace(child) for index, child in noted if index is not None}

    def note_origin(self, place: str) -> None:
        """Where in another file the running node's failure comes from."""
        self.origin = place

    def warn(self, text: str) -> None:
        """Something odd about the running node that did not stop it."""
        self._warnings[text] = None

    def unresolved(self, templates: Iterable[str]) -> None:
        """Templates of the running node, or of any of its items, that were left as written."""
        with self._lock:
            self._unresolved.update(templates)

    def keep_secret(self, values: Iterable[str]) -> None:
        """Values that must not be seen in the trace."""
        if self._above is not None:
            self._above.keep_secret(values)
            return
        with self._lock:
            self._secrets.update(values)

    def close(self, **facts: Any) -> None:
        """End the running node's record."""
        if self.given_up():
            return
        if self._above is not None and self.listening:
            # An attempt of an item that is tried again leaves no trace, but what it met is told of.
            self.keep_secret(named_secrets(self._notes.get("outputs")))
        gathered = {"unresolved": sorted(self._unresolved), "warnings": list(self._warnings)}
        self._nodes.append(NodeTrace(**{**self._notes, **gathered, **facts}))


def _trace(child: Child) -> Trace:
    return child if isinstance(child, Trace) else child()
