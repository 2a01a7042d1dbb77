"""The engine's own parts with their locks left out, one at a time, and what runs them."""

from contextlib import contextmanager
from unittest.mock import patch

from nodes import Failing, flow_of

from pflow_engine import Registry, compile_ir_to_flow
from pflow_engine.batch import run as batch_run
from pflow_engine.batch.window import Window
from pflow_engine.clock import CancelToken
from pflow_engine.trace.recorder import Recorder
from pflow_testkit.stress import explore
from pflow_testkit.stress.explorer import Plan
from pflow_testkit.stress.flows import explore_flow

ENGINE = ("pflow_engine.batch", "pflow_engine.trace.recorder", "pflow_engine.clock", "engine_twins")


class HastyWindow(Window):
    """Looks at the next index, and then takes it."""

    __slots__ = ("_next",)

    def __init__(self, count):
        super().__init__(count)
        self._next = 0
        self._indices = range(count)

    def take(self):
        index = self._next
        if self._stopped or index >= len(self._indices):
            return None
        self._next = index + 1
        return index


class HastyToken(CancelToken):
    """Looks whether it was asked, and then takes the callback."""

    __slots__ = ()

    def on_cancel(self, callback):
        if self.cancelled:
            callback()
        else:
            self._callbacks.append(callback)
        return lambda: None


def hasty_unresolved(recorder, templates):
    """Reads the set, and writes a larger one."""
    recorder._unresolved = recorder._unresolved | set(templates)


def hasty_emit(recorder, event):
    """Tells the listener without waiting for others to be done."""
    if recorder._on_event is not None:
        recorder._on_event(event)


class Listener:
    """Is told of one thing at a time, and counts them."""

    def __init__(self):
        self.inside, self.most, self.kinds = 0, 0, []

    def __call__(self, event):
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.kinds.append((event.kind, event.index, event.attempt))
        self.inside -= 1


def batch(schedules, granularity="opcode", seed=0):
    """The batch executor: three items, one of which fails and is tried again, all told to a listener."""
    listeners = []

    def options():
        listeners.append(Listener())
        return {"on_event": listeners[-1]}

    def check(result):
        listener = listeners[-1]
        assert 1 == listener.most, "the listener was told two things at a time"
        starts = sorted(index for kind, index, _ in listener.kinds if kind == "item_start")
        assert [0, 1, 2] == starts, f"items were started: {starts}"

    flow = flow_of(Failing, 3, error_handling="continue", max_retries=2, max_concurrent=2)
    plan = Plan(schedules, seed=seed)
    return explore_flow(flow, plan=plan, granularity=granularity, include=ENGINE, options=options, check=check)


def fail_fast(schedules, seed=0):
    """The window when a failure stops it: what was started ends, and the lowest failure counts."""
    flow = flow_of(Failing, 4, error_handling="fail_fast", max_concurrent=2)
    return explore_flow(flow, plan=Plan(schedules, seed=seed), include=ENGINE)


def unresolved(schedules, seed=0):
    """The recorder: what several items leave unresolved is gathered."""
    items = [{"a": 1}, {"b": 1}]
    node = {
        "id": "show",
        "type": "echo",
        "batch": {"items": items, "parallel": True, "max_concurrent": 2},
        "params": {"a": "${item.a}", "b": "${item.b}"},
    }
    ir = {"nodes": [node], "template_resolution_mode": "permissive"}
    return explore_flow(compile_ir_to_flow(ir, Registry.default()), plan=Plan(schedules, seed=seed), include=ENGINE)


def cancellation(schedules, token=CancelToken, seed=0):
    """The token: a callback that is registered while it is asked is called once."""
    from zoo.together import together  # noqa: PLC0415

    def fn():
        asked, called = token(), []
        together(asked.cancel, lambda: asked.on_cancel(lambda: called.append(1)))
        assert [1] == called, f"called {len(called)} times"

    return explore(fn, schedules=schedules, include=ENGINE, seed=seed)


SOUND = {"batch": batch, "fail_fast": fail_fast, "unresolved": unresolved, "cancellation": cancellation}


@contextmanager
def planted(name):
    """The engine with one of its parts replaced by a hasty one; gives what finds it."""
    runs = {
        "window": batch,
        "cancellation": lambda n, seed=0: cancellation(n, HastyToken, seed),
        "recorder": unresolved,
        "progress": batch,
    }
    places = {
        "window": (batch_run, "Window", HastyWindow),
        "recorder": (Recorder, "unresolved", hasty_unresolved),
        "progress": (Recorder, "emit", hasty_emit),
    }
    if name not in places:
        yield runs[name]
        return
    with patch.object(*places[name]):
        yield runs[name]


PLANTED = ("window", "cancellation", "recorder", "progress")
