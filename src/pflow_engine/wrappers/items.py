"""The items of a batch as written, to a list."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.store import Store
from pflow_engine.templates import Plan, Unresolved
from pflow_engine.value_types import type_name


def resolve_items(plan: Plan, store: Store) -> list[Any]:
    """The items: a list, or text that is a JSON array, as shells print it.

    Raises:
        Unhealable: anything else, naming the template, the type it led to (never the value, which may be
            megabytes), and what the node upstream wrote to stderr: usually the reason.
    """
    try:
        value = plan.resolve(store)
    except Unresolved as error:
        said = _said(plan, store)
        problems = [replace(problem, message=problem.message + said) for problem in error.problems]
        raise Unresolved(problems, error.names) from None
    parsed = _parsed(value) if isinstance(value, str) else value
    if isinstance(parsed, list | tuple):
        return list(parsed)
    found = "text that is no JSON array" if isinstance(value, str) else type_name(value)
    message = f"batch items {plan.value} must be a list, got {found}{_said(plan, store)}"
    hint = "give it a list, or text that is a JSON array"
    raise Unhealable(Problem("batch-items", message, hint=hint, within=plan.value))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _said(plan: Plan, store: Store) -> str:
    for reference in plan.references:
        for path in reference.paths():
            upstream = store.get(path.root)
            stderr = upstream.get("stderr") if isinstance(upstream, dict) else None
            if isinstance(stderr, str) and stderr.strip():
                return f"; '{path.root}' said on stderr: {stderr.strip()[:200]}"
    return ""
