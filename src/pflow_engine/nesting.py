"""A call of a node that nests a workflow to a run of that workflow.

The compiler puts ``NestedFlow`` where other nodes have their leaf. A run below has a store, a recorder and a trace of
its own, and the clock, the executor and the token of the run it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pflow_engine.errors import InvalidInput, InvalidWorkflow, Problem, Unhealable, did_you_mean
from pflow_engine.flow import Flow, FlowRun
from pflow_engine.inputs import bind_inputs
from pflow_engine.result import RunResult
from pflow_engine.store import LLM_CALLS, Store
from pflow_engine.trace import Event, OnEvent, Recorder
from pflow_engine.wrappers import Call, Level

FlowOf = Callable[[str], Flow]
"""Gives the compiled workflow that a ``workflow_ref`` names, or raises InvalidWorkflow."""


@dataclass(frozen=True, slots=True)
class KnownFlow:
    """The workflow of a node that names always the same one. No closure, since it may travel to another process."""

    flow: Flow

    def __call__(self, _ref: str, /) -> Flow:
        """That one."""
        return self.flow


@dataclass(frozen=True, slots=True)
class NestedFlow:
    """The innermost layer of a node that runs a workflow: its outputs are the workflow's."""

    flow_of: FlowOf

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
        """Run it; the action is ``error`` where it failed, and the output ``error`` says with what.

        Raises:
            Unhealable: there is no such workflow, it has problems, what it is given does not fit, or, of an item, it
                failed with what cannot heal.
        """
        ref = params["workflow_ref"]
        try:
            flow = self.flow_of(ref)
            inputs = bind_inputs(flow.workflow, params.get("param_mapping") or {})
        except (InvalidWorkflow, InvalidInput) as error:
            raise Unhealable([_of_node(problem, ref) for problem in error.problems]) from None
        names = _names(flow, ref, params.get("output_mapping") or {})
        result = _run(flow, inputs, call, store)
        return _leave(result, names, call, store)


def _run(flow: Flow, inputs: Mapping[str, Any], call: Call, store: Store) -> RunResult:
    level = Level(call.node_id, call.index, call.attempt)
    listener = _prefixed(call) if call.recorder.listening else None
    recorder = Recorder(listener, call.clock, above=call.recorder, given_up=_given_up(call))
    seams = call.executor, call.clock, call.cancel, recorder, call.resources
    run = FlowRun(flow, inputs, *seams, (*call.above, level), _hand_on(call, store))
    call.recorder.note_child(call.node_id, call.index, call.attempt, run.trace)
    result = run.result()
    if result.error is not None and call.index is None:
        # The deepest place: of what this one nests, if the failure comes from there.
        call.recorder.note_origin(recorder.origin or result.error.problems[0].place.rstrip(": "))
    if not recorder.given_up():
        # In place of the run, which holds its whole store.
        call.recorder.note_child(call.node_id, call.index, call.attempt, result.trace)
    return result


def _given_up(call: Call) -> Callable[[], bool]:
    cancel = call.cancel

    def given_up() -> bool:
        # Its own time is up: when everything is asked to stop, there still is somebody who waits for what was done.
        return cancel.cancelled and (cancel.above is None or not cancel.above.cancelled)

    return given_up if call.timed else lambda: False


def _prefixed(call: Call) -> OnEvent:
    prefix = call.node_id if call.index is None else f"{call.node_id}[{call.index}]"

    def tell(event: Event) -> None:
        call.recorder.emit(event._replace(node_id=f"{prefix}/{event.node_id}"))

    return tell


def _hand_on(call: Call, store: Store) -> Callable[[list[Any]], None]:
    calls = store[LLM_CALLS]
    return lambda used: calls.extend(_lifted(each, call.node_id) for each in used)


def _lifted(used: Any, node_id: str) -> Any:
    # The index of an item says which of the batch of its own workflow: here that is part of the node's name.
    if not isinstance(used, dict):
        return used
    rest = {name: value for name, value in used.items() if name not in ("node_id", "item_index")}
    item = f"[{used['item_index']}]" if "item_index" in used else ""
    below = f"/{used['node_id']}{item}" if "node_id" in used else ""
    return {"node_id": node_id + below, **rest}


def _leave(result: RunResult, names: Mapping[str, str], call: Call, store: Store) -> str | None:
    store.update({names.get(name, name): value for name, value in result.outputs.items()})
    if result.error is None:
        return None
    store["error"] = result.error.summary
    if call.index is not None and isinstance(result.error.__cause__, Unhealable):
        # Else it would be tried again.
        raise Unhealable(Problem("nested-failed", result.error.summary)) from result.error
    return "error"


def _names(flow: Flow, ref: str, names: Mapping[str, Any]) -> Mapping[str, str]:
    known = flow.workflow.outputs
    problems = [
        Problem("unknown-output", f"'{ref}' has no output '{name}'", hint=did_you_mean(name, known))
        for name in names
        if known and name not in known
    ]
    problems += [
        Problem("output-name", f"the name for the output '{name}' must be text", hint="write the name it is to have")
        for name, target in names.items()
        if not isinstance(target, str)
    ]
    if problems:
        raise Unhealable(problems)
    return names


def _of_node(problem: Problem, ref: str) -> Problem:
    # Without the path of the file, which is another one on each machine: what a node says stands in the trace.
    file = Path(problem.file).name if problem.position else ref
    name = ref if file == Path(ref).name else file
    line = f", line {problem.position.line}" if problem.position else ""
    said = problem.message if f"'{ref}'" in problem.message else f"'{name}'{line}: {problem.message}"
    return Problem(problem.code, said, hint=problem.hint)
