"""A reference to the value it leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from pflow_engine.templates.grammar import Literal, Path, Reference

Scope = Mapping[str, Any]
Resolve = Callable[[Scope], Any]

MISSING: Final = object()
"""What a path gives that leads nowhere; None is a value."""

NOT_THERE: Final = (KeyError, IndexError, TypeError)
"""What a resolver raises when its path leads nowhere."""


def lookup(reference: Reference, scope: Scope) -> Any:
    """What a reference stands for, or MISSING."""
    for choice in reference.choices:
        if isinstance(choice, Literal):
            return choice.value
        try:
            return _path_resolver(choice)(scope)
        except NOT_THERE:
            continue
    return MISSING


def reference_resolver(reference: Reference) -> Resolve:
    """A function from a scope to the value; raises one of NOT_THERE where the reference leads nowhere."""
    first = reference.choices[0]
    if len(reference.choices) == 1 and isinstance(first, Path):
        return _path_resolver(first)

    def resolve(scope: Scope) -> Any:
        value = lookup(reference, scope)
        if value is MISSING:
            raise KeyError(reference.text)
        return value

    return resolve


def _path_resolver(path: Path) -> Resolve:
    root, steps = path.root, path.steps
    if not steps:
        return itemgetter(root)

    if not all(isinstance(step, str) for step in steps):
        return _step_resolver(path)

    def resolve(scope: Scope) -> Any:
        value = scope[root]
        for step in steps:
            value = value[step] if type(value) is dict else descend(value, step)
        return value

    return resolve


def _step_resolver(path: Path) -> Resolve:
    steps = [_path_resolver(step) if isinstance(step, Path) else step for step in path.steps]

    def resolve(scope: Scope) -> Any:
        value = scope[path.root]
        for step in steps:
            value = descend(value, step(scope) if callable(step) else step)
        return value

    return resolve


def descend(value: Any, step: Any) -> Any:
    """One step down; raises one of NOT_THERE where there is none."""
    # Text in the middle of a path that is JSON is parsed on the way: shells print JSON as text.
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(step, bool) or not isinstance(step, str | int):
        raise KeyError(step)
    if isinstance(value, Mapping):
        if str(step) not in value:  # asked first: a defaultdict would make it
            raise KeyError(step)
        return value[str(step)]
    if isinstance(value, list | tuple) and isinstance(step, int) and step >= 0:
        return value[step]
    raise KeyError(step)


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        raise KeyError(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise KeyError(text) from None
