"""Nodes that reach out to layers that replay what was recorded, or record it.

The modes are VCR's: ``none`` replays alone, ``once`` records where there is no cassette yet, ``new`` records what the
cassette does not have (VCR's ``new_episodes``), ``all`` records everything anew. A cassette is written when a run has
ended, whole, without secrets: those of the whole run are known only then.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from pflow_engine.batch import FAILURES
from pflow_engine.errors import Problem, Unhealable
from pflow_engine.store import LLM_CALLS, Store, View
from pflow_engine.trace import Redactor, environment_secrets, named_secrets, revivable_json, revive
from pflow_engine.wrappers import Call, Layer, NodeSpec
from pflow_testkit.cassettes.recordings import (
    InvalidCassette,
    Raised,
    Recording,
    key_of,
    read_recordings,
    write_recordings,
)
from pflow_testkit.changes import value_changes
from pflow_testkit.hooks import UserHooks
from pflow_testkit.normalise import without_places
from pflow_testkit.options import Mode

_MOST_COMPARED: Final = 200
_MOST_SHOWN: Final = 5


class Miss(NamedTuple):
    """A call that no recording fits: why, and what differs from the nearest one, a line each."""

    node_id: str
    message: str
    near: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What to do, after a look at the nearest."""
        fix = "record it with --pflow-record=new, or stub the node"
        if not self.near:
            return fix
        more = [f"...and {len(self.near) - _MOST_SHOWN} more"] if len(self.near) > _MOST_SHOWN else []
        lines = "".join(f"\n    {line}" for line in (*self.near[:_MOST_SHOWN], *more))
        return f"{fix}; what differs from the nearest recorded call:{lines}"


class Privacy:
    """What is taken out of calls of a run before they are compared or kept: secrets, its folders, what hooks say.

    A call is compared without the secrets that were known when it was made: those of the inputs, the environment and
    its own params, and those that other nodes gave before. A replayed run comes to the same, since what stood in
    the place of a secret there is ``[redacted]`` from the start. Written to by the threads of a batch, hence the lock.
    """

    def __init__(self, hooks: UserHooks, places: Mapping[str, str]) -> None:
        self.hooks, self.places = hooks, places
        self._lock = threading.Lock()
        self._known: dict[str, set[str]] = defaultdict(set)

    def learn(self, source: str, value: Any) -> None:
        """Note the secrets in what a node gave; of the inputs under the name ""."""
        found = set(named_secrets(value))
        if found:
            with self._lock:
                self._known[source] |= found

    def of_call(self, node_id: str, value: Any) -> Any:
        """A node's params or item as revivable JSON that is the same wherever it runs."""
        written = without_places(revivable_json(value), self.places)
        return self.hooks.redact(_redactor(self._secrets(node_id, written))(written))

    def of_all(self, value: Any) -> Any:
        """Anything of the run without what is known by now."""
        return self.hooks.redact(without_places(_redactor(self._secrets("", value))(value), self.places))

    def _secrets(self, node_id: str, written: Any) -> frozenset[str]:
        # Not those of the node itself: which items of its batch were done before this one is chance.
        with self._lock:
            known = set().union(*(found for source, found in self._known.items() if source != node_id or not source))
        return frozenset([*known, *environment_secrets(), *named_secrets(written)])


