"""What ended a node, to a NodeFailed that names its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.batch import error_text
from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.errors import NodeFailed, PflowError, Problem


def raised_failure(workflow: Workflow, node_id: str, error: BaseException) -> NodeFailed:
    """The failure of a node that raised; ``__cause__`` is what it raised."""
    if isinstance(error, PflowError):
        problems = [_placed(workflow, node_id, problem) for problem in error.problems]
    else:
        message = f"node '{node_id}' failed: {_said(error)}"
        problems = [_placed(workflow, node_id, Problem("node-failed", message))]
    index = error.index if isinstance(error, NodeFailed) else None
    failure = NodeFailed(problems, node_id=node_id, index=index)
    failure.__cause__ = error.__cause__ if isinstance(error, NodeFailed) else error
    return failure


def reported_failure(workflow: Workflow, node_id: str, outputs: Any, origin: str = "") -> NodeFailed:
    """The failure of a node that returned the action ``error`` where no edge takes it.

    ``origin`` is the place in another file that it comes from.
    """
    said = outputs.get("error") if isinstance(outputs, Mapping) else None
    message = f"node '{node_id}' failed: {said or 'it returned the action error'}"
    hint = f"an edge from '{node_id}' with action: error would handle it"
    hint = f"it comes from {origin}; {hint}" if origin else hint
    return NodeFailed(_placed(workflow, node_id, Problem("node-failed", message, hint=hint)), node_id=node_id)


def endless_loop(workflow: Workflow, node_id: str, visits: int) -> NodeFailed:
    """The failure of a loop that does not end."""
    message = f"node '{node_id}' ran {visits} times, which is as often as a node may: does the loop through it end?"
    hint = "let a node in the loop return an action that leads out of it"
    return NodeFailed(_placed(workflow, node_id, Problem("endless-loop", message, hint=hint)), node_id=node_id)


def cancelled(workflow: Workflow, node_id: str) -> NodeFailed:
    """The failure of a run that was asked to stop before ``node_id``."""
    message = f"the run was cancelled before node '{node_id}'"
    return NodeFailed(_placed(workflow, node_id, Problem("cancelled", message)), node_id=node_id)


def _placed(workflow: Workflow, node_id: str, problem: Problem) -> Problem:
    if problem.file:
        return problem
    inside = _path_to(workflow.node(node_id), problem.within) if problem.within else ()
    return workflow.document.problem(
        problem.code,
        problem.message,
        (*workflow.node_path(node_id), *inside),
        hint=problem.hint,
        within=problem.within,
    )


def _said(error: BaseException) -> str:
    name, said = type(error).__name__, error_text(error)
    return said if said == name or isinstance(error, SystemExit) else f"{name}: {said}"


def _path_to(node: NodeIR, words: str) -> Path:
    places = list(texts_in(node.params, ("params",)))
    if node.batch is not None:
        places += texts_in(node.batch.items, ("batch", "items"))
    return next((path for path, text in places if words in text), ())
