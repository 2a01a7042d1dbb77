"""Stubs of a case to layers that stand in for nodes; and a log of every call.

A stub is outputs, or a list of rules. A rule has outputs beside ``when`` (which items it is for), ``attempts``
(one reply an attempt, the last repeats), ``raises`` (text of an exception; in Python also one) and ``action``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from pflow_engine.copying import copy_data
from pflow_engine.document.model import Document, Workflow
from pflow_engine.document.plain import is_too_deep
from pflow_engine.document.positions import Path
from pflow_engine.document.schema import TYPES
from pflow_engine.errors import Problem, Unhealable, did_you_mean
from pflow_engine.nodes import Interface, NodeType, Registry
from pflow_engine.nodes.node import Effects
from pflow_engine.store import Store, View
from pflow_engine.value_types import is_of_type, type_name
from pflow_engine.wrappers import Call, Layer, Level, NodeSpec
from pflow_testkit.cases.places import STUB_WORDS, fixtures_in, stub_faults, stubs_faults
from pflow_testkit.expectations import Fault, differences, shown
from pflow_testkit.faults import Faults
from pflow_testkit.hooks import UserHooks
from pflow_testkit.nested import may_be_in, nodes_in, nodes_written

_BY_TYPE = "type:"
_REACHES_OUT: tuple[Effects, ...] = ("network", "model")
_UNASKED = ("error", "llm_usage")
"""Outputs that a stub may have, and that nobody is asked for."""
_EXAMPLES = {"string": '"…"', "integer": "0", "number": "0.0", "boolean": "false", "array": "[]", "object": "{}"}


class StubbedError(Exception):
    """What a stub with ``raises`` raises, where that is text."""


class NodeCall(NamedTuple):
    """One call of a node, or one attempt of one item. ``index`` and ``item`` are None outside a batch.

    ``node_id`` is the node's path, ``above`` are the nodes whose workflows it is in, each with its item and attempt.
    """

    node_id: str
    params: dict[str, Any]
    item: Any
    index: int | None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int
    above: tuple[Level, ...] = ()

    @property
    def place(self) -> tuple[Any, ...]:
        """What calls of a node are sorted by."""
        return (*((_number(level.index), level.attempt) for level in self.above), (_number(self.index), self.attempt))


class CallLog:
    """Every call of a run's nodes. Written by the threads of a batch, hence the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[NodeCall] = []
        self._runs: Counter[Hashable] = Counter()
        self._blocked: dict[str, NodeSpec] = {}

    def add(self, call: NodeCall) -> int:
        """Note a call; gives which of the node's calls it is, from 1: in a nested workflow, of those for one item."""
        key = call.node_id, tuple(level.index for level in call.above)
        with self._lock:
            self._calls.append(call)
            self._runs[key] += 1
            return self._runs[key]

    def block(self, spec: NodeSpec) -> None:
        """Note a node that was not allowed to run."""
        with self._lock:
            self._blocked[spec.path] = spec

    def clear(self) -> None:
        """Forget everything, for another run of the same flow."""
        with self._lock:
            self._calls.clear()
            self._runs.clear()
            self._blocked.clear()

    def extend(self, other: CallLog) -> None:
        """Take over the calls of another log."""
        with self._lock:
            self._calls.extend(other._calls)

    @property
    def blocked(self) -> tuple[NodeSpec, ...]:
        """The nodes that were not allowed to run."""
        return tuple(self._blocked.values())

    def calls(self, node_id: str) -> list[NodeCall]:
        """The calls of a node, by its path: in the order it ran, those of a batch by item and attempt."""
        return sorted((call for call in self._calls if call.node_id == node_id), key=attrgetter("place"))


class Tape(Protocol):
    """A cassette as one run uses it."""

    @property
    def records(self) -> bool:
        """Whether calls that it does not have are made and kept."""
        ...

    def layer(self, spec: NodeSpec, inner: Layer) -> Layer:
        """What stands in the place of a node that reaches out."""
        ...

    def learn(self, source: str, value: Any) -> None:
        """Hear what a call of a node, ``source``, gave."""
        ...


