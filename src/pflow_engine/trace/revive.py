"""Values to strict JSON that can be read back, and back to the values."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from pflow_engine.trace.strict import strict_json

_DEEPEST: Final = 100
"""As deep as strict JSON goes: what is deeper, or inside itself, is given up there."""


def revivable_json(value: Any) -> Any:
    """Strict JSON in which a map that looks like a written form (``{"$date": …}``) is marked as the map it is."""
    return strict_json(_marked(value, 0))


def revive(value: Any) -> Any:
    """What ``revivable_json`` was given, in containers of its own: tuples come back as lists.

    Raises:
        ValueError: for what has no way back: objects, cycles, texts too long to be written.
    """
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        form, written = next(iter(value.items()))
        if form in _LOST:
            raise ValueError(f"{_LOST[form]} cannot be brought back")
        if form in _FORMS:
            return _FORMS[form](written)
    return _members(value)


def _marked(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        members = {key: _marked(item, depth + 1) for key, item in value.items()}
        looks_written = len(members) == 1 and str(next(iter(members)))[:1] == "$"
        return {"$literal": members} if looks_written else members
    return [_marked(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value


def _members(value: dict[str, Any]) -> dict[str, Any]:
    return {key: revive(item) for key, item in value.items()}


def _pairs(written: Any) -> dict[Any, Any]:
    return {_hashable(revive(key)): revive(item) for key, item in written}


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


_FORMS: Final[dict[str, Callable[[Any], Any]]] = {
    "$literal": _members,
    "$float": float,
    "$int": lambda text: int(text, 16),
    "$bytes": base64.b64decode,
    "$set": lambda items: {_hashable(revive(item)) for item in items},
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$path": PurePath,
    "$decimal": Decimal,
    "$uuid": UUID,
    "$escaped": lambda text: json.loads(f'"{text}"'),
    "$map": _pairs,
}
_LOST: Final = {"$object": "an object", "$cycle": "what contains itself", "$text": "a text that long"}
