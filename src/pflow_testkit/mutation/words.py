"""What a mutant changes to two short lines that show where they differ, and no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import takewhile
from typing import Any, Final

from pflow_engine.trace.names import REDACTED, looks_secret
from pflow_testkit.mutation.model import Idea

_LONGEST: Final = 60
_BEFORE: Final = 20
"""How much of what is the same stands in front of the difference."""

Redact = Callable[[Any], Any]


def change_in_short(idea: Idea, redact: Redact) -> tuple[str, str]:
    """What was there and what is there now. Of a secret neither is told, for a changed one tells nearly all of it."""
    was = REDACTED if _is_secret(idea) else _without_secrets(idea.was, redact)
    hidden = was != idea.was and "${" not in idea.now
    now = "another" if hidden and idea.now != "left out" else _without_secrets(idea.now, redact)
    return _cut(was, now)


def _is_secret(idea: Idea) -> bool:
    if "${" in idea.was:
        return False
    match idea.path:
        case ("nodes", _, "params", *below):
            return any(looks_secret(step) for step in below)
        case ("inputs", name, "default"):
            return looks_secret(name)
        case _:
            return False


def _without_secrets(text: str, redact: Redact) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return str(redact(text))
    safe = redact(value)
    return text if safe == value else json.dumps(safe, ensure_ascii=False)


def _cut(was: str, now: str) -> tuple[str, str]:
    if max(len(was), len(now)) <= _LONGEST:
        return was, now
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False)))
    start = max(0, same - _BEFORE)
    return _window(was, start), _window(now, start)


def _window(text: str, start: int) -> str:
    left = f"…{text[start + 1 :]}" if start else text
    return left if len(left) <= _LONGEST else f"{left[: _LONGEST - 1]}…"
