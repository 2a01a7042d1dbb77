"""Flow and inputs to RunResult: the walk along the edges, by action."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pflow_engine.batch import FAILURES, ExecutorFactory
from pflow_engine.clock import CancelToken, Clock, RealClock
from pflow_engine.copying import copy_data
from pflow_engine.document.model import Workflow
from pflow_engine.errors import InvalidInput, NodeFailed, PflowError, Problem
from pflow_engine.failures import cancelled, endless_loop, raised_failure, reported_failure
from pflow_engine.inputs import bind_inputs
from pflow_engine.resources import Resources
from pflow_engine.result import RunResult, collect_outputs, status_of
from pflow_engine.signals import Signals
from pflow_engine.store import LLM_CALLS
from pflow_engine.trace import (
    Event,
    Failure,
    OnEvent,
    Recorder,
    Trace,
    TraceStatus,
    is_stream,
    registered_secrets,
    strict_json,
    write_json,
)
from pflow_engine.wrappers import Call, Layer, Level

MOST_VISITS = 1000
"""How often one node may run before a loop counts as endless."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A compiled workflow. Frozen: one may run in many threads at once."""

    workflow: Workflow
    layers: Mapping[str, Layer]
    edges: Mapping[tuple[str, str], str]

    def run(  # noqa: PLR0913  # each is a seam of its own, all optional
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        executor: ExecutorFactory | None = None,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
        cancel: CancelToken | None = None,
        trace_file: str | os.PathLike[str] | None = None,
        secrets: Iterable[str] = (),
        upstream: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> RunResult:
        """Run from the start node until no edge leads on. A failed run is a result, not an exception.

        ``executor`` makes a ``concurrent.futures.Executor`` for so many workers. ``cancel``, once asked, lets
        what is running end and starts nothing more. ``trace_file`` is written whatever happens, at Ctrl-C
        with what was done. ``secrets`` are texts, of four characters or more, that are taken out of the trace
        and of what is said about the run, beside those known by the names they stand under. ``upstream`` are outputs
        of nodes, by node, as if these had run before.

        Raises:
            Exception: what ``on_event`` raised, after it ended the run.
            InvalidInput: the inputs do not fit, the trace file's folder is not there, or a secret is no text;
                nothing has run.
            KeyboardInterrupt: Ctrl-C, after the running items have ended. After SIGTERM the process ends. Both in the
                main thread and with their default handling only; ``signals`` says what a second and a third do.
        """
        registered = registered_secrets(secrets)
        bound = bind_inputs(self.workflow, inputs or {})
        _refuse_lost_trace(trace_file, self.workflow)
        own = CancelToken(cancel)  # a batch that Ctrl-C ends asks it to stop, and the caller's token is the caller's
        forget = cancel.on_cancel(own.cancel) if cancel else _nothing
        clock = clock or RealClock()
        recorder = Recorder(on_event, clock, own.cancel)
        recorder.keep_secret(registered)
        resources = Resources(own)
        run = FlowRun(self, bound, executor or ThreadPoolExecutor, clock, own, recorder, resources)
        run.remember(upstream or {})
        with Signals(own.cancel) as signals:
            try:
                try:
                    result = run.result()
                finally:
                    signals.hold()
            finally:
                forget()
                _end(run, trace_file)
        if run.recorder.broken_listener is not None:
            raise run.recorder.broken_listener
        return result


class FlowRun:
    """One run: where it stands. Lives no longer than ``Flow.run``, and only its thread writes to it.

    Or the run of a nested workflow: ``above`` are the nodes it is in, ``hand_on`` takes its model calls, those of each
    node when that ends.
    """

    def __init__(  # noqa: PLR0913  # the seams of Flow.run
        self,
        flow: Flow,
        inputs: Mapping[str, Any],
        executor: ExecutorFactory,
        clock: Clock,
        cancel: CancelToken,
        recorder: Recorder,
        resources: Resources,
        above: tuple[Level, ...] = (),
        hand_on: Callable[[list[Any]], None] | None = None,
    ) -> None:
        self.flow, self.executor, self.clock, self.cancel = flow, executor, clock, cancel
        self.recorder, self.above, self.hand_on = recorder, above, hand_on
        self.resources = resources
        self.handed_on = 0
        self.inputs = strict_json(inputs)
        self.store: dict[str, Any] = {**inputs, LLM_CALLS: []}
        self.visits: Counter[str] = Counter()
        self._ended: Trace | None = None

    def remember(self, upstream: Mapping[str, Mapping[str, Any]]) -> None:
        """Before it starts: outputs of nodes as if they had run."""
        for node_id, outputs in upstream.items():
            if not self.flow.workflow.namespacing:
                self.store.update(copy_data(dict(outputs)))
            self.store[node_id] = copy_data(dict(outputs))

    def result(self) -> RunResult:
        """Walk to the end."""
        try:
            self._tell(Event("run_start", total=len(self.flow.layers), trace=self.trace))
            error = self._walk()
        except BaseException as signal:
            cut = Failure("interrupted", type(signal).__name__)
            self._tell(Event("run_end", status="interrupted", failure=cut, trace=self.trace))
            raise
        ran = [node.id for node in self.recorder.nodes]
        outputs: dict[str, Any] = {}
        if error is None:
            outputs, error = collect_outputs(self.flow.workflow, self.store, ran)
        status = status_of(self.flow.workflow, self.recorder.nodes, error)
        trace = self._trace(status, self._written(outputs), error)
        if not self.recorder.given_up():
            self._ended = trace
        failure = Failure(error.summary, error.code) if error else None
        self._tell(Event("run_end", status=status, failure=failure, trace=self.trace))
        return RunResult(status, outputs, self.store, trace, error, self.flow.workflow)

    def _tell(self, event: Event) -> None:
        # Of the outermost run alone: that a nested one starts and ends is told of its node.
        if not self.above:
            self.recorder.emit(event)

    def _walk(self) -> PflowError | None:
        node_id: str | None = self.flow.workflow.start
        failure: NodeFailed | None = None
        while node_id is not None:
            if self.cancel.cancelled:
                return failure or cancelled(self.flow.workflow, node_id)
            self.visits[node_id] += 1
            if self.visits[node_id] > MOST_VISITS:
                return endless_loop(self.flow.workflow, node_id, MOST_VISITS)
            action, failure = self._step(node_id)
            target = self.flow.edges.get((node_id, action))
            if target is None and action == "error":
                origin = self.recorder.origin
                return failure or reported_failure(self.flow.workflow, node_id, self.store.get(node_id), origin)
            node_id = target
        return None

    def _step(self, node_id: str) -> tuple[str, NodeFailed | None]:
        call = Call(node_id, self.clock, self.cancel, self.recorder, self.executor, self.resources, above=self.above)
        self._forget_error(node_id)
        try:
            return self.flow.layers[node_id].run(call, self.store, {}) or "default", None
        except FAILURES as error:
            failure = raised_failure(self.flow.workflow, node_id, error)
        finally:
            self._hand_on()
        # What comes along an error edge finds the reason where nodes that report errors leave theirs.
        outputs = self.store.get(node_id)
        self.store[node_id] = {**(outputs if isinstance(outputs, dict) else {}), "error": failure.summary}
        return "error", failure

    def _hand_on(self) -> None:
        # Not at the end of the run: whoever waits for one that takes too long may not wait for that.
        calls = self.store[LLM_CALLS]
        if self.hand_on is not None and not self.recorder.given_up():
            self.hand_on(calls[self.handed_on :])
        self.handed_on = len(calls)

    def _forget_error(self, node_id: str) -> None:
        # In a loop a node finds what it wrote last time; that it failed then says nothing of this time.
        outputs = self.store.get(node_id)
        if self.visits[node_id] > 1 and isinstance(outputs, dict):
            outputs.pop("error", None)

    def trace(self) -> Trace:
        """The trace so far; ``interrupted`` while the run has not ended."""
        return self._ended or self._trace("interrupted", {}, None)

    def _written(self, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        # Undeclared outputs are the last node's, which are in its record already: thousands of results of a batch.
        last = self.recorder.nodes[-1:]
        return last[0].outputs if outputs and last and not self.flow.workflow.outputs else strict_json(outputs)

    def _trace(self, status: TraceStatus, outputs: Mapping[str, Any], error: PflowError | None) -> Trace:
        workflow = self.flow.workflow
        return Trace(
            workflow=workflow.name,
            file=workflow.document.file,
            status=status,
            inputs=self.inputs,
            outputs=outputs,
            nodes=self.recorder.nodes,
            error=error.summary if error else None,
            started_at=self.recorder.started_at.isoformat(),
            duration_ms=self.recorder.elapsed_ms(),
            engine_version=_engine_version(),
            secrets=self.recorder.known_secrets,
        )


def _end(run: FlowRun, trace_file: str | os.PathLike[str] | None) -> None:
    # The trace first: what is closed may be in no hurry.
    try:
        if trace_file is not None:
            write_json(trace_file, run.trace().to_dict())
    finally:
        run.resources.close()


def _nothing() -> None:
    """No token was given, so there is nothing to take back from one."""


def _refuse_lost_trace(trace_file: str | os.PathLike[str] | None, workflow: Workflow) -> None:
    if trace_file is None or is_stream(trace_file):
        return
    folder, hint = Path(trace_file).parent, ""
    if not folder.is_dir():
        said, hint = f"there is no folder {folder}", "make the folder first"
    elif Path(trace_file).is_dir():
        said, hint = "this is a folder", "name a file in it"
    elif not os.access(folder, os.W_OK):
        said, hint = f"the folder {folder} may not be written", "look at its permissions"
    elif any(_is_same(trace_file, file) for file in _files_of(workflow)):
        said, hint = "this is a file of the workflow", "give it a name of its own"
    if hint:
        message = f"the trace cannot be written: {said}"
        raise InvalidInput(Problem("trace-file", message, hint=hint, file=os.fspath(trace_file)))


def _files_of(workflow: Workflow) -> Iterator[str]:
    yield workflow.document.file
    for child in workflow.children.values():
        yield from _files_of(child)


def _is_same(one: str | os.PathLike[str], other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False  # one of them is not there


@cache
def _engine_version() -> str:
    return version("pflow-testkit")
