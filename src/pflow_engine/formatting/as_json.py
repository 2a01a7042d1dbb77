"""Runs, problems, workflows and node types to strict JSON: what programs read, and what agents get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pflow_engine.document.model import BatchConfig, InputDeclaration, NodeIR, Workflow
from pflow_engine.errors import Problem
from pflow_engine.formatting.mermaid import mermaid
from pflow_engine.formatting.steps import build_execution_steps, shown_steps
from pflow_engine.formatting.text import problem_without_secrets
from pflow_engine.nodes.node import Interface, Param
from pflow_engine.nodes.registry import Registry
from pflow_engine.result import RunResult
from pflow_engine.trace import Redactor, Trace, encodable, named_secrets, strict_json
from pflow_engine.validation.outputs import outputs_of

FORMAT_VERSION: Final = "1"
"""Of all these forms together; it changes when a field goes, or means something else."""


def run_as_json(result: RunResult) -> dict[str, Any]:
    """A run without secrets: what it came to, its execution steps, and what was wrong.

    ``{"format_version", "workflow", "file", "status", "duration_ms", "outputs", "steps", "error", "problems",
    "warnings"}``; ``error`` is one line, None where the run did not fail, and ``problems`` say where.
    """
    redact = result.trace.redactor()
    problems = result.error.problems if result.error else ()
    warnings = [*result.workflow.warnings, *_run_warnings(result)]
    steps = build_execution_steps(result.workflow, result.store, result.trace)
    return {
        "format_version": FORMAT_VERSION,
        "workflow": result.workflow.name,
        "file": encodable(result.trace.file),
        "status": result.status,
        "duration_ms": result.trace.duration_ms,
        "outputs": result.trace.shown_outputs(redact),
        "steps": shown_steps(steps, redact),
        "error": redact(encodable(result.trace.error)),
        "problems": problems_as_json(problem_without_secrets(problem, redact) for problem in problems),
        "warnings": problems_as_json(problem_without_secrets(problem, redact) for problem in warnings),
    }


def problems_as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """``{"code", "severity", "message", "file", "line", "column", "path", "hint"}`` each; an unknown place is None."""
    return [_problem(problem) for problem in problems]


def describe_as_json(workflow: Workflow, registry: Registry) -> dict[str, Any]:
    """What a workflow takes, gives and does, those that it nests included (``children``, by node), and its chart."""
    described = _workflow(workflow, registry)
    return {"format_version": FORMAT_VERSION, **described, "mermaid": mermaid(workflow)}


def nodes_as_json(registry: Registry) -> list[dict[str, Any]]:
    """Each node type of a registry: what it takes, gives and reaches for, and its actions (None: any)."""
    kinds = [kind for name in registry if (kind := registry.get(name))]
    return [{"type": kind.name, **_interface(kind.interface)} for kind in kinds]


def _run_warnings(result: RunResult) -> Iterator[Problem]:
    document = result.workflow.document
    for first, node, warning in dict.fromkeys(_told(result.trace)):
        message = f"node '{node}': {warning}"
        yield document.problem("run-warning", message, result.workflow.node_path(first), severity="warning")


def _told(trace: Trace, above: str = "") -> Iterator[tuple[str, str, str]]:
    for node in trace.nodes:
        path = above + node.id
        yield from ((node.id, path, warning) for warning in node.warnings)
        for child in node.children:
            yield from ((node.id, below, warning) for _, below, warning in _told(child, f"{path}/"))


def _problem(problem: Problem) -> dict[str, Any]:
    position = problem.position
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": encodable(problem.message),
        "file": encodable(problem.file),
        "line": position.line if position else None,
        "column": position.column if position else None,
        "path": encodable(problem.path),
        "hint": encodable(problem.hint),
    }


def _workflow(workflow: Workflow, registry: Registry) -> dict[str, Any]:
    children = {node: _workflow(child, registry) for node, child in workflow.children.items()}
    described: dict[str, Any] = strict_json(
        {
            "name": workflow.name,
            "description": workflow.document.ir.get("description", ""),
            "file": encodable(workflow.document.file),
            "inputs": {name: _input(name, declared) for name, declared in workflow.inputs.items()},
            "outputs": {
                name: {"type": declared.type, "source": declared.source, "description": declared.description}
                for name, declared in workflow.outputs.items()
            },
            "start": workflow.start,
            "nodes": [_node(node, workflow, registry) for node in workflow.nodes],
            "edges": [{"from": edge.source, "to": edge.target, "action": edge.action} for edge in workflow.edges],
            "warnings": problems_as_json(workflow.warnings),
        }
    )
    return {**described, "children": children}


def _input(name: str, declared: InputDeclaration) -> dict[str, Any]:
    described = {
        "type": declared.type,
        "required": declared.required and not declared.has_default,
        "description": declared.description,
    }
    return described | ({"default": _redacted(name, declared.default)} if declared.has_default else {})


def _node(node: NodeIR, workflow: Workflow, registry: Registry) -> dict[str, Any]:
    kind = registry.get(node.type)
    outputs = outputs_of(node, registry, workflow.children.get(node.id))
    return {
        "id": node.id,
        "type": node.type,
        "purpose": node.purpose,
        "batch": _batch(node.batch) if node.batch else None,
        "outputs": None if outputs is None else dict(outputs),
        "effects": kind.interface.effects if kind else None,
    }


def _batch(batch: BatchConfig) -> dict[str, Any]:
    return {
        "items": _redacted("items", batch.items),
        "as": batch.alias,
        "error_handling": batch.error_handling,
        "parallel": batch.parallel,
        "max_concurrent": batch.max_concurrent,
        "max_retries": batch.max_retries,
        "retry_wait": batch.retry_wait,
        "timeout": batch.timeout,
    }


def _interface(interface: Interface) -> dict[str, Any]:
    return {
        "params": {name: _param(name, param) for name, param in interface.params.items()},
        "outputs": dict(interface.outputs),
        "actions": None if interface.actions is None else list(interface.actions),
        "effects": interface.effects,
        "open_params": interface.open_params,
        "open_outputs": interface.open_outputs,
        "echoes": interface.echoes,
        "nests": interface.nests,
    }


def _param(name: str, param: Param) -> dict[str, Any]:
    described = {"type": param.type, "required": param.required, "description": param.description}
    return described if param.required else described | {"default": _redacted(name, param.default)}


def _redacted(name: str, value: Any) -> Any:
    named = strict_json({name: value})
    return Redactor.of(named_secrets(named))(named)[name]
