"""A run as the spans that OpenTelemetry's own exporter got of it."""

import asyncio
import json
import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import ClassVar

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pflow_engine import CancelToken, DaskExecutor, InvalidInput, Node, compile_ir_to_flow, load, node
from pflow_engine.nodes.builtin.workflow_node import NestedWorkflow
from pflow_engine.otel import spans

PATIENCE = 30
SECRET = "pa55-w0rd-of-the-test"
both = pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])


class _Seen:
    """What was exported, as a tree."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def all(self):
        return self.exporter.get_finished_spans()

    def named(self, name):
        return [span for span in self.all if span.name == name]

    def one(self, name):
        (span,) = self.named(name)
        return span

    def tree(self, words=lambda span: span.name):
        """``words`` of each span, and below it those whose parent it is, in the order they began."""
        below = {}
        for span in sorted(self.all, key=lambda span: (span.start_time, span.attributes.get("pflow.item.index", 0))):
            below.setdefault(span.parent.span_id if span.parent else None, []).append(span)

        def of(parent):
            return [(words(span), of(span.context.span_id)) for span in below.get(parent, [])]

        return of(None)


@pytest.fixture
def seen():
    """The spans that have ended."""
    return _Seen()


@pytest.fixture
def nest(registry, tmp_path):
    """``nest(child, parent)``: a flow of ``parent``, whose nodes may run ``child.json``."""
    registry.register("workflow", NestedWorkflow)

    def build(child, parent):
        for name, ir in (("child", child), ("parent", parent)):
            (tmp_path / f"{name}.json").write_text(json.dumps(ir))
        return compile_ir_to_flow(load(tmp_path / "parent.json"), registry)

    return build


def _sub(**more):
    params = {"workflow_ref": "child.json", "param_mapping": {"n": "${item}"} if "batch" in more else {"n": 1}}
    return {"id": "sub", "type": "workflow", "params": params, **more}


def _status(span):
    return span.name, span.attributes["pflow.status"], span.status.status_code.name


def _numbered(span):
    return (
        f"{span.name} {span.attributes.get('pflow.item.index', '')} {span.attributes.get('pflow.attempt', '')}".strip()
    )


@node("divide")
def _divide(by: int) -> dict:
    return {"value": 12 // by}


class _Fails(Node):
    """Fails in as many attempts as its item says."""

    def post(self, _shared, _prepared, _executed):
        if self.context.attempt <= self.params["item"]:
            raise LookupError(f"attempt {self.context.attempt}")


class _Current(Node):
    """Begins a span of its own."""

    tracer = None

    def exec(self, _prepared):
        with self.tracer.start_as_current_span("inside"):
            pass


def test_nodes(seen, flow_of):
    """Nodes are spans below their workflow's, with their id and type."""
    flow_of([{"id": "a", "type": "emit"}, {"id": "b", "type": "double", "params": {"value": 1}}], name="two").run(
        on_event=spans(seen.provider)
    )
    assert [("workflow two", [("node a", []), ("node b", [])])] == seen.tree()
    assert {
        "pflow.node.id": "b",
        "pflow.node.path": "b",
        "pflow.node.type": "double",
        "pflow.status": "completed",
    } == seen.one("node b").attributes
    assert {"pflow.workflow.name": "two", "pflow.status": "success"} == seen.one("workflow two").attributes
    assert ["UNSET"] * 3 == [span.status.status_code.name for span in seen.all]


def test_below_current_span(seen, flow_of):
    """A run is part of what its caller is in, baggage too, and leaves the caller's context as it was."""
    token = context.attach(baggage.set_baggage("tenant", "t1"))
    with seen.provider.get_tracer("web").start_as_current_span("request") as request:
        flow_of([{"id": "a", "type": "emit"}]).run(on_event=spans(seen.provider))
        assert request is trace.get_current_span()
    context.detach(token)
    assert [("request", [("workflow", [("node a", [])])])] == seen.tree()


def test_global_provider(flow_of):
    """Without a provider, and without any that was set, the run is as ever."""
    assert "success" == flow_of([{"id": "a", "type": "emit"}]).run(on_event=spans()).status


