"""What must be true of every run: each law with a twin that breaks it."""

import itertools
import math
import threading

import pytest

from pflow_engine import Registry, Trace, flow, node
from pflow_engine.document.load import from_data
from pflow_engine.wrappers import batch
from pflow_testkit.cases import Case
from pflow_testkit.fuzz.laws import Watch, broken_laws
from pflow_testkit.runner import Setting, prepare_case

SAY = {"nodes": [{"id": "say", "type": "echo", "params": {"text": "hi"}}]}


@pytest.fixture
def keys(tmp_path):
    """``keys(ir, *nodes, **case)``: which laws the workflow breaks."""

    def broken(ir, *nodes, **case):
        registry, watch = Registry.default(), Watch()
        for each in nodes:
            registry.register(each.__pflow_node__[0], each)
        registry.plug(watch)
        ready = prepare_case(from_data(ir), Case("it", **case), registry, tmp_path, str, Setting())
        return [each.key for each in broken_laws(ready, watch, tmp_path, schedules=2)]

    return broken


def of_many(kind, **options):
    """A parallel batch of more items than are scheduled."""
    config = {"items": [*range(9)], "parallel": True, **options}
    return {"nodes": [{"id": "each", "type": kind, "batch": config}]}


def test_sound(keys):
    """What is sound breaks no law, and neither do inputs that are refused, or items that are none."""
    assert [] == keys(SAY)
    assert [] == keys({**SAY, "inputs": {"word": {}}}, inputs={"nope": 1})
    assert [] == keys(of_many("echo", items="${n}"), inputs={"n": 5})


def test_nothing_escapes(keys, monkeypatch):
    """An engine that lets an exception out is caught at it."""

    def collect(*_):
        raise KeyError("outputs")

    monkeypatch.setattr(flow, "collect_outputs", collect)
    assert ["escaped KeyError"] == keys(SAY)


def test_strict_trace(keys, monkeypatch):
    """A trace that is no strict JSON is one law broken."""
    monkeypatch.setattr(Trace, "to_dict", lambda _: {"cost": math.nan})
    assert ["strict"] == keys(SAY)


def test_reaches_out(keys):
    """A node that would have reached out, and had no stub."""
    ir = {"nodes": [{"id": "fetch", "type": "http", "params": {"url": "http://127.0.0.1:9"}}]}
    assert ["reached fetch"] == keys(ir)
    assert [] == keys(ir, stubs={"fetch": {"response": 1}})


def test_other_in_threads(keys):
    """A node that knows in which thread it is gives other outputs in parallel."""

    @node("where")
    def where() -> dict:
        return {"main": threading.current_thread() is threading.main_thread()}

    assert ["parallel"] == keys(of_many("where"), where)
    assert [] == keys(of_many("where", parallel=False), where)


def test_other_each_time(keys):
    """What differs from run to run one by one, too, is no matter of threads."""
    numbers = itertools.count()

    @node("count")
    def count() -> dict:
        return {"number": next(numbers)}

    assert [] == keys(of_many("count"), count)


def test_counts_agree(keys, monkeypatch):
    """A batch that miscounts is named, in the trace and in the store."""
    monkeypatch.setattr(batch, "error_entries", lambda *_: [{"index": 0}])
    assert ["counts 'each' errors", "counts 'each' in the store errors"] == keys(of_many("echo"))
