"""JSON Schema's words for types, and values held against them."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

PYTHON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}
"""The types of a word's values; a boolean, which Python counts among the integers, is only ever that."""
_WORDS: Final = {
    dict: "object", list: "array", tuple: "array", str: "string", bool: "boolean", int: "integer", float: "number",
    type(None): "null",
}  # fmt: skip
_BOOLEANS: Final = {"true": True, "false": False}
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def type_name(value: Any) -> str:
    """The word for a value's type; Python's own name where JSON Schema has none."""
    return _WORDS.get(type(value), type(value).__name__)


def is_of_type(value: Any, word: str) -> bool:
    """Whether a value is of a type. A boolean is no number; ``any`` takes everything, other types no null."""
    if word == "any":
        return True
    if isinstance(value, bool):
        return word == "boolean"
    return isinstance(value, PYTHON_TYPES[word])


def coerce(value: Any, word: str) -> Any:
    """The value as a type, where nothing is lost on the way.

    Raises:
        ValueError: something would be.
    """
    if is_of_type(value, word):
        return value
    if isinstance(value, str):
        return _from_text(value.strip(), word)
    if word == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if word == "string" and isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    raise ValueError(word)


def _from_text(text: str, word: str) -> Any:
    if word == "boolean":
        if text.lower() not in _BOOLEANS:
            raise ValueError(word)
        return _BOOLEANS[text.lower()]
    if word in ("integer", "number"):
        return _number(text, word)
    try:
        parsed = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(word) from None
    if not is_of_type(parsed, word):
        raise ValueError(word)
    return parsed


def _number(text: str, word: str) -> int | float:
    # Only what a file could hold: int and float also take 1_000, other scripts' digits, nan.
    if _INTEGER.fullmatch(text):
        if text.lstrip("+-").startswith("0") and text.strip("+-0"):
            raise ValueError(word)  # 007 is a name, not seven
        return int(text)
    number = float(text) if word == "number" and _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _refuse(word: str) -> None:
    raise ValueError(word)
