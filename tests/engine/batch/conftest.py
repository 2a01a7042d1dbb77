"""Nodes that do as their plan says, a clock whose waits take no time, and what is compared of two runs.

Nodes and clock may be pickled by value and run in another process: they need nothing but the engine, the standard
library and the constants here, and hold no lock.
"""

from __future__ import annotations

import math
import threading
from asyncio.exceptions import CancelledError
from datetime import UTC, date, datetime

import pytest

from pflow_engine import Node, RealClock, Registry, Unhealable, node
from pflow_engine.errors import Problem
from pflow_engine.trace import trace_schema

PATIENCE = 60
EXOTIC = (math.nan, math.inf, -0.0, b"\x00\xff", {1, 2}, (1, (2,)), {1: {2: None}}, 2**2500, date(2026, 1, 2), "\ud800")


class _NoTime:
    """It is always the same moment, however long anyone sleeps."""

    def now(self):
        return 0.0

    def today(self):
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def sleep(self, _seconds, _cancel):
        return None

    def within(self, seconds, work, cancel):
        return RealClock().within(seconds, work, cancel)


class _Behave(Node):
    """Does ``plan[at]``: ``{"do": deed, "until": attempt, "value": any}``. Later attempts succeed.

    Before that it says what it found that others left, leaves something to be found, and spoils its item.
    """

    def post(self, shared, _prepared, _executed):
        plan, at = self.params.pop("plan"), self.params.pop("at")
        todo = plan[at % len(plan)]
        shared["found"] = sorted(key for key in shared if key.strip("_").startswith("mark"))
        shared[f"mark{at}.{self.context.attempt}"] = shared["__mark__"] = True
        self._spoil(self.params.get("given"))
        shared["got"] = dict(self.params)
        if self.context.attempt <= todo["until"]:
            return getattr(self, f"_{todo['do']}")(shared, todo["value"])
        shared["value"] = todo["value"]
        return None

    def _spoil(self, item):
        if isinstance(item, list):
            item.append("spoilt")
        elif isinstance(item, dict):
            item["spoilt"] = item.get("spoilt", 0) + 1

    def _succeed(self, shared, value):
        shared["value"] = value

    def _nothing(self, shared, _value):
        shared.clear()

    def _item(self, shared, value):
        shared["item"] = value

    def _raise(self, shared, value):
        shared["half"] = value
        raise ValueError(f"raised {value!r}")

    def _mute(self, _shared, _value):
        raise AssertionError

    def _report(self, shared, value):
        shared["error"] = value or "returned"

    def _act(self, _shared, _value):
        return "error"

    def _both(self, shared, value):
        shared["error"] = {"code": value, "odd": {1, 2}}
        return "error"

    def _elsewhere(self, _shared, _value):
        return "elsewhere"

    def _exit(self, _shared, _value):
        raise SystemExit(3)

    def _cancelled(self, _shared, _value):
        raise CancelledError

    def _hopeless(self, _shared, value):
        raise Unhealable(Problem("hopeless", f"nothing helps {value!r}"))

    def _use(self, shared, _value):
        shared["llm_usage"] = {"total_tokens": shared["__index__"]}

    def _call(self, shared, value):
        shared["calls"] = len(shared["__llm_calls__"])
        shared["__llm_calls__"].append({"model": "m", "said": value})
        shared["llm_usage"] = {"total_tokens": 1}

    def _pay(self, shared, _value):
        shared["__llm_calls__"].append({"model": "m"})
        raise ValueError("paid for nothing")

    def _unlist(self, shared, _value):
        shared["__llm_calls__"] = []

    def _forget(self, shared, value):
        shared["gone"] = value
        del shared["gone"]
        shared.pop("got")

    def _delete(self, shared, _value):
        del shared["xs"]

    def _usurp(self, shared, value):
        for name in ("xs", "word", "pre0", "first", "second", "item", "__index__", "__kept__"):
            shared[name] = value

    def _push(self, shared, value):
        self.params["all"].append(value)
        shared["seen"] = [*self.params["all"]]

    def _exotic(self, shared, _value):
        shared["odd"] = EXOTIC[shared["__index__"] % len(EXOTIC)]
        shared["many"] = {"all": [list(EXOTIC)]}


@node("emit")
def _emit(**values) -> dict:
    return values


@pytest.fixture(scope="session")
def new_registry():
    """``new_registry()``: one with behave and emit, for whoever plugs something more into it."""

    def make():
        registry = Registry()
        registry.register("behave", _Behave)
        registry.register("emit", _emit)
        return registry

    return make


@pytest.fixture(scope="session")
def no_time():
    """A clock that stands still."""
    return _NoTime()


class _Turns:
    """Lets the items of each batch go on one after the other, in the order of their ranks, once all have started.

    The events say who has started and who has ended. They come one at a time, so nothing here needs a lock. An
    item that failed under ``fail_fast`` before all had started stops the handing out: then everybody may go on.
    """

    def __init__(self, way):
        self.order, self.late, self.gates, self.waiting, self.started = way.order, way.late, {}, {}, {}
        self.ended = []

    def listen(self, event):
        if event.index is None:
            return
        name = event.node_id
        if event.kind == "item_start":
            self._start(name, event.total)
        elif event.kind == "item_end":
            self.waiting[name].remove(event.index)
            self.ended.append(event.index)
            if event.status == "failed" and self.started[name] < event.total:
                self._open(self.gates[name])
        if self.started[name] == event.total:
            self._open(self.gates[name][index] for index in self.waiting[name][:1])

    def _start(self, name, total):
        if name not in self.gates:
            self.gates[name] = [threading.Event() for _ in range(total)]
            self.waiting[name] = sorted(range(total), key=self.order.__getitem__)
            self.started[name] = 0
        self.started[name] += 1

    def _open(self, gates):
        for gate in gates:
            gate.set()

    def wait(self, call):
        assert call.index is None or self.gates[call.node_id][call.index].wait(PATIENCE)

    def pflow_wrap_node(self, layer):
        turns = self

        class Turnstile:
            def run(self, call, *more):
                if not turns.late:
                    turns.wait(call)
                try:
                    return layer.run(call, *more)
                finally:
                    turns.wait(call)

        return Turnstile()