@dataclass(frozen=True, eq=False)
class StandIns:
    """A plugin of the engine for one run: puts stubs and faults in, keeps the rest from reaching out, logs all calls.

    ``tape`` is None where the test has no cassette. Equal only to itself: pluggy keeps plugins in sets.
    """

    stubs: Mapping[str, Any]
    live: bool | tuple[str, ...]
    log: CallLog
    document: Document
    faults: Faults = field(default_factory=Faults)
    tape: Tape | None = None

    @property
    def reaches_out(self) -> bool:
        """Whether any node may, and so what is outside may be asked what it takes."""
        return bool(self.live) or (self.tape is not None and self.tape.records)

    def pflow_register_nodes(self, registry: Registry) -> None:
        """Types that are stubbed, by themselves or by a node of theirs, need not be installed."""
        for name in _stubbed_types(self.stubs, self.document):
            if name not in registry:
                registry.add(_placeholder(name))
            registry.excuse(name)

    def pflow_wrap_node(self, spec: NodeSpec, layer: Layer) -> Layer:
        """The layer in the node's place."""
        stub = self.stubs.get(spec.path, self.stubs.get(_BY_TYPE + spec.type))
        if stub is not None:
            layer = _Stub(spec.path, tuple(rules_of(stub)))
        elif reaches_outside(spec.interface) and not self._may_reach_out(spec.path):
            layer = self.tape.layer(spec, layer) if self.tape else _Blocked(spec, self.log)
        return _Logged(spec.path, self.faults.around(spec, layer), self.log, self.tape)

    def _may_reach_out(self, node_id: str) -> bool:
        return self.live if isinstance(self.live, bool) else node_id in self.live


@dataclass(frozen=True, slots=True)
class _Logged:
    path: str
    inner: Layer
    log: CallLog
    tape: Tape | None

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        item = store[call.alias] if call.index is not None else None
        noted = NodeCall(self.path, copy_data(params), copy_data(item), call.index, call.attempt, call.above)
        number = self.log.add(noted)
        action = self.inner.run(call if call.index is not None else call._replace(attempt=number), store, params)
        if self.tape is not None and isinstance(store, View):
            self.tape.learn(self.path, store.outputs)
        return action


