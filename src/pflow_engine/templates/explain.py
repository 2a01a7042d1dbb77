"""A reference that leads nowhere, to words: what is missing, what there is, the nearest match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.errors import Problem, did_you_mean
from pflow_engine.templates.grammar import Path, Reference
from pflow_engine.templates.lookup import MISSING, NOT_THERE, Scope, descend, lookup
from pflow_engine.value_types import type_name


def explain(reference: Reference, scope: Scope) -> Problem:
    """The problem of a reference that does not resolve in this scope."""
    reasons = [_why(choice, scope) for choice in reference.choices if isinstance(choice, Path)]
    return Problem(
        "unresolved-template",
        f"{reference.text} does not resolve: {'; '.join(message for message, _ in reasons)}",
        hint=reasons[0][1],
        within=reference.text,
    )


def _why(path: Path, scope: Scope) -> tuple[str, str]:
    if path.root not in scope:
        names = [key for key in scope if not str(key).startswith("__")]
        return f"there is no '{path.root}'", did_you_mean(path.root, names, otherwise="there is: ")
    value, walked = scope[path.root], path.root
    for step in path.steps:
        key = lookup(Reference("", (step,)), scope) if isinstance(step, Path) else step
        if isinstance(step, Path) and key is MISSING:
            return _why(step, scope)
        try:
            value = descend(value, key)
        except NOT_THERE:
            return f"{walked} {_no_such(value, key)}", _there(value, key)
        walked += f"[{key}]" if isinstance(key, int) else f".{key}"
    raise AssertionError(f"{path} resolves")


def _no_such(value: Any, step: Any) -> str:
    kind = type_name(value)
    if isinstance(value, list | tuple) and isinstance(step, int):
        return f"has {len(value)} items, no [{step}]"
    if isinstance(value, Mapping):
        return f"has no '{step}'"
    return f"is {kind}, which has no '{step}'"


def _there(value: Any, step: Any) -> str:
    if isinstance(value, Mapping):
        return did_you_mean(str(step), [str(key) for key in list(value)[:50]], otherwise="there is: ")
    if isinstance(value, str):
        return "its text is not JSON"
    return ""