class Cassette:
    """The recorded calls of one test. Used by the threads of a batch, hence the lock."""

    def __init__(self, path: Path, mode: Mode, shown_as: str) -> None:
        self.path, self.mode, self.shown_as = path, mode, shown_as
        self._misses: list[tuple[int, Miss]] = []
        self._lock = threading.Lock()
        exists = path.exists()
        kept = read_recordings(path, shown_as) if exists and mode != "all" else []
        self._kept, self._exists = kept, exists
        self._by_call: dict[tuple[str, str], list[Recording]] = defaultdict(list)
        for recording in kept:
            self._by_call[recording.node, recording.key].append(recording)
        self._new: list[Recording] = []
        self.records = mode in ("new", "all") or (mode == "once" and not exists)
        self._active = exists or self.records

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes, by path, that it has calls of."""
        return frozenset(recording.node for recording in self._kept)

    def tape(self, privacy: Privacy) -> Tape | None:
        """It as one run uses it; None where there is nothing to replay and nothing is to be recorded."""
        return Tape(self, privacy) if self._active else None

    def find(self, path: str, call: Call, key: str) -> Recording | None:
        """The recording of a call; of several of the very same one that of its item and attempt."""
        same = self._by_call.get((path, key), [])
        same = [each for each in same if each.within == _within(call)] or same
        of_item = [each for each in same if each.index == call.index]
        if same and not of_item:
            of_item = [each for each in same if each.index == same[0].index]
        exact = [each for each in of_item if each.attempt == call.attempt]
        return next(reversed(exact or of_item), None)

    def add(self, recording: Recording) -> None:
        """Keep what a call came to."""
        with self._lock:
            self._new.append(recording)

    def miss(self, spec: NodeSpec, call: Call, item: Any, params: Any) -> Miss:
        """Note a call that has no recording; says which is the nearest, and what differs."""
        miss = self._why(spec, call, item, params)
        with self._lock:
            self._misses.append((call.index or 0, miss))
        return miss

    def take_misses(self) -> tuple[Miss, ...]:
        """The calls that no recording fitted since it was asked last: of each node the first, for all."""
        with self._lock:
            misses, self._misses = self._misses, []
        by_node: dict[str, list[tuple[int, Miss]]] = {}
        for place, miss in sorted(misses, key=itemgetter(0)):
            by_node.setdefault(miss.node_id, []).append((place, miss))
        return tuple(_for_all([miss for _, miss in of_node]) for of_node in by_node.values())

    def finish(self, clean: Callable[[Any], Any]) -> None:
        """Write what a run added, if anything; ``clean`` takes the secrets of the run out of it.

        Raises:
            InvalidCassette: the file cannot be written, or a call gave what no cassette can hold; the others are
                written.
        """
        with self._lock:
            recorded, self._new = self._new, []
        lost = {id(each): list(self._lost(each)) for each in recorded}
        added = [_without_secrets(each, clean) for each in recorded if not lost[id(each)]]
        if added:
            anew = {each.place for each in added}
            self._kept = [*(each for each in self._kept if each.place not in anew), *added]
            write_recordings(self.path, self._kept)
        problems = [problem for found in lost.values() for problem in found]
        if problems:
            raise InvalidCassette(problems)

    def give_up(self) -> bool:
        """Forget what was recorded anew in place of a cassette that is there; False where there is nothing to lose."""
        with self._lock:
            kept = bool(self._new) and self.mode == "all" and self._exists
            if kept:
                self._new = []
        return kept

    def _why(self, spec: NodeSpec, call: Call, item: Any, params: Any) -> Miss:
        which = f"node '{spec.path}' ({spec.type})" + (f", item {call.index}" if call.index is not None else "")
        of_node = [each for each in self._kept if each.node == spec.path]
        if not of_node:
            return Miss(spec.path, f"{which}: the cassette has no call of this node")
        now = _compared(item, params, call.index)
        near = min((_differences(each, now) for each in of_node[:_MOST_COMPARED]), key=len)
        calls = (
            "the one recorded call does not fit" if len(of_node) == 1 else f"none of {len(of_node)} recorded calls fits"
        )
        return Miss(spec.path, f"{which}: {calls}", tuple(near))

    def _lost(self, recording: Recording) -> Iterable[Problem]:
        try:
            revive(recording.outputs)
            revive(list(recording.llm_calls))
        except ValueError as error:
            item = "" if recording.index is None else f", item {recording.index},"
            message = f"node '{recording.node}'{item} gave what no cassette can hold: {error}"
            yield Problem("cassette", message, hint="stub the node, or let it give plain data", file=self.shown_as)


@dataclass(frozen=True, slots=True)
class Tape:
    """A cassette as one run uses it."""

    cassette: Cassette
    privacy: Privacy

    @property
    def records(self) -> bool:
        """Whether calls that it does not have are made and kept."""
        return self.cassette.records

    def layer(self, spec: NodeSpec, inner: Layer) -> Layer:
        """What stands in a node's place: replays, records, or says what is missing."""
        return _Taped(spec, inner, self.cassette, self.privacy)

    def learn(self, source: str, value: Any) -> None:
        """Note the secrets in what a node gave; of the inputs under the name ""."""
        self.privacy.learn(source, value)

    def finish(self, redact: Redactor) -> tuple[Miss, ...]:
        """Write what was recorded, without the secrets of the run; gives the calls that were not there.

        Raises:
            InvalidCassette: as ``Cassette.finish``.
        """
        places, hooks = self.privacy.places, self.privacy.hooks
        self.cassette.finish(lambda value: hooks.redact(without_places(redact(value), places)))
        return self.cassette.take_misses()

    def cut_short(self) -> None:
        """Write what was recorded until the run was interrupted; a cassette that was to be made anew is left.

        Raises:
            InvalidCassette: as ``Cassette.finish``.
        """
        if not self.cassette.give_up():
            self.cassette.finish(self.privacy.of_all)


