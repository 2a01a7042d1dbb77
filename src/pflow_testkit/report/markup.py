"""Words to HTML: nothing that a workflow or a test says is ever markup."""

from __future__ import annotations

from html import escape
from typing import Final

from pflow_engine.errors import showable

_SECOND: Final = 1000


def text(words: str) -> str:
    """Words as they stand on the page, or in an attribute in quotes."""
    return escape(showable(words))


def count(number: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(ms: float) -> str:
    """As people say it: ``12 ms``, ``3.4 s``."""
    return f"{ms:.3g} ms" if round(ms) < _SECOND else f"{ms / _SECOND:.1f} s"
