"""A workflow to the schedule of its items under which it comes to something else than one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from pflow_engine import signals
from pflow_engine.batch import ExecutorFactory, Job, Outcome
from pflow_engine.batch import run as batch_run
from pflow_engine.batch.attempt import run_item as _run_item
from pflow_engine.flow import Flow
from pflow_engine.result import RunResult
from pflow_engine.store import LLM_CALLS, NamespacedSharedStore, Store
from pflow_engine.wrappers import Call, Layer
from pflow_testkit.clock import SkippingClock
from pflow_testkit.stress.active import here, visit
from pflow_testkit.stress.comparison import canonical, difference, differing
from pflow_testkit.stress.explorer import Exploration, Plan, Progress
from pflow_testkit.stress.exploring import explored
from pflow_testkit.stress.failure import Abandoned, Failure
from pflow_testkit.stress.hammer import GatedPool
from pflow_testkit.stress.oracles import Prints
from pflow_testkit.stress.patches import Places, Worker, patched
from pflow_testkit.stress.running import Check, Setting
from pflow_testkit.stress.scope import Scope
from pflow_testkit.stress.tracing import Granularity

_P = ParamSpec("_P")
_T = TypeVar("_T")


def explore_flow(  # noqa: PLR0913  # each has its default
    flow: Flow,
    inputs: Mapping[str, Any] | None = None,
    *,
    plan: Plan | None = None,
    granularity: Granularity = "opcode",
    check: Check | None = None,
    include: Sequence[str] = (),
    options: Callable[[], Mapping[str, Any]] = dict,
    through: tuple[type[BaseException], ...] = (),
    on_progress: Progress | None = None,
) -> Exploration:
    """Run a workflow one item after the other, then in schedule after schedule, until one comes to something else.

    ``check`` is given each result and raises if that is not as expected; ``options`` gives those of ``Flow.run``, for
    each run anew. What an item writes to values that other
    items can see is a finding as well, whether or not any of them looks.
    """
    plan = plan or Plan()
    subject = _Subject(flow, inputs or {}, options, GatedPool if plan.strategy == "threads" else ScheduledPool)
    setting = Setting(
        subject.run,
        granularity,
        Scope(include),
        check,
        through,
        judge=subject.judge,
        prepare=subject.refer,
        prepare_more=subject.refer_again,
        places=[(batch_run, "run_item", _labelled), _ASLEEP, *(_STORE if granularity == "hook" else [])],
    )
    return explored(setting, plan, on_progress)


class _Subject:
    """A flow, its inputs, and what comes of them one by one."""

    def __init__(
        self, flow: Flow, inputs: Mapping[str, Any], options: Callable[[], Mapping[str, Any]], pool: ExecutorFactory
    ) -> None:
        self._flow, self._inputs, self._options, self._pool = flow, inputs, options, pool
        self._reference: dict[str, Any] = {}
        self._volatile: frozenset[str] = frozenset()

    def run(self) -> RunResult:
        return self._flow.run(self._inputs, executor=self._pool, **self._options())

    def refer(self) -> Failure | None:
        """Run in order, and look after each item at what it wrote."""
        watch = _Watch()
        watched = replace(
            self._flow, layers={name: _Watched(layer, watch) for name, layer in self._flow.layers.items()}
        )
        with patched([(batch_run, "run_item", watch.run_item)]):
            result = watched.run(self._inputs, executor=InOrder, **{"clock": SkippingClock(), **self._options()})
        self._reference = canonical(result)
        return watch.failure

    def refer_again(self) -> None:
        """Run in order once more: what is another already is no matter of schedules."""
        result = self._flow.run(self._inputs, executor=InOrder, **{"clock": SkippingClock(), **self._options()})
        self._volatile |= differing(result, self._reference)

    def judge(self, result: RunResult) -> Failure | None:
        """Whether a run came to the same."""
        other = difference(result, self._reference, self._volatile)
        if other is None:
            return None
        path = other.path.replace("#0", "").replace("#", "/")
        said = f"parallel != sequential: {path} is {other.is_now}, was {other.was}"
        return Failure("parallel != sequential", str(result.trace.redactor()(said)))


class ScheduledPool(Executor):
    """Each piece of work in a thread of its own, which the schedule rules."""

    def __init__(self, _workers: int) -> None:
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Start it."""
        future: Future[_T] = Future()
        name = f"worker {len(self._threads) + 1}"
        thread = Worker(target=_into, args=(future, fn, args, kwargs), name=name, daemon=False)
        self._threads.append(thread)
        thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # of Executor
        """Wait for all."""
        for thread in self._threads if wait else ():
            thread.join()


def _into(future: Future[Any], fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
    try:
        result = fn(*args, **kwargs)
    except Abandoned:
        raise
    except BaseException as error:  # noqa: BLE001  # whoever asks for the result gets it
        future.set_exception(error)
    else:
        future.set_result(result)


class InOrder(Executor):
    """Whatever is submitted is done at once, by the thread that submits it."""

    def __init__(self, _workers: int) -> None:
        super().__init__()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Do it."""
        future: Future[_T] = Future()
        _into(future, fn, args, kwargs)
        return future


@dataclass
class _Watch:
    """What each item of the run in order wrote to the values that all of them see."""

    failure: Failure | None = None
    _seen: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def batch(self, layer: Layer, call: Call, store: Store) -> Iterator[None]:
        before = self._seen
        shared = {key: value for key, value in store.items() if key not in (call.node_id, LLM_CALLS)}
        self._seen = {"store": shared, "params": getattr(getattr(layer, "spec", None), "params", {})}
        try:
            yield
        finally:
            self._seen = before

    def run_item(self, job: Job, index: int) -> Outcome:
        before = Prints.of(self._seen)
        try:
            return _run_item(job, index)
        finally:
            after = Prints.of(self._seen)
            for path in before.changed(after):
                text = (
                    f"item {index} wrote {path}, which other items see: it was {before[path]} and became {after[path]}"
                )
                self.failure = self.failure or Failure("shared value written", text)


@dataclass(frozen=True, slots=True)
class _Watched:
    inner: Layer
    watch: _Watch

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        with self.watch.batch(self.inner, call, store):
            return self.inner.run(call, store, params)


def _labelled(job: Job, index: int) -> Outcome:
    found = here()
    if found is None:
        return _run_item(job, index)
    strand, label = found[1], found[1].label
    strand.label = f"item {index}"
    visit()
    try:
        return _run_item(job, index)
    finally:
        visit()
        strand.label = label


def _get(self: NamespacedSharedStore, key: str, _real: Any = NamespacedSharedStore.__getitem__) -> Any:
    visit()
    return _real(self, key)


def _set(self: NamespacedSharedStore, key: str, value: Any, _real: Any = NamespacedSharedStore.__setitem__) -> None:
    visit()
    _real(self, key, value)


_ASLEEP = (signals, "_STEP", threading.TIMEOUT_MAX)
"""The main thread need not look for signals meanwhile: Ctrl-C ends the schedule."""
_STORE: Places = [(NamespacedSharedStore, "__getitem__", _get), (NamespacedSharedStore, "__setitem__", _set)]
