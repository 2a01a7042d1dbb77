"""Faults of a test to layers around nodes that make their calls fail, wait, hang, or give spoilt outputs.

A fault is for the calls of one node: of all its items or one, in all attempts or one. The first that fits a call
counts, in the order they were given; one that delays lets those after it have the call, too.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, NoReturn

from pflow_engine.copying import copy_data
from pflow_engine.document.model import Workflow
from pflow_engine.document.plain import is_too_deep
from pflow_engine.errors import InvalidWorkflow, Problem, Unhealable, did_you_mean
from pflow_engine.nodes import Registry
from pflow_engine.store import Store, View
from pflow_engine.trace import NodeTrace, strict_json
from pflow_engine.value_types import is_of_type
from pflow_engine.wrappers import Call, Layer, NodeSpec
from pflow_testkit.cases.places import FAULT_KINDS, fixtures_in, injection_faults
from pflow_testkit.clock import Hang, SkippingClock
from pflow_testkit.expectations import Fault, shown
from pflow_testkit.nested import may_be_in, nodes_in, records_of
from pflow_testkit.normalise import timeless


class InjectedError(Exception):
    """What a fault with ``raises`` raises, where that is text."""


@dataclass(frozen=True, eq=False)
class Injection:
    """A fault: what happens (``kind``, with its ``value``) to which calls of ``node``.

    ``item`` counts from 0, ``attempt`` from 1; None is each. Outside a batch an attempt is a run of the node.
    Equal only to itself: which of them were met is kept for each.
    """

    node: str
    kind: str
    value: Any
    item: int | None = None
    attempt: int | None = None

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Injection:
        """The fault of a case file's entry, which is sound."""
        (kind,) = (word for word in FAULT_KINDS if word in written)
        return cls(written["node"], kind, written[kind], written.get("item"), written.get("attempt"))

    def fits(self, call: Call) -> bool:
        """Whether it is for this call."""
        return self.item in (None, call.index) and self.attempt in (None, call.attempt)

    def written(self) -> dict[str, Any]:
        """As it would stand in a case file."""
        placed = {name: value for name in ("item", "attempt") if (value := getattr(self, name)) is not None}
        return {"node": self.node, **placed, self.kind: self.value}

    def __str__(self) -> str:
        item = "" if self.item is None else f", item {self.item}"
        attempt = "" if self.attempt is None else f", attempt {self.attempt}"
        return f"the fault for node '{self.node}'{item}{attempt}"