@dataclass(frozen=True, slots=True)
class _Taped:
    spec: NodeSpec
    inner: Layer
    cassette: Cassette
    privacy: Privacy

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        private = self.privacy.of_call(self.spec.path, params)
        item = self.privacy.of_call(self.spec.path, store[call.alias]) if call.index is not None else None
        key = key_of(private, item)
        found = self.cassette.find(self.spec.path, call, key)
        if found is not None:
            return _play(found, store)
        if self.cassette.records:
            about = Recording(self.spec.path, key, call.attempt, private, call.index, item, within=_within(call))
            return self._record(about, call, store, params)
        miss = self.cassette.miss(self.spec, call, item, private)
        raise Unhealable(Problem("no-recording", miss.message))

    def _record(self, about: Recording, call: Call, store: Store, params: dict[str, Any]) -> str | None:
        before = len(store[LLM_CALLS])
        try:
            action = self.inner.run(call, store, params)
        except FAILURES as error:
            self._keep(call, replace(about, raised=Raised.of(error)))
            raise
        outputs = revivable_json(dict(store.outputs)) if isinstance(store, View) else {}
        usage = tuple(revivable_json(store[LLM_CALLS][before:]))
        self._keep(call, replace(about, outputs=outputs, action=action, llm_calls=usage))
        return action

    def _keep(self, call: Call, recording: Recording) -> None:
        # What was cut short says nothing of what the call would have come to.
        if not call.cancel.cancelled:
            self.cassette.add(recording)


def _play(recording: Recording, store: Store) -> str | None:
    if recording.raised is not None:
        raise recording.raised.again()
    store.update(revive(recording.outputs))
    store[LLM_CALLS].extend(revive(list(recording.llm_calls)))
    return recording.action


def _without_secrets(recording: Recording, clean: Callable[[Any], Any]) -> Recording:
    raised = recording.raised
    return replace(
        recording,
        params=clean(recording.params),
        item=clean(recording.item),
        outputs=clean(recording.outputs),
        llm_calls=tuple(clean(list(recording.llm_calls))),
        raised=raised and raised._replace(message=clean(raised.message)),
    )


def _for_all(misses: list[Miss]) -> Miss:
    first, others = misses[0], len(misses) - 1
    more = f" (nor has it those of {others} more items)" if others > 1 else " (nor has it that of one more item)"
    return first._replace(message=first.message + more) if others else first


def _within(call: Call) -> tuple[int, ...]:
    return tuple(level.index for level in call.above if level.index is not None)


def _compared(item: Any, params: Any, index: int | None) -> dict[str, Any]:
    return {"params": params} if index is None else {"item": item, "params": params}


def _differences(recording: Recording, now: Mapping[str, Any]) -> list[str]:
    changes = value_changes(_compared(recording.item, recording.params, recording.index), now)
    return [f"{change.what}  {change.how}" for change in changes]


@lru_cache(maxsize=64)
def _redactor(known: frozenset[str]) -> Redactor:
    # Kept, since the items of a batch mostly have the same secrets, and to find them in text takes a compiled pattern.
    return Redactor.of(known)