@both
def test_items_and_attempts(seen, batch_of, parallel):
    """An item is a span below its node's, and each attempt one below that."""
    flow = batch_of(_Fails, {"item": "${item}"}, parallel=parallel, max_retries=2, error_handling="continue")
    flow.run({"xs": [0, 1, 5]}, on_event=spans(seen.provider))
    ((_, ((_, items),)),) = seen.tree(_numbered)
    assert [
        ("item b 0", [("attempt b 0 1", [])]),
        ("item b 1", [("attempt b 1 1", []), ("attempt b 1 2", [])]),
        ("item b 2", [("attempt b 2 1", []), ("attempt b 2 2", [])]),
    ] == sorted(items)
    counts = {
        name.rpartition(".")[2]: seen.one("node b").attributes[name]
        for name in seen.one("node b").attributes
        if "batch" in name
    }
    assert {"count": 3, "completed": 2, "failed": 1, "cancelled": 0, "retried": 2} == counts


@both
def test_failed_attempt(seen, batch_of, parallel):
    """A failed attempt has its error as status, type and event, though its item comes to a good end."""
    batch_of(_Fails, {"item": "${item}"}, parallel=parallel, max_retries=2).run(
        {"xs": [1]}, on_event=spans(seen.provider)
    )
    first, second = sorted(seen.named("attempt b"), key=lambda span: span.attributes["pflow.attempt"])
    assert ("ERROR", "attempt 1") == (first.status.status_code.name, first.status.description)
    assert ("failed", "LookupError") == (first.attributes["pflow.status"], first.attributes["error.type"])
    (event,) = first.events
    assert ("exception", {"exception.type": "LookupError", "exception.message": "attempt 1"}) == (
        event.name,
        event.attributes,
    )
    assert event.timestamp == first.end_time <= second.start_time
    assert ["UNSET"] * 2 == [span.status.status_code.name for span in (second, seen.one("item b"))]
    assert 2 == seen.one("item b").attributes["pflow.attempts"]


def test_wait_between_attempts(seen, batch_of):
    """The time waited for the next attempt is the item's and no attempt's."""
    flow = batch_of(_Fails, {"item": "${item}"}, max_retries=2, retry_wait=0.05)
    flow.run({"xs": [1]}, on_event=spans(seen.provider))
    first, second = sorted(seen.named("attempt b"), key=lambda span: span.start_time)
    assert 0.05e9 <= second.start_time - first.end_time


def test_returned_error(seen, flow_of):
    """A node that returns an error has a status and no exception."""
    flow_of([{"id": "a", "type": "act", "params": {"action": "error", "outputs": {"error": "no such page"}}}]).run(
        on_event=spans(seen.provider)
    )
    failed = seen.one("node a")
    assert ("ERROR", "no such page", "error") == (
        failed.status.status_code.name,
        failed.status.description,
        failed.attributes["error.type"],
    )
    assert () == failed.events
    run = seen.one("workflow")
    assert ("ERROR", "failed", "node-failed") == (
        run.status.status_code.name,
        run.attributes["pflow.status"],
        run.attributes["error.type"],
    )


@both
def test_fail_fast(seen, batch_of, parallel):
    """Items that were never started have no span, and are counted as cancelled."""
    flow = batch_of(_divide, {"by": "${item}"}, parallel=parallel, max_concurrent=1)
    flow.run({"xs": [1, 0, 1, 1]}, on_event=spans(seen.provider))
    assert [0, 1] == sorted(span.attributes["pflow.item.index"] for span in seen.named("item b"))
    failed = seen.one("node b")
    assert (1, 1, 2) == tuple(failed.attributes[f"pflow.batch.{word}"] for word in ("completed", "failed", "cancelled"))
    assert "ZeroDivisionError" == failed.attributes["error.type"]
    assert "item 1 of batch 'b' failed: integer division or modulo by zero" == failed.status.description


def test_no_items(seen, batch_of):
    """A batch of nothing is a span."""
    batch_of("emit").run({"xs": []}, on_event=spans(seen.provider))
    assert [("workflow", [("node b", [])])] == seen.tree()


@both
@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_current_in_nodes(seen, batch_of, monkeypatch, parallel, timeout):
    """What a node does is below its attempt, in whichever thread that runs, one of its own for its timeout too."""
    monkeypatch.setattr(_Current, "tracer", seen.provider.get_tracer("user"))
    batch = {"parallel": parallel, "max_concurrent": 2, **({"timeout": timeout} if timeout else {})}
    batch_of(_Current, **batch).run({"xs": [0, 1, 2]}, on_event=spans(seen.provider))
    ((_, ((_, items),)),) = seen.tree(_numbered)
    assert [(f"item b {index}", [(f"attempt b {index} 1", [("inside", [])])]) for index in range(3)] == sorted(items)


