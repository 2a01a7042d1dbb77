"""A case that is ready to the laws that its run breaks: what must be true of every run, whatever it is given."""

from __future__ import annotations

import json
import os
import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from pflow_engine.batch import FAILURES, ExecutorFactory
from pflow_engine.errors import InvalidInput, PflowError
from pflow_engine.result import RunResult
from pflow_engine.store import Store, View
from pflow_engine.trace import NodeTrace
from pflow_engine.wrappers import Call, Layer, NodeSpec
from pflow_testkit.clock import SkippingClock
from pflow_testkit.nested import nodes_in
from pflow_testkit.runner import Ready, reaches_out
from pflow_testkit.sandbox import emptied, own_place
from pflow_testkit.stress import Plan
from pflow_testkit.stress.comparison import canonical, difference, differing
from pflow_testkit.stress.flows import InOrder, explore_flow
from pflow_testkit.stress.scope import seen_from, shown

_NO_PROGRAM: Final = re.compile(
    r"^(?:/bin/sh: .*(?:syntax error|unexpected EOF|unterminated).*|(?:SyntaxError|IndentationError): .*)",
    re.MULTILINE | re.IGNORECASE,
)
"""What ``/bin/sh`` (dash, bash, busybox) and Python say of a program that they cannot read."""
_SAYS: Final = ("stderr", "error")
_MOST_SCHEDULED: Final = 8
"""Items of a run whose threads are scheduled: a step costs little, a thousand items have many."""


class Broken(NamedTuple):
    """A law that a run broke: ``key`` names the trouble in the same way each time, ``text`` tells of it."""

    key: str
    text: str


@dataclass(frozen=True, eq=False)
class Watch:
    """A plugin of the engine: notes what nodes raise, and the effects of those that ran.

    Plugged before the stubs and faults, so never what those do. Written by the threads of a batch, hence the lock.
    """

    allow: tuple[str, ...] = ()
    raised: dict[str, Broken] = field(default_factory=dict)
    effects: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pflow_wrap_node(self, spec: NodeSpec, layer: Layer) -> Layer:
        """The layer, watched."""
        return _Watched(spec, layer, self)

    def note(self, spec: NodeSpec, error: BaseException) -> None:
        """Keep the first error of its kind for each node, unless it is allowed to be raised."""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        if isinstance(error, PflowError) or any(name in kinds for name in self.allow):
            return
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        key = f"raised {spec.path} {type(error).__name__}"
        self._keep(Broken(key, f"node '{spec.path}' ({spec.type}) raised {said}{_place(error)}"))

    def note_program(self, spec: NodeSpec, outputs: Mapping[str, Any]) -> None:
        """Keep that what a node was given became part of its program, which is none any more."""
        for text in (outputs.get(name) for name in _SAYS):
            found = _NO_PROGRAM.search(text) if isinstance(text, str) else None
            if found is not None:
                said = f"node '{spec.path}' ({spec.type}) was given what breaks its program: {found.group().strip()}"
                self._keep(Broken(f"program {spec.path}", said))

    def _keep(self, broken: Broken) -> None:
        with self._lock:
            self.raised.setdefault(broken.key, broken)


@dataclass(frozen=True, slots=True)
class _Watched:
    spec: NodeSpec
    inner: Layer
    watch: Watch

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        self.watch.effects.add(self.spec.interface.effects)
        try:
            action = self.inner.run(call, store, params)
        except FAILURES as error:
            self.watch.note(self.spec, error)
            raise
        if self.spec.interface.effects == "process" and isinstance(store, View):
            self.watch.note_program(self.spec, store.outputs)
        return action


def broken_laws(ready: Ready, watch: Watch, folder: Path, *, schedules: int, shrink: bool = False) -> list[Broken]:
    """The laws that the runs of a case break, if any; each run finds the files of the case, and no others.

    It ends well or in a failure that is told as such; its counts agree; its trace is strict JSON; nothing reaches out;
    and in parallel it comes to the same as one by one. The last is looked at only where all else is well, in so many
    ``schedules`` of its threads. ``shrink`` those that break it to be shown.
    """
    with seen_from(os.getcwd()), own_place(folder, ready.case.env, ready.hidden) as work:  # noqa: PTH109  # text, no path
        run = partial(_run, ready, work)
        try:
            result = run(InOrder)
        except InvalidInput:
            return []  # said before anything ran
        except Exception as error:  # noqa: BLE001  # that the engine lets one out is what is looked for
            said = f"the run ended in {type(error).__name__}: {error}{_place(error)}"
            return [Broken(f"escaped {type(error).__name__}", said)]
        found = [*watch.raised.values(), *_of_result(ready, result)]
        return found or list(_of_parallel(ready, watch, work, result, Plan(schedules, shrinks=shrink), run))


