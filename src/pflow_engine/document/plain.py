"""Data to what in it no workflow could hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pflow_engine.document.positions import Path, path_text
from pflow_engine.errors import Problem

DEEPEST = 100
"""Levels of nesting. Python's own limit counts the caller's frames too; with ours a file that loads also runs."""

MOST_DIGITS = 4300
"""Digits of an integer that Python writes: with more it could neither be shown nor kept in a trace."""

_TOO_BIG = 10**MOST_DIGITS
_SURROGATE = re.compile("[\ud800-\udfff]")

TOO_DEEP = f"nested more than {DEEPEST} levels deep"


def is_too_deep(data: Any) -> bool:
    """Whether maps and lists stand more than ``DEEPEST`` deep, or inside themselves."""
    level = _containers([data])
    for _ in range(DEEPEST):
        if not level:
            return False
        level = _containers(child for value in level for child in _children(value))
    return bool(level)


def data_problems(data: Any) -> list[Problem]:
    """What a dict made in Python can hold and a file cannot: odd keys, NaN, half characters, itself."""
    if is_too_deep(data):
        return [Problem("nesting", TOO_DEEP, hint="flatten the data")]
    return list(_odd_values(data))


def _containers(values: Iterable[Any]) -> list[Any]:
    # Each once, however often it is repeated.
    return list({id(value): value for value in values if isinstance(value, dict | list)}.values())


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _odd_values(data: Any) -> Iterator[Problem]:
    stack: list[tuple[Path, Any]] = [((), data)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for key in value:
                yield from _odd_key(path, key)
            stack.extend(((*path, str(key)), item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(((*path, index), item) for index, item in reversed(list(enumerate(value))))
        else:
            yield from _odd_scalar(path, value)


def _odd_scalar(path: Path, value: Any) -> Iterator[Problem]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem("number", f"{value} is no number a workflow can hold", path_text(path), "write it as text")
    elif isinstance(value, int) and not -_TOO_BIG < value < _TOO_BIG:
        message = f"an integer of more than {MOST_DIGITS} digits is no number a workflow can hold"
        yield Problem("number", message, path_text(path), "write it as text")
    elif isinstance(value, str) and _SURROGATE.search(value):
        yield Problem("surrogate", "half a character (a lone surrogate)", path_text(path), "write it whole")


def _odd_key(path: Path, key: Any) -> Iterator[Problem]:
    if not isinstance(key, str):
        yield Problem("key", f"the key {key!r} is not text", path_text(path), "use text for keys")
    elif _SURROGATE.search(key):
        yield Problem("surrogate", "half a character (a lone surrogate) in a key", path_text(path), "write it whole")
