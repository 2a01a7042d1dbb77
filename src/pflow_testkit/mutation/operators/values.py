"""Values to others of their type, and to a line."""

from __future__ import annotations

import json
from typing import Any, Final

_LONGEST: Final = 60


def in_short(value: Any) -> str:
    """A value as one line of at most 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def another(value: Any) -> Any:
    """A value of the same type that is not equal; of None, an empty text."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return value[:-1] if value else [None]
        case dict():
            return dict(list(value.items())[:-1]) if value else {"x": None}
        case _:
            return ""