def _run(ready: Ready, work: Path, executor: ExecutorFactory) -> RunResult:
    emptied(work)
    ready.begin(work)
    clock = ready.setting.clock or SkippingClock()
    result = ready.flow.run(ready.case.inputs, executor=executor, clock=clock)
    ready.faults.after(result.trace.nodes)
    return result


def _of_result(ready: Ready, result: RunResult) -> Iterator[Broken]:
    for spec in ready.log.blocked:
        yield Broken(f"reached {spec.path}", reaches_out(spec))
    for where, rows, outputs in _batches(result.trace.nodes, ""):
        yield from _miscounts(where, rows, outputs)
    for node in result.trace.nodes:
        left = result.store.get(node.id)
        if node.batch is not None and isinstance(left, Mapping) and node is _last(result.trace.nodes, node.id):
            yield from _miscounts(f"'{node.id}' in the store", node.batch.items, left)
    try:
        json.dumps(result.trace.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        yield Broken("strict", f"the trace is no strict JSON: {error}")


def _last(nodes: Iterable[NodeTrace], node_id: str) -> NodeTrace:
    return [node for node in nodes if node.id == node_id][-1]


def _batches(
    nodes: Iterable[NodeTrace], above: str
) -> Iterator[tuple[str, Sequence[tuple[Any, ...]], Mapping[str, Any]]]:
    for node in nodes:
        if node.batch is not None:
            yield f"'{above}{node.id}'", node.batch.items, node.outputs
        for child in node.children:
            yield from _batches(child.nodes, f"{above}{node.id}/")


def _miscounts(where: str, rows: Sequence[tuple[Any, ...]], outputs: Mapping[str, Any]) -> Iterator[Broken]:
    if not rows and "count" not in outputs:
        return  # it never came to its items
    words = Counter(status for status, *_ in rows)
    counts = {"count": len(rows), "success_count": words["completed"], "error_count": words["failed"]}
    has = {name: outputs.get(name) for name in counts}
    has |= {"results": _length(outputs.get("results")), "errors": _length(outputs.get("errors") or [])}
    for name, count in {**counts, "results": len(rows), "errors": words["failed"]}.items():
        if has[name] != count:
            told = ", ".join(f"{words[word]} {word}" for word in ("completed", "failed", "cancelled"))
            text = f"batch {where}: {name} is {has[name]!r}, of {len(rows)} items ({told})"
            yield Broken(f"counts {where} {name}", text)


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None


def _of_parallel(  # noqa: PLR0913  # what the runs are made of
    ready: Ready,
    watch: Watch,
    work: Path,
    result: RunResult,
    plan: Plan,
    run: Callable[[ExecutorFactory], RunResult],
) -> Iterator[Broken]:
    if not any(placed.node.batch and placed.node.batch.parallel for placed in nodes_in(ready.flow.workflow)):
        return
    items = sum(len(rows) for _, rows, _ in _batches(result.trace.nodes, ""))
    # A thread that waits for a process is waited for by the schedule: that takes long, and finds little.
    scheduled = 1 < items <= _MOST_SCHEDULED and "process" not in watch.effects
    told = _in_schedules(ready, work, plan) if scheduled else _in_threads(result, run)
    if told:
        yield Broken("parallel", told)


def _in_schedules(ready: Ready, work: Path, plan: Plan) -> str:
    def afresh() -> dict[str, Any]:
        emptied(work)
        ready.begin(work)
        return {}

    found = explore_flow(ready.flow, ready.case.inputs, plan=plan, options=afresh).found
    return "" if found is None else found.report(None) if plan.shrinks else found.failure.text


def _in_threads(result: RunResult, run: Callable[[ExecutorFactory], RunResult]) -> str:
    reference = canonical(result)
    if difference(run(ThreadPoolExecutor), reference) is None:
        return ""
    # It may be the time of day that made the difference: what differs one by one, too, does not count.
    volatile = differing(run(InOrder), reference)
    other = difference(run(ThreadPoolExecutor), reference, volatile)
    if other is None:
        return ""
    return (
        f"parallel != sequential: {other.path.replace('#0', '').replace('#', '/')} is {other.is_now}, was {other.was}"
    )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f" ({shown(frames[-1].filename)}:{frames[-1].lineno})"