MODE = ("parallel", "execution_mode", "max_concurrent")
"""What names the way of running itself."""


def _schema():
    schema = trace_schema()
    for metadata in (schema["$defs"]["batchMetadata"], schema["$defs"]["outputs"]["properties"]["batch_metadata"]):
        metadata["properties"] |= {name: {"x-stability": "volatile"} for name in MODE}
    return schema


SCHEMA = _schema()
OUTPUTS = {"$ref": "#/$defs/outputs"}


def _stable(value, schema):
    """The value without what the schema calls volatile."""
    if "$ref" in schema:
        schema = {**SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
    if schema.get("x-stability") == "volatile":
        return "volatile"
    if isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {key: _stable(inner, named.get(key, others)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stable(inner, schema.get("items", {})) for inner in value]
    return value


def _lines(value, path):
    """Every value inside, with its path, type and order; NaN is NaN here."""
    yield f"{path}: {type(value).__name__}"
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, f"{path}[{key!r}]")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _lines(inner, f"{path}[{index}]")
    else:
        yield f"{path} = {value!r}"


def _stops(result):
    """Of each ``fail_fast`` batch in which an item failed, the lowest index that did."""
    config = {node.id: node.batch for node in result.workflow.nodes}
    stopped = [node for node in result.trace.nodes if node.batch and config[node.id].error_handling == "fail_fast"]
    failed = {node.id: [row[0] for row in node.batch.items] for node in stopped}
    return {name: words.index("failed") for name, words in failed.items() if "failed" in words}


def _cut(outputs, last):
    """A batch's outputs up to the item that stopped it, without the counts of what came above."""
    metadata = {key: value for key, value in outputs["batch_metadata"].items() if key != "retried"}
    up_to = {"results": outputs["results"][: last + 1], "errors": outputs["errors"][:1], "batch_metadata": metadata}
    return {**outputs, **up_to, "success_count": None, "error_count": None}


def _cut_record(record, stops):
    if record["id"] not in stops:
        return record
    last = stops[record["id"]]
    batch = {
        "metadata": {**record["batch"]["metadata"], "retried": None},
        "items": record["batch"]["items"][: last + 1],
    }
    warnings = [text for text in record["warnings"] if int(text.split()[1].rstrip(":")) <= last]
    outputs, calls = _cut(record["outputs"], last), _cut_calls(record["llm_calls"], stops)
    return {**record, "outputs": outputs, "llm_calls": calls, "batch": batch, "warnings": warnings, "unresolved": None}


def _cut_calls(calls, stops):
    return [call for call in calls if call.get("item_index", 0) <= stops.get(call["node_id"], math.inf)]


def _canonical(result):
    """All that a run left, as lines, without what is volatile and what names the way.

    Nor, of a ``fail_fast`` batch that failed, what is above the lowest index that did: how far those items got is
    up to chance.
    """
    stops, trace, error = _stops(result), result.trace.to_dict(), result.error
    store = {name: _cut(left, stops[name]) if name in stops else left for name, left in result.store.items()}
    store["__llm_calls__"] = _cut_calls(store["__llm_calls__"], stops)
    batches = {node.id for node in result.workflow.nodes if node.batch}
    store = {name: _stable(left, OUTPUTS) if name in batches else left for name, left in store.items()}
    trace["nodes"] = [_cut_record(record, stops) for record in trace["nodes"]]
    said = (type(error).__name__, str(error), getattr(error, "index", None), getattr(error, "node_id", None))
    cause = getattr(error, "__cause__", None)
    whole = {
        "error": (*said, type(cause).__name__, str(cause)),
        "status": result.status,
        "outputs": _stable(result.outputs, OUTPUTS),
        "store": store,
        "trace": _stable(trace, SCHEMA),
    }
    return list(_lines(whole, ""))


def _found(result):
    """What items found, or have among their outputs, that another one or an earlier attempt had left."""
    found = []
    for record in (record for record in result.trace.nodes if record.batch):
        for index, left in enumerate(result.store[record.id]["results"]):
            own = f"mark{index}.{record.batch.items[index][1]}"
            found += (left or {}).get("found", [])
            found += [key for key in left or () if key.startswith("mark") and key != own]
    return found


@pytest.fixture(scope="session")
def canonical():
    """``canonical(result)``: what has to be the same however a run's items were run."""
    return _canonical


@pytest.fixture(scope="session")
def found():
    """``found(result)``: what items say they found that others had left."""
    return _found


@pytest.fixture(scope="session")
def spelled():
    """``spelled(value)``: all that is inside, as lines that tell 1 from True and NaN from nothing."""
    return lambda value: list(_lines(value, ""))


@pytest.fixture(scope="session")
def new_turns():
    """``new_turns(way)``: a plugin and a listener that keep the order of a way."""
    return _Turns


@pytest.fixture
def left():
    """``left(flow, xs, **options)``: what batch ``b`` left in the store."""

    def run(flow, xs, **options):
        return flow.run({"xs": xs}, **options).store["b"]

    return run
