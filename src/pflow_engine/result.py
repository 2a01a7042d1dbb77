"""What a run came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pflow_engine.document.model import OutputDeclaration, Workflow
from pflow_engine.errors import NodeFailed, PflowError
from pflow_engine.templates import MISSING, Plan, Unresolved, compile_value, lookup
from pflow_engine.trace import NodeTrace, Trace

RunStatus = Literal["success", "degraded", "failed"]


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """A finished run. ``degraded``: some items of a ``continue`` batch failed, its own or of a workflow that it nests.

    ``error`` is set when it failed.
    """

    status: RunStatus
    outputs: dict[str, Any]
    store: dict[str, Any]
    trace: Trace
    error: PflowError | None
    workflow: Workflow

    def __repr__(self) -> str:
        # What a failing assertion shows: the store may be megabytes, and hold secrets.
        return f"<RunResult {self.trace.summary}>"

    def raise_for_status(self) -> None:
        """Raise ``error`` if the run failed; ``__cause__`` is what the node raised."""
        if self.error is not None:
            raise self.error


def status_of(workflow: Workflow, nodes: Collection[NodeTrace], error: PflowError | None) -> RunStatus:
    """The status of a run by the nodes that ran. A failure that an edge took care of does not count."""
    if error is not None:
        return "failed"
    tolerant = {node.id for node in workflow.nodes if node.batch and node.batch.error_handling == "continue"}
    some_failed = any(
        node.id in tolerant and node.batch is not None and any(status == "failed" for status, *_ in node.batch.items)
        for node in nodes
    )
    below = any(child.status == "degraded" for node in nodes for child in node.children)
    return "degraded" if some_failed or below else "success"


def collect_outputs(
    workflow: Workflow, store: Mapping[str, Any], ran: list[str]
) -> tuple[dict[str, Any], PflowError | None]:
    """The declared outputs, or those of the last node; and the error of a source that does not resolve.

    An output whose source is a node that was not on the way is left out.
    """
    if not workflow.outputs:
        last = _node_outputs(store, ran[-1]) if ran else {}
        return dict(last), None
    outputs: dict[str, Any] = {}
    problems = []
    for name, declared in workflow.outputs.items():
        try:
            value = _output(name, declared, store, ran, workflow)
        except Unresolved as error:
            problems += [
                workflow.document.problem(
                    problem.code,
                    f"output '{name}': {problem.message}",
                    ("outputs", name, "source"),
                    hint=problem.hint,
                )
                for problem in error.problems
            ]
        else:
            if value is not MISSING:
                outputs[name] = value
    return outputs, NodeFailed(problems) if problems else None


def _output(
    name: str, declared: OutputDeclaration, store: Mapping[str, Any], ran: list[str], workflow: Workflow
) -> Any:
    if not declared.source:
        found = [_node_outputs(store, node_id) for node_id in reversed(ran)]
        return next((outputs[name] for outputs in found if name in outputs), MISSING)
    plan = compile_value(declared.source, permissive=workflow.permissive)
    return MISSING if _off_the_way(plan, store, ran, workflow) else plan.resolve(store)


def _off_the_way(plan: Plan, store: Mapping[str, Any], ran: list[str], workflow: Workflow) -> bool:
    not_run = {node.id for node in workflow.nodes} - set(ran)
    lost = [reference for reference in plan.references if lookup(reference, store) is MISSING]
    return bool(lost) and all(any(path.root in not_run for path in reference.paths()) for reference in lost)


def _node_outputs(store: Mapping[str, Any], node_id: str) -> Mapping[str, Any]:
    outputs = store.get(node_id)
    return outputs if isinstance(outputs, Mapping) else {}
