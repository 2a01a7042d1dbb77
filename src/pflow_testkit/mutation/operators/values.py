"""Values to others of their type, and to a line."""

from __future__ import annotations

import json
from typing import Any


def in_line(value: Any) -> str:
    """A value as one line, however long."""
    return json.dumps(value, ensure_ascii=False, default=str)


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