def test_current_in_single_node(seen, flow_of, registry, monkeypatch):
    """What a node without a batch does is below its span."""
    monkeypatch.setattr(_Current, "tracer", seen.provider.get_tracer("user"))
    registry.register("current", _Current)
    flow_of([{"id": "a", "type": "current"}]).run(on_event=spans(seen.provider))
    assert [("workflow", [("node a", [("inside", [])])])] == seen.tree()


def test_threads_left_clean(seen, batch_of):
    """A thread of the caller's pool is in no span once the batch has ended."""
    after = []

    class Pool:
        def __init__(self, _workers):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def submit(self, work, *args):
            from concurrent.futures import Future  # noqa: PLC0415

            future = Future()
            future.set_result(work(*args))
            after.append(trace.get_current_span().name)
            return future

    batch_of(_Fails, {"item": "${item}"}, parallel=True, max_retries=3, error_handling="continue").run(
        {"xs": [0, 1, 2, 3]}, executor=Pool, on_event=spans(seen.provider)
    )
    assert {"node b"} == set(after)
    assert not trace.get_current_span().get_span_context().is_valid


@both
def test_model_usage(seen, batch_of, parallel):
    """What a model used stands at the attempt that used it, by the names of the conventions."""
    usage = {"model": "m-1", "input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "total_cost_usd": 0.5}
    batch_of("emit", {"llm_usage": usage}, parallel=parallel).run({"xs": [1]}, on_event=spans(seen.provider))
    used = {
        name: value for span in seen.all for name, value in span.attributes.items() if "gen_ai" in name or "llm" in name
    }
    assert {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-1",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "pflow.llm.cost_usd": 0.5,
    } == used
    assert ["attempt b"] == [span.name for span in seen.all if "gen_ai.operation.name" in span.attributes]


def test_model_usage_of_node(seen, flow_of):
    """Without a batch it stands at the node."""
    flow_of([{"id": "a", "type": "emit", "params": {"llm_usage": {"prompt_tokens": 3}}}]).run(
        on_event=spans(seen.provider)
    )
    assert 3 == seen.one("node a").attributes["gen_ai.usage.input_tokens"]


def test_nested(seen, nest):
    """The nodes of a nested workflow are below the node, or the attempt, that runs it."""
    child = {"inputs": {"n": {}}, "nodes": [{"id": "fetch", "type": "emit", "batch": {"items": [7]}}]}
    many = {**_sub(batch={"items": [1, 2], "parallel": True}), "id": "many"}
    nest(child, {"nodes": [_sub(), many]}).run(on_event=spans(seen.provider))
    inner = [("node fetch", [("item fetch 0", [("attempt fetch 0 1", [])])])]
    ((_, (one, (name, items))),) = seen.tree(_numbered)
    assert (("node sub", inner), "node many") == (one, name)
    assert [(f"item many {index}", [(f"attempt many {index} 1", inner)]) for index in range(2)] == sorted(items)
    assert {"sub/fetch", "many[0]/fetch", "many[1]/fetch"} == {
        span.attributes["pflow.node.path"] for span in seen.named("node fetch")
    }


def test_slash_in_id(seen, flow_of):
    """A node with a slash in its id is no nested one."""
    flow_of([{"id": "a", "type": "emit"}, {"id": "a/b", "type": "emit"}]).run(on_event=spans(seen.provider))
    assert [("workflow", [("node a", []), ("node a/b", [])])] == seen.tree()


def test_timed_out_child(seen, nest, registry):
    """The spans of a nested run whose time is up end with the attempt, and nothing of it comes later."""
    go, late = threading.Event(), threading.Event()

    class Wait(Node):
        def exec(self, _prepared):
            assert go.wait(PATIENCE)

        def post(self, _shared, _prepared, _executed):
            late.set()

    registry.register("wait", Wait)
    child = {"inputs": {"n": {}}, "nodes": [{"id": "wait", "type": "wait"}, {"id": "more", "type": "emit"}]}
    batch = {"items": [1], "timeout": 0.05, "error_handling": "continue"}
    nest(child, {"nodes": [_sub(batch=batch)]}).run(on_event=spans(seen.provider))
    names = sorted(span.name for span in seen.all)
    go.set()
    assert late.wait(PATIENCE)
    assert ["attempt sub", "item sub", "node sub", "node wait", "workflow"] == names
    assert ("node wait", "interrupted", "ERROR") == _status(seen.one("node wait"))
    assert "timed out after 0.05s" == seen.one("attempt sub").status.description
    assert seen.one("node wait").end_time <= seen.one("attempt sub").end_time


@both
def test_interrupted(seen, batch_of, parallel):
    """Ctrl-C ends every span, and the run's and the node's as failed."""

    @node("stop")
    def stop(value: int) -> dict:
        if value == 1:
            raise KeyboardInterrupt
        return {}

    flow = batch_of(stop, {"value": "${item}"}, parallel=parallel, max_concurrent=1)
    with suppress(KeyboardInterrupt):
        flow.run({"xs": [0, 1, 2]}, on_event=spans(seen.provider))
    assert [
        ("attempt b", "completed", "UNSET"),
        ("attempt b", "failed", "ERROR"),
        ("item b", "completed", "UNSET"),
        ("item b", "failed", "ERROR"),
        ("node b", "failed", "ERROR"),
        ("workflow", "interrupted", "ERROR"),
    ] == sorted(map(_status, seen.all))
    assert "KeyboardInterrupt" == seen.one("workflow").attributes["error.type"]
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("kind", ["node_start", "run_start"])
def test_interrupted_while_told(seen, flow_of, kind):
    """Ctrl-C just after something began ends it as well."""
    listen = spans(seen.provider)

    def interrupted(event):
        listen(event)
        if event.kind == kind:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        flow_of([{"id": "a", "type": "emit"}]).run(on_event=interrupted)
    begun = ["node a", "workflow"] if kind == "node_start" else ["workflow"]
    assert [(name, "interrupted", "ERROR") for name in begun] == sorted(map(_status, seen.all))
    assert not trace.get_current_span().get_span_context().is_valid


def test_cancelled_run(seen, flow_of):
    """A run that was asked to stop before it began is a span that failed."""
    cancel = CancelToken()
    cancel.cancel()
    flow_of([{"id": "a", "type": "emit"}]).run(on_event=spans(seen.provider), cancel=cancel)
    assert [("workflow", "failed", "ERROR")] == [*map(_status, seen.all)]
    assert "cancelled" == seen.one("workflow").attributes["error.type"]


def _exported(seen):
    return "".join(span.to_json() for span in seen.all)


@both
@pytest.mark.parametrize(
    "outputs",
    [{"error": f"bad {SECRET}", "auth_token": SECRET}, {"error": f"at https://me:{SECRET}@x.example/"}],
    ids=["output", "url"],
)
def test_no_secret_of_attempt(seen, batch_of, parallel, outputs):
    """What an attempt wrote under a secret's name is in no span, nor is it when a later one succeeds."""

    class Once(Node):
        def post(self, shared, _prepared, _executed):
            if self.context.attempt == 1:
                shared.update(outputs)

    batch_of(Once, parallel=parallel, max_retries=2).run({"xs": [1]}, on_event=spans(seen.provider))
    assert "[redacted]" in _exported(seen)
    assert SECRET not in _exported(seen)


def test_no_secret_known_later(seen, flow_of):
    """An error is told without what a later node says is a secret."""
    nodes = [
        {"id": "a", "type": "crash", "params": {"message": f"bad {SECRET}"}},
        {"id": "b", "type": "emit", "params": {"api_key": SECRET}},
    ]
    flow_of(nodes, edges=[{"from": "a", "to": "b", "action": "error"}]).run(on_event=spans(seen.provider))
    assert "bad [redacted]" == seen.one("node a").status.description
    assert SECRET not in _exported(seen)


def test_no_registered_secret(seen, flow_of):
    """Nor what the caller named as one, though it be a model's name."""
    nodes = [{"id": "a", "type": "emit", "params": {"llm_usage": {"model": f"m-{SECRET}"}}}]
    flow_of(nodes).run(on_event=spans(seen.provider), secrets=(SECRET,))
    assert "m-[redacted]" == seen.one("node a").attributes["gen_ai.request.model"]


def test_no_secret_of_nested_attempt(seen, nest, registry):
    """Nor what a nested workflow wrote in an attempt that was tried again."""

    class Login(Node):
        def post(self, shared, _prepared, _executed):
            shared["auth_token"] = SECRET

    class Refuse(Node):
        tries: ClassVar = []

        def exec(self, _prepared):
            self.tries.append(1)
            if len(self.tries) == 1:
                raise LookupError(f"{SECRET} is refused")

    registry.register("login", Login)
    registry.register("refuse", Refuse)
    child = {"inputs": {"n": {}}, "nodes": [{"id": "a", "type": "login"}, {"id": "b", "type": "refuse"}]}
    child["outputs"] = {"n": {"source": "${n}"}}
    nest(child, {"nodes": [_sub(batch={"items": [1], "max_retries": 2})]}).run(on_event=spans(seen.provider))
    assert ["[redacted] is refused"] == [
        span.status.description for span in seen.named("node b") if not span.status.is_ok
    ]
    assert SECRET not in _exported(seen)


def test_shared_by_two_runs(seen, flow_of, registry):
    """A listener that is given to a second run while the first goes on is refused there, with the fix."""
    listen, said = spans(seen.provider), []

    @node("again")
    def again() -> dict:
        with pytest.raises(InvalidInput) as refused:
            flow_of([{"id": "x", "type": "emit"}]).run(on_event=listen)
        said.append(str(refused.value))
        return {}

    registry.register("again", again)
    flow_of([{"id": "a", "type": "again"}]).run(on_event=listen)
    assert "make one for each: on_event=spans()" in said[0]
    assert [("workflow", [("node a", [])])] == seen.tree()


def test_one_run_after_another(seen, flow_of):
    """A listener may be used again once a run has ended."""
    listen = spans(seen.provider)
    for _ in range(2):
        flow_of([{"id": "a", "type": "emit"}]).run(on_event=listen)
    assert [("workflow", [("node a", [])])] * 2 == seen.tree()


def test_runs_side_by_side(seen, batch_of):
    """Runs in threads of their own, each with a listener of its own, do not mix."""
    flow = batch_of("double", {"value": "${item}"}, parallel=True)

    def run():
        flow.run({"xs": [1, 2]}, on_event=spans(seen.provider))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = ("item b", [("attempt b", [])])
    assert [("workflow", [("node b", [item, item])])] * 4 == seen.tree()


def test_in_event_loop(seen, flow_of):
    """A run in a task is below the span of that task."""

    async def task():
        with seen.provider.get_tracer("web").start_as_current_span("request"):
            await asyncio.to_thread(flow_of([{"id": "a", "type": "emit"}]).run, on_event=spans(seen.provider))

    asyncio.run(task())
    assert [("request", [("workflow", [("node a", [])])])] == seen.tree()


def test_items_elsewhere(seen, nest, registry, local_cluster):
    """Items that ran on a cluster are spans with the times they took there, nested nodes too."""

    @node("fail-first")
    def fail_first(n: int) -> dict:
        return {"value": 12 // n}

    registry.register("fail-first", fail_first)
    child = {"inputs": {"n": {}}, "nodes": [{"id": "once", "type": "fail-first", "params": {"n": "${n}"}}]}
    batch = {"items": [1, 0], "parallel": True, "max_retries": 2, "error_handling": "continue"}
    flow = nest(child, {"nodes": [_sub(batch=batch)]})
    with local_cluster(1) as cluster:
        flow.run(executor=DaskExecutor(cluster.address), on_event=spans(seen.provider))
    far, near = seen, _Seen()
    flow.run(on_event=spans(near.provider))
    assert _sorted(near.tree(_numbered)) == _sorted(far.tree(_numbered))
    assert sorted(map(_status, near.all)) == sorted(map(_status, far.all))
    inside = seen.one("node sub")
    assert all(
        inside.start_time <= span.start_time <= span.end_time <= inside.end_time
        for span in seen.all
        if span.name not in ("node sub", "workflow")
    )


def _sorted(tree):
    return sorted((name, _sorted(below)) for name, below in tree)


def test_unknown_event(seen, flow_of):
    """An event of a kind that came later is passed over."""
    listen = spans(seen.provider)
    listen(SimpleNamespace(kind="run_paused"))
    flow_of([{"id": "a", "type": "emit"}]).run(on_event=listen)
    assert 2 == len(seen.all)
