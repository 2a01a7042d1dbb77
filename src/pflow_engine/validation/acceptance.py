"""A JSON Schema to a function that knows most of what is valid at once.

jsonschema takes some 20 µs for each node of a workflow, to find nothing: it makes a validator for every value. So what
is sound is told by closures made of the schema, and only what is not goes to jsonschema, which has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Accepts = Callable[[Any], bool]
"""True is sure: jsonschema finds nothing. False says only that it has to look."""

_TYPES: Final[Mapping[str, Accepts]] = {
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) is int or type(value) is float,
    "array": lambda value: type(value) is list,
    "object": lambda value: type(value) is dict,
    "null": lambda value: value is None,
}


def accepting(schema: Mapping[str, Any]) -> Accepts:
    """What is valid by a schema; where the schema has a word not known here, nothing is."""
    if any(word not in _WORDS and word not in _SAY_NOTHING for word in schema):
        return _nothing
    checks = [make(schema) for make in {_WORDS[word]: None for word in schema if word in _WORDS}]

    def accepts(value: Any) -> bool:
        for check in checks:  # noqa: SIM110  # all() of a generator takes twice as long
            if not check(value):
                return False
        return True

    return accepts


def _nothing(_value: Any) -> bool:
    return False


def _type(schema: Mapping[str, Any]) -> Accepts:
    names = schema["type"]
    if isinstance(names, str):
        return _TYPES[names]
    known = [_TYPES[name] for name in names]
    return lambda value: any(check(value) for check in known)


def _enum(schema: Mapping[str, Any]) -> Accepts:
    texts = frozenset(value for value in schema["enum"] if type(value) is str)
    return lambda value: type(value) is str and value in texts


def _pattern(schema: Mapping[str, Any]) -> Accepts:
    search = exact(schema["pattern"]).search
    return lambda value: type(value) is not str or search(value) is not None


def _properties(schema: Mapping[str, Any]) -> Accepts:
    known = {name: accepting(each) for name, each in schema.get("properties", {}).items()}
    others = schema.get("additionalProperties", True)
    if others is True:
        other: Accepts = lambda _value: True  # noqa: E731  # one of three
    else:
        other = accepting(others) if isinstance(others, Mapping) else _nothing

    def accepts(value: Any) -> bool:
        if type(value) is dict:
            for name, each in value.items():
                if not known.get(name, other)(each):
                    return False
        return True

    return accepts


def _required(schema: Mapping[str, Any]) -> Accepts:
    names = frozenset(schema["required"])
    return lambda value: type(value) is not dict or names <= value.keys()


def _names(schema: Mapping[str, Any]) -> Accepts:
    check = accepting(schema["propertyNames"])
    return lambda value: type(value) is not dict or all(map(check, value))


def _items(schema: Mapping[str, Any]) -> Accepts:
    check = accepting(schema["items"])
    return lambda value: type(value) is not list or all(map(check, value))


def _size(kind: Any, word: str) -> Callable[[Mapping[str, Any]], Accepts]:
    def make(schema: Mapping[str, Any]) -> Accepts:
        least = schema[word]
        return lambda value: type(value) is not kind or len(value) >= least

    return make


def _bound(word: str, holds: Callable[[Any, Any], bool]) -> Callable[[Mapping[str, Any]], Accepts]:
    def make(schema: Mapping[str, Any]) -> Accepts:
        limit = schema[word]
        return lambda value: type(value) not in (int, float) or holds(value, limit)

    return make


def exact(pattern: str) -> re.Pattern[str]:
    """A pattern as JSON Schema means it: its ``$`` is the end of the text; Python's may have a line break behind it."""
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Accepts]]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "properties": _properties,
    "additionalProperties": _properties,
    "required": _required,
    "propertyNames": _names,
    "items": _items,
    "minLength": _size(str, "minLength"),
    "minItems": _size(list, "minItems"),
    "minimum": _bound("minimum", lambda value, limit: value >= limit),
    "maximum": _bound("maximum", lambda value, limit: value <= limit),
    "exclusiveMinimum": _bound("exclusiveMinimum", lambda value, limit: value > limit),
}
_SAY_NOTHING: Final = frozenset({"$schema", "title", "description", "default"})