class Faults:
    """The faults of a test, and which of them were met. The threads of a batch write that, hence the lock.

    Each has ``item`` and ``attempt`` to be for that one alone, and is for the runs that come after it.
    """

    def __init__(self, given: Iterable[Injection] = ()) -> None:
        self._lock = threading.Lock()
        self._given = list(given)
        self._met: set[Injection] = set()
        self._runs: list[Sequence[NodeTrace]] = []

    @classmethod
    def of(cls, written: Any) -> Faults:
        """Those of a case file; none, where one of them is none that could be meant."""
        return cls(() if any(injection_faults(written)) else map(Injection.of, written))

    def raises(
        self, node: str, error: str | BaseException, *, item: int | None = None, attempt: int | None = None
    ) -> None:
        """Let the node raise: an exception, or an InjectedError of a text."""
        __tracebackhide__ = True
        self.add(Injection(node, "raises", error, item, attempt))

    def error(self, node: str, text: str, *, item: int | None = None, attempt: int | None = None) -> None:
        """Let the node return the action ``error``, and the text in its output of that name."""
        __tracebackhide__ = True
        self.add(Injection(node, "error", text, item, attempt))

    def delay(self, node: str, seconds: float, *, item: int | None = None, attempt: int | None = None) -> None:
        """Let the node begin so many seconds later; these take no time, but count."""
        __tracebackhide__ = True
        self.add(Injection(node, "delay", seconds, item, attempt))

    def hang(self, node: str, *, item: int | None = None, attempt: int | None = None) -> None:
        """Let the node never come to its end: until its own param ``timeout``, if it has one, or its batch's."""
        __tracebackhide__ = True
        self.add(Injection(node, "hang", True, item, attempt))

    def corrupt(
        self,
        node: str,
        outputs: Mapping[str, Any] | None = None,
        *,
        item: int | None = None,
        attempt: int | None = None,
    ) -> None:
        """Put these in place of what the node gave; without them, cut all its outputs in half."""
        __tracebackhide__ = True
        self.add(Injection(node, "corrupt", True if outputs is None else outputs, item, attempt))

    @property
    def met(self) -> tuple[Injection, ...]:
        """The faults that came to a call."""
        return tuple(fault for fault in self._given if fault in self._met)

    @property
    def unmet(self) -> tuple[Injection, ...]:
        """The faults that did nothing."""
        return tuple(fault for fault in self._given if fault not in self._met)

    def add(self, fault: Injection) -> None:
        """One more.

        Raises:
            InvalidWorkflow: it is none that could be meant.
        """
        __tracebackhide__ = True
        _refuse([fault.written()])
        self._given.append(fault)

    def behind(self, written: Sequence[Mapping[str, Any]]) -> Faults:
        """Others, as a case file writes them, for one run, and these behind them: which of these are met is noted.

        Raises:
            InvalidWorkflow: one is none that could be meant.
        """
        __tracebackhide__ = True
        _refuse(list(written))
        found = Faults([*map(Injection.of, written), *self._given])
        found._lock, found._met, found._runs = self._lock, self._met, self._runs
        return found

    def around(self, spec: NodeSpec, layer: Layer) -> Layer:
        """The node's layer inside its faults, if it has any."""
        faults = tuple(fault for fault in self._given if fault.node == spec.path)
        return _Injected(spec, faults, self._meet, layer) if faults else layer

    def after(self, ran: Sequence[NodeTrace]) -> None:
        """Take note of what a run did: it tells why a fault was not met."""
        self._runs.append(ran)

    def misfits(self, workflow: Workflow, registry: Registry) -> Iterator[Fault]:
        """What is wrong with the faults for a workflow: path (from 0, as they were given), what, the fix."""
        for index, fault in enumerate(self._given):
            for path, message, hint in _misfits_of(fault, workflow, registry):
                yield (index, *path), message, hint

    def unmet_faults(self) -> Iterator[Fault]:
        """Those that did nothing, and why: path, what, the fix."""
        for fault in self.unmet:
            runs = [found for run in self._runs for found in records_of(run, fault.node)]
            said = f"{fault} was never met: {_why_unmet(fault, [run for run in runs if run])}"
            yield (self._given.index(fault),), said, "a fault that does nothing tests nothing: mend it, or take it out"

    def _meet(self, fault: Injection) -> None:
        with self._lock:
            self._met.add(fault)


@dataclass(frozen=True, slots=True)
class _Injected:
    spec: NodeSpec
    faults: tuple[Injection, ...]
    meet: Callable[[Injection], None]
    inner: Layer

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        for fault in self.faults:
            if fault.fits(call):
                self.meet(fault)
                if fault.kind != "delay":
                    return self._act(fault, call, store, params)
                self._wait(call, fault.value)
        return self.inner.run(call, store, params)

    def _act(self, fault: Injection, call: Call, store: Store, params: dict[str, Any]) -> str | None:
        value = fault.value
        match fault.kind:
            case "raises":
                raise value if not isinstance(value, str) else InjectedError(value)
            case "error":
                store["error"] = value
                return "error"
            case "hang":
                self._hang(call, params)
        action = self.inner.run(call, store, params)
        assert isinstance(store, View)
        store.update(_cut_off(store.outputs) if value is True else copy_data(dict(value)))
        return action

    def _wait(self, call: Call, seconds: float) -> None:
        try:
            call.clock.sleep(seconds, call.cancel)
        except Hang:
            raise Hang(self._endless()) from None
        if call.cancel.cancelled:
            # Nobody waits for it any more, so it must not do now what it was kept from doing.
            message = f"node '{self.spec.path}' was asked to stop while a fault held it up"
            raise Unhealable(Problem("cancelled", message))

    def _endless(self) -> Problem:
        message = f"nothing ever ends this: node '{self.spec.path}' hangs and no timeout is over it"
        alone = "only an item of a batch can have a 'timeout' over it"
        return Problem("hang", message, hint="give the batch a 'timeout'" if self.spec.batch else alone)

    def _hang(self, call: Call, params: Mapping[str, Any]) -> NoReturn:
        seconds = self._own_timeout(params)
        limited = self.spec.batch is not None and self.spec.batch.timeout is not None
        if seconds == math.inf and not limited and not isinstance(call.clock, SkippingClock):
            # A clock that really waits would wait for ever, and the session with it.
            raise Hang(self._endless())
        self._wait(call, seconds)
        raise TimeoutError(f"timed out after {seconds:g}s")

    def _own_timeout(self, params: Mapping[str, Any]) -> float:
        declared = self.spec.interface.params.get("timeout")
        given = params.get("timeout")
        seconds: Any = declared.default if declared is not None and given is None else given
        usable = declared is not None and is_of_type(seconds, "number") and seconds > 0
        return float(seconds) if usable else math.inf


