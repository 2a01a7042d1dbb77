"""Events of a run to OpenTelemetry spans, as they happen.

A span that holds no text of a node's ends when what it stands for ends. One that failed holds the error: it is kept
until the run ends, for only then is all known that is secret, and ends with the time at which it failed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextvars import Token
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context

from pflow_engine.errors import InvalidInput, Problem
from pflow_engine.otel.attributes import Attributes, of_batch, of_usage
from pflow_engine.signals import shielded
from pflow_engine.trace import Event, Failure, Redactor, Trace, strict_json

_Key = tuple[str, str]
"""What it is (workflow, node, item, attempt), and where: ``sub[3]/fetch`` is ``fetch`` of item 3 of ``sub``."""

_RUN: Final = ("workflow", "")
_CUT: Final = Failure("interrupted: nothing waited for its end any more", "interrupted")

_RETURNED: Final = "error"
"""The type of a failure that a node returned instead of raising it."""


@dataclass(slots=True)
class _Open:
    """A span that has not ended. ``token`` is of the thread that is in it; ``ends`` counts a batch's items.

    ``failure`` is that of an item's last attempt so far.
    """

    span: Span
    name: str
    context: Context
    token: Token[Context] | None
    above: _Key | None
    below: dict[_Key, None] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    total: int | None = None
    failure: Failure | None = None


class _Held(NamedTuple):
    """A span that failed, and when. ``raised``: with an exception, whose class the failure names."""

    span: Span
    failure: Failure
    at: int
    raised: bool


class Spans:
    """Makes the spans of a run; the recorder calls it with one event at a time, from whichever thread.

    The span of what begins becomes the current one of the thread that runs it, except where that is another process.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[_Key, _Open] = {}
        self._held: list[_Held] = []
        self._trace: Callable[[], Trace] | None = None
        self._redactor: Redactor | None = None

    def __call__(self, event: Event) -> None:
        """Take in an event.

        Raises:
            InvalidInput: it is of another run than the one that is going on.
        """
        # Signals wait: in the midst of this one would leave a span that nobody ends.
        with shielded():
            self._take(event)

    def _take(self, event: Event) -> None:
        match event.kind:
            case "run_start":
                self._run_start(event)
            case "node_start":
                self._node_start(event)
            case "item_start":
                self._item_start(event)
            case "attempt_failed":
                self._attempt_failed(event)
            case "item_retry":
                self._retry(event)
            case "item_end":
                self._item_end(event)
            case "node_end":
                self._node_end(event)
            case "run_end":
                self._run_end(event)

    def _run_start(self, event: Event) -> None:
        if self._open:
            hint = "make one for each: on_event=spans()"
            raise InvalidInput(
                Problem("otel-shared", "one listener for spans was given to two runs at once", hint=hint)
            )
        self._trace = event.trace
        name = event.trace().workflow if event.trace else ""
        self._begin(_RUN, None, event, name, {"pflow.workflow.name": name})

    def _node_start(self, event: Event) -> None:
        path, above = event.node_id, self._holder(event.node_id)
        name = path.removeprefix(f"{above[1]}/")
        attributes: Attributes = {"pflow.node.id": name, "pflow.node.path": path, "pflow.node.type": event.type}
        self._begin(("node", path), above, event, name, attributes)

    def _item_start(self, event: Event) -> None:
        node = self._open[_node(event)]
        node.total = event.total
        self._begin(("item", _place(event)), _node(event), event, node.name, _of_item(event, node))
        self._attempt(event)

    def _attempt(self, event: Event) -> None:
        node, place = self._open[_node(event)], _place(event)
        attributes = {**_of_item(event, node), "pflow.attempt": event.attempt}
        self._begin(("attempt", place), ("item", place), event, node.name, attributes)

    def _attempt_failed(self, event: Event) -> None:
        place = _place(event)
        self._open["item", place].failure = event.failure
        self._end(("attempt", place), event._replace(status="failed"))

    def _retry(self, event: Event) -> None:
        node = self._open[_node(event)]
        node.ends["retried"] += event.attempt == 2  # noqa: PLR2004  # each item once
        self._attempt(event)

    def _item_end(self, event: Event) -> None:
        place = _place(event)
        self._end(("attempt", place), event)
        self._open[_node(event)].ends[event.status] += 1
        failure = self._open["item", place].failure if event.status == "failed" else None
        attributes: Attributes = {"pflow.attempts": event.attempt}
        self._end(("item", place), event._replace(usage=None, failure=failure), attributes)

    def _node_end(self, event: Event) -> None:
        key = ("node", event.node_id)
        opened = self._open.get(key)
        counts = {} if opened is None or opened.total is None else of_batch(opened.ends, opened.total)
        self._end(key, event, counts)
        self._redactor = None  # its outputs may have told of secrets

    def _run_end(self, event: Event) -> None:
        self._end(_RUN, event)
        redactor = self._redact()
        for held in self._held:
            _fail(held, redactor)
            held.span.end(held.at)
        self._held, self._redactor, self._trace = [], None, None

    def _holder(self, path: str) -> _Key:
        # The longest part of the path that is under way, since a node's id may have a slash of its own.
        while "/" in path:
            path = path.rpartition("/")[0]
            for kind in ("attempt", "node"):
                if (kind, path) in self._open:
                    return kind, path
        return _RUN

    def _begin(self, key: _Key, above: _Key | None, event: Event, name: str, attributes: Attributes) -> None:
        holder = self._open.get(above) if above else None
        context = holder.context if holder else get_current()
        span = self._tracer.start_span(f"{key[0]} {name}".strip(), context, attributes=attributes, start_time=event.at)
        inside = set_span_in_context(span, context)
        if holder:
            holder.below[key] = None
        self._open[key] = _Open(span, name, inside, attach(inside) if event.at is None else None, above)

    def _end(self, key: _Key, event: Event, attributes: Attributes | None = None) -> None:
        opened = self._close(key)
        if opened is None:
            return
        for below in [*opened.below]:
            self._cut(below, event)
        if opened.token is not None:
            detach(opened.token)
        opened.span.set_attributes(attributes or {})
        if event.status:
            opened.span.set_attribute("pflow.status", event.status)
        if event.usage is not None:
            opened.span.set_attributes(of_usage(event.usage, self._redact()))
        self._let_go(opened.span, event.failure, event)

    def _cut(self, key: _Key, event: Event) -> None:
        # Of a thread that goes on alone, its time being up, or where Ctrl-C came: not to be detached in this one.
        opened = self._close(key)
        if opened is not None:
            for below in [*opened.below]:
                self._cut(below, event)
            opened.span.set_attribute("pflow.status", "interrupted")
            self._let_go(opened.span, _CUT, event)

    def _close(self, key: _Key) -> _Open | None:
        opened = self._open.pop(key, None)
        if opened is not None and opened.above in self._open:
            self._open[opened.above].below.pop(key, None)
        return opened

    def _let_go(self, span: Span, failure: Failure | None, event: Event) -> None:
        at = event.at or time.time_ns()
        if failure is None:
            span.end(at)
        else:
            told = event.kind in ("attempt_failed", "node_end") and failure is event.failure
            self._held.append(_Held(span, failure, at, told and failure.error_type != _RETURNED))

    def _redact(self) -> Redactor:
        if self._redactor is None:
            self._redactor = self._trace().redactor() if self._trace else Redactor.of(())
        return self._redactor


def _fail(held: _Held, redact: Redactor) -> None:
    said, what = redact(strict_json(held.failure.error)), held.failure.error_type
    held.span.set_status(StatusCode.ERROR, said)
    held.span.set_attribute("error.type", what)
    if held.raised:
        held.span.add_event("exception", {"exception.type": what, "exception.message": said}, held.at)


def _place(event: Event) -> str:
    return f"{event.node_id}[{event.index}]"


def _node(event: Event) -> _Key:
    return "node", event.node_id


def _of_item(event: Event, node: _Open) -> Attributes:
    return {"pflow.node.id": node.name, "pflow.node.path": event.node_id, "pflow.item.index": event.index or 0}