@dataclass(frozen=True, slots=True)
class _Stub:
    node_id: str
    rules: tuple[Mapping[str, Any], ...]

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        replies = self._replies(call, store, params)
        reply = replies[min(call.attempt, len(replies)) - 1]
        if "raises" in reply:
            raises = reply["raises"]
            raise raises if not isinstance(raises, str) else StubbedError(raises)
        outputs = {name: copy_data(value) for name, value in reply.items() if name not in STUB_WORDS}
        store.update(outputs)
        action = reply.get("action", "error" if outputs.get("error") else None)
        return None if action is None else str(action)

    def _replies(self, call: Call, store: Store, params: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
        about: dict[str, Any] = {"params": params}
        if call.index is not None:
            about |= {"item": store[call.alias], "index": call.index}
        for rule in self.rules:
            if not any(differences(rule.get("when", {}), about)):
                replies: Sequence[Mapping[str, Any]] = rule.get("attempts", [rule])
                return replies
        message = f"no rule of the stub of '{self.node_id}' fits {shown(about)}"
        raise Unhealable(Problem("stub-rule", message, hint="add a last rule without 'when'"))


@dataclass(frozen=True, slots=True)
class _Blocked:
    spec: NodeSpec
    log: CallLog

    def run(self, *_: Any) -> str | None:
        self.log.block(self.spec)
        message = f"node '{self.spec.path}' ({self.spec.type}) reaches for the {self.spec.interface.effects}: not run"
        raise Unhealable(Problem("not-stubbed", message))


def stubs_of_folder(stubs: Any, hooks: UserHooks, document: Document, registry: Registry) -> Any:
    """The stubs of a test with those that ``pflow_testkit_stub`` has for nodes that the test itself has none for."""
    if not isinstance(stubs, Mapping):
        return stubs
    found = dict(stubs)
    for each in nodes_written(document):
        if each.path not in stubs and _BY_TYPE + each.type not in stubs:
            known = registry.get(each.type)
            interface = known.interface if known else Interface(open_params=True, open_outputs=True)
            params = each.node.get("params")
            given = params if isinstance(params, dict) else {}
            stub = hooks.stub(NodeSpec(each.id, each.type, interface, given, above=each.above))
            found |= {} if stub is None else {each.path: stub}
    return found


def reaches_outside(interface: Interface) -> bool:
    """Whether nodes of a type reach for the network or a model, and so are kept from running in a test."""
    return interface.effects in _REACHES_OUT


def rules_of(stub: Any) -> list[Mapping[str, Any]]:
    """A stub as a list of rules."""
    return list(stub) if isinstance(stub, list | tuple) else [stub]


def example_stub(spec: NodeSpec) -> str:
    """A stub to paste into a case file, with the outputs the type declares."""
    outputs = outputs_to_stub(spec.interface).items()
    lines = [f"    {name}: {_EXAMPLES.get(word, 'null')}" for name, word in outputs]
    return "\n".join(["stubs:", f"  {spec.path}:", *lines])


def outputs_to_stub(interface: Interface) -> Mapping[str, str]:
    """The outputs that a stub of a node would have, and their types: those of a run that went well."""
    declared = interface.outputs.items()
    outputs = {name: word for name, word in declared if name not in _UNASKED and not name.endswith("_is_binary")}
    return outputs or {"response": "any"}


def stub_problems(stubs: Any, workflow: Workflow, registry: Registry) -> Iterator[Fault]:
    """What is wrong with stubs, of whatever shape: path, what, the fix.

    Stubs that are none, stubs for what is not in the workflow, and what the stubbed type cannot give.
    """
    if not isinstance(stubs, Mapping) or not all(isinstance(name, str) for name in stubs):
        yield from stubs_faults(stubs)
        return
    for name, stub in stubs.items():
        placed = [each for each in nodes_in(workflow) if name in (each.path, _BY_TYPE + each.node.type)]
        stubbed = [each.node for each in placed]
        if not stubbed and not may_be_in(workflow, name, registry):
            yield _unknown(name, workflow)
        faults = [*stub_faults(stub, (name,)), *_not_filled(stub, (name,))]
        found = registry.get(stubbed[0].type) if stubbed else None
        yield from faults
        if found is not None and not faults:
            edges = {edge.action for each in placed for edge in each.workflow.edges if edge.source == each.node.id}
            for path, reply in _replies_in(name, stub):
                yield from _reply_problems(path, reply, found, edges)


def _unknown(name: str, workflow: Workflow) -> Fault:
    by_type = name.startswith(_BY_TYPE)
    known = {_BY_TYPE + each.node.type if by_type else each.path for each in nodes_in(workflow)}
    what = "node of type" if by_type else "node"
    message = f"the workflow has no {what} '{name.removeprefix(_BY_TYPE)}' to stub"
    return (name,), message, did_you_mean(name, known)


def _not_filled(stub: Any, path: Path) -> Iterator[Fault]:
    # In a case file they are filled in by now. What contains itself was made in Python, by nobody who writes these.
    for place, _ in () if is_too_deep(stub) else fixtures_in(stub, path):
        yield place, "{$fixture: …} is for case files", "ask for the fixture in the test, and give its value"


def _reply_problems(path: Path, reply: Mapping[str, Any], kind: NodeType, edges: set[str]) -> Iterator[Fault]:
    interface = kind.interface
    known = {"error", *interface.outputs}
    is_open = interface.open_outputs or interface.echoes
    for output, value in reply.items():
        word = interface.outputs.get(output, "any")
        if output in STUB_WORDS:
            continue
        if output not in known and not is_open:
            hint = did_you_mean(output, {*known, *STUB_WORDS})
            yield (*path, output), f"a {kind.name} node has no output '{output}'", hint
        elif _rules_out(word, value):
            message = f"output '{output}' of a {kind.name} node is of type {word}, not {type_name(value)}"
            yield (*path, output), message, f"give it a value of type {word}"
    yield from _action_problems(path, reply, kind, edges)


def _rules_out(word: str, value: Any) -> bool:
    # Null is "nothing came"; what has no word of JSON Schema's is a value made in Python.
    return value is not None and word in TYPES and type_name(value) in TYPES and not is_of_type(value, word)


def _action_problems(path: Path, reply: Mapping[str, Any], kind: NodeType, edges: set[str]) -> Iterator[Fault]:
    action, actions = reply.get("action", "default"), kind.interface.actions
    known = {"default", "error", *(actions or ()), *edges}
    if actions is not None and action not in known:
        hint = did_you_mean(action, known)
        yield (*path, "action"), f"a {kind.name} node has no action '{action}', nor an edge for it", hint


def _replies_in(name: str, stub: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for number, rule in enumerate(rules_of(stub)):
        path: Path = (name, number) if isinstance(stub, list | tuple) else (name,)
        yield path, rule
        for attempt, reply in enumerate(rule.get("attempts", [])):
            yield (*path, "attempts", attempt), reply


def _stubbed_types(stubs: Any, document: Document) -> Iterator[str]:
    # Whether these are stubs at all is said when there is a workflow to hold them against.
    if not isinstance(stubs, Mapping):
        return
    for name in stubs:
        if isinstance(name, str) and name.startswith(_BY_TYPE):
            yield name.removeprefix(_BY_TYPE)
    yield from (each.type for each in nodes_written(document) if each.path in stubs)


def _number(index: int | None) -> int:
    return -1 if index is None else index


def _placeholder(name: str) -> NodeType:
    # A type that is not installed, for validation to know and for a stub to stand in for.
    def run(*_: Any) -> str | None:
        message = f"node type '{name}' is not installed"
        raise Unhealable(Problem("unknown-type", message, hint="stub each node of this type"))

    return NodeType(name, Interface(open_params=True, open_outputs=True), run)