def _cut_off(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _half(value) for name, value in outputs.items() if name != "error"}


def _half(value: Any) -> Any:
    if value is None or (isinstance(value, Sized) and not len(value)):
        return value
    # Without times: how long the text is, and so where it is cut, is the same in each run.
    text = value if isinstance(value, str) else json.dumps(timeless(strict_json(value)), ensure_ascii=False)
    return text[: len(text) // 2]


def _refuse(written: list[Any]) -> None:
    __tracebackhide__ = True
    wrong = [*injection_faults(written), *_not_filled(written)]
    if wrong:
        raise InvalidWorkflow([Problem("bad-fault", message, hint=hint) for _, message, hint in wrong])


def _not_filled(written: list[Any]) -> Iterator[Fault]:
    # In a case file they are filled in by now.
    for place, found in () if is_too_deep(written) else fixtures_in(written):
        yield place, f"{shown(found)} is for case files", "ask for the fixture in the test, and give its value"


def _misfits_of(fault: Injection, workflow: Workflow, registry: Registry) -> Iterator[Fault]:
    nodes = {each.path: each.node for each in nodes_in(workflow)}
    if fault.node not in nodes and may_be_in(workflow, fault.node, registry):
        return
    if fault.node not in nodes:
        hint = did_you_mean(fault.node, nodes)
        yield ("node",), f"the workflow has no node '{fault.node}' for a fault", hint
        return
    node = nodes[fault.node]
    if fault.item is not None and node.batch is None:
        yield ("item",), f"node '{fault.node}' has no items: it is no batch", "take 'item' out"
    kind = registry.get(node.type)
    if fault.kind != "corrupt" or fault.value is True or kind is None:
        return
    interface = kind.interface
    known = {"error", *interface.outputs}
    for output in () if interface.open_outputs or interface.echoes else fault.value:
        if output not in known:
            yield ("corrupt", output), f"a {kind.name} node has no output '{output}'", did_you_mean(output, known)


def _why_unmet(fault: Injection, runs: Sequence[Sequence[NodeTrace]]) -> str:
    if not runs:
        return "the node did not run"
    batches = [node.batch.items for run in runs for node in run if node.batch is not None]
    if not batches and fault.item is not None:
        return "the batch never came to its items"
    if not batches:
        tried = max(map(len, runs))
        return _too_seldom(fault, tried, f"the node ran {_times(tried)}")
    if fault.item is None:
        tried = max((row[1] for rows in batches for row in rows), default=0)
        return _too_seldom(
            fault, tried, f"no item was tried more than {_times(tried)}" if tried else "no item was tried"
        )
    rows = [rows[fault.item] for rows in batches if fault.item < len(rows)]
    if not rows:
        count = max(map(len, batches))
        return f"the batch has {count} item{'s' * (count != 1)}"
    tried = max(row[1] for row in rows)
    return _too_seldom(fault, tried, f"the item was tried {_times(tried)}" if tried else "the item was not tried")


def _too_seldom(fault: Injection, tried: int, said: str) -> str:
    came = tried >= (fault.attempt or 1)
    return "an earlier fault came first, or its params or items did not resolve" if came else said


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
