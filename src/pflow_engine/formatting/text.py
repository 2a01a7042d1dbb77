"""A RunResult to the text that a person reads, on a terminal or through an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pflow_engine.errors import PflowError, Problem, showable
from pflow_engine.formatting.steps import build_execution_steps
from pflow_engine.result import RunResult
from pflow_engine.trace import Redactor

_LONGEST_ERROR = 200
_LONGEST_MESSAGE = 1000
_HEADLINES = {
    "success": "✓ Workflow completed in",
    "degraded": "✓ Workflow completed in",
    "failed": "❌ Workflow failed after",
}


def format_success_as_text(result: RunResult) -> str:
    """What ran, how long it took, and what failed: at most five errors a batch, 200 characters each.

    What ended the run stands there with its places and hints, each message cut at 1000 characters.
    Secrets are taken out as they are from the trace.
    """
    steps = build_execution_steps(result.workflow, result.store, result.trace)
    ran = [step for step in steps if step["status"] != "not_executed"]
    lines = [
        f"{_HEADLINES[result.status]} {result.trace.duration_ms / 1000:.3f}s",
        f"Nodes executed ({len(ran)}):",
        *(f"  {line}" for step in ran for line in _node_lines(step)),
    ]
    if result.error is not None or any(map(_has_errors, ran)):
        # Only now: to find a run's secrets takes as long as its trace is big.
        redact = result.trace.redactor()
        lines += [line for step in ran for line in _errors(step, redact)]
        lines += ["", _final(result.error, redact)] if result.error else []
    return "\n".join(lines)


def _node_lines(step: dict[str, Any]) -> Iterator[str]:
    line = f"{_line(step['node_id'])} ({step['duration_ms']:.0f}ms)"
    if step.get("is_batch"):
        line += f" - {_counts(step)}"
    yield f"{_mark(step)} {line}"
    for nested in () if step.get("is_batch") else step.get("nested", ()):
        yield from (f"  {line}" for line in _node_lines(nested))


def _mark(step: dict[str, Any]) -> str:
    if step["status"] == "failed":
        return "❌"
    return "⚠" if _has_errors(step) else "✓"


def _has_errors(step: dict[str, Any]) -> bool:
    return bool(step.get("batch_errors")) or any(map(_has_errors, step.get("nested", ())))


def _counts(step: dict[str, Any]) -> str:
    counts = f"{step['batch_success']}/{step['batch_total']} items succeeded"
    counts += f", {step['batch_errors']} failed" if step["batch_errors"] else ""
    return f"{counts}, {step['batch_degraded']} degraded" if step.get("batch_degraded") else counts


def _errors(step: dict[str, Any], redact: Redactor, above: str = "") -> Iterator[str]:
    path = above + _line(step["node_id"])
    if step.get("batch_errors"):
        yield from _batch_errors(step, redact, path)
    for nested in step.get("nested", ()):
        item = f"[{nested['index']}]" if "index" in nested else ""
        yield from _errors(nested, redact, f"{path}{item}/")


def _batch_errors(step: dict[str, Any], redact: Redactor, path: str) -> Iterator[str]:
    yield ""
    yield f"Batch '{path}' errors:"
    for entry in step["batch_error_details"]:
        yield f"  [{entry['index']}] {_cut(_line(redact(str(entry['error']))), _LONGEST_ERROR)}"
    if step["batch_errors_truncated"]:
        yield f"  ...and {step['batch_errors_truncated']} more errors"


def _final(error: PflowError, redact: Redactor) -> str:
    return problems_as_text(problem_without_secrets(problem, redact) for problem in error.problems)


def problems_as_text(problems: Iterable[Problem]) -> str:
    """Every problem with its place, the line it is about and the likely fix; an empty line between two."""
    return "\n\n".join(map(str, problems))


def problem_without_secrets(problem: Problem, redact: Callable[[Any], Any]) -> Problem:
    """The problem as it may be shown: its message without secrets and at most 1000 characters."""
    # Cut after the secrets are out: half a secret would not be known as one.
    message, hint = _cut(redact(problem.message), _LONGEST_MESSAGE), redact(problem.hint)
    return replace(problem, message=message, hint=hint, source=redact(problem.source))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _line(text: str) -> str:
    return showable(" ".join(text.split()))
