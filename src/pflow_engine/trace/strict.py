"""Any value to strict JSON that shares nothing with it.

What JSON has no word for has a written form: ``{"$float": "nan"}``, ``{"$int": hexadecimal}`` where it is too long
for decimals, ``{"$bytes": base64}``, ``{"$set": […]}``, ``{"$escaped": text}`` where half characters stand in it,
``{"$datetime": iso}``, ``{"$date": iso}``, ``{"$path": posix}``, ``{"$decimal": text}``, ``{"$uuid": text}``,
``{"$object": "module.Class"}``, ``{"$cycle": 2}`` (so many levels up), ``{"$text": {length, sha256, start}}`` for text
of more than a million characters. Maps with keys that are no text become ``{"$map": [[key, value], …]}``.
What is nested too deep, or comes after some millions of values (a list that holds another one twice, that holds
another one twice …), is an ``$object`` that says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

_LONGEST_TEXT = 1_000_000
_DEEPEST = 100
_MOST_VALUES = 5_000_000
_HIGH: Final = 1 << 2000
_LOW: Final = -_HIGH
"""Python writes and reads integers in decimals up to a limit that may be set as low as 640 digits."""
_PLAIN: Final = frozenset({bool, type(None)})
_FORMS: Final[tuple[tuple[type, str, Callable[[Any], str]], ...]] = (
    (datetime, "$datetime", datetime.isoformat),
    (date, "$date", date.isoformat),
    (PurePath, "$path", PurePath.as_posix),
    (Decimal, "$decimal", Decimal.__str__),
    (UUID, "$uuid", UUID.__str__),
)
"""The first that fits: a datetime is a date, too."""


def strict_json(value: Any) -> Any:
    """A copy of ``value`` in strict JSON."""
    return _convert(value, (), [_MOST_VALUES])


def encodable(text: str | None) -> str | None:
    """Words as any file can hold them: half characters are spelled out."""
    return text if text is None or _encodes(text) else text.encode("utf-8", "backslashreplace").decode()


def _convert(value: Any, above: tuple[int, ...], left: list[int]) -> Any:  # noqa: PLR0911  # one return a kind
    kind = type(value)
    if kind in _PLAIN or (kind is int and _LOW < value < _HIGH):
        return value
    if kind is str:
        return _text(value)
    if kind is dict:
        return (len(above) < _DEEPEST and _flat(value, left)) or _container(value, above, left)
    if kind is list:
        return _container(value, above, left)
    if kind is float:
        return value if math.isfinite(value) else {"$float": str(value)}
    try:
        return _unusual(value, above, left)
    except Exception:  # noqa: BLE001  # an object of a user's, whose methods may do anything
        return _name_of(value)


def _flat(value: dict[Any, Any], left: list[int]) -> dict[str, Any] | None:
    # What a trace holds most of, a small map of plain text and numbers, in one pass without a call for each; None
    # for any other.
    written = value.copy()
    for key, item in written.items():
        kind = type(item)
        if kind is int:
            if not _LOW < item < _HIGH:
                return None
        elif kind is str:
            if not item.isascii() or len(item) > _LONGEST_TEXT:
                return None
        elif kind not in _PLAIN:
            return None
        if type(key) is not str or not key.isascii():
            return None
    left[0] -= len(written) + 1
    return written if left[0] >= 0 else None


def _container(value: Any, above: tuple[int, ...], left: list[int]) -> Any:  # noqa: PLR0911  # one return a kind
    if id(value) in above:
        return {"$cycle": len(above) - above.index(id(value))}
    if len(above) >= _DEEPEST:
        return {"$object": f"nested more than {_DEEPEST} deep"}
    if left[0] < 0:
        return {"$object": f"more than {_MOST_VALUES} values"}
    left[0] -= len(value) + 1
    inside = (*above, id(value))
    if isinstance(value, list | tuple):
        return [item if type(item) is int and _LOW < item < _HIGH else _convert(item, inside, left) for item in value]
    if isinstance(value, set | frozenset):
        return {"$set": sorted((_convert(item, inside, left) for item in value), key=_sort_key)}
    written: dict[str, Any] = {}
    for key, item in value.items():
        if type(key) is not str or not _encodes(key):
            break
        written[key] = item if type(item) is int and _LOW < item < _HIGH else _convert(item, inside, left)
    else:
        return written
    return {"$map": [[_convert(key, inside, left), _convert(item, inside, left)] for key, item in value.items()]}


def _text(value: str) -> Any:
    if len(value) > _LONGEST_TEXT:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return {"$text": {"length": len(value), "sha256": digest, "start": _text(value[:200])}}
    return value if _encodes(value) else {"$escaped": json.dumps(value)[1:-1]}


def _encodes(text: str) -> bool:
    # Half characters come in with file names and output that is no UTF-8; no file can hold them.
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unusual(value: Any, above: tuple[int, ...], left: list[int]) -> Any:
    if isinstance(value, bytes | bytearray):
        return {"$bytes": _text(base64.b64encode(value).decode("ascii"))}
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, int):
        value = int(value)
        return value if _LOW < value < _HIGH else {"$int": _text(hex(value))}
    if isinstance(value, float):
        return _convert(float(value), above, left)
    if isinstance(value, Mapping | tuple | list | set | frozenset):
        return _container(value, above, left)
    return next(
        ({name: _text(written(value))} for kind, name, written in _FORMS if isinstance(value, kind)), _name_of(value)
    )


def _name_of(value: Any) -> dict[str, str]:
    return {"$object": f"{type(value).__module__}.{type(value).__qualname__}"}


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
