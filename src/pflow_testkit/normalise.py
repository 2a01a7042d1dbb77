"""A trace to what of it is the same in every run, and that to text.

What is stable is said by the trace's own schema (``x-stability``): what is volatile, and whatever stands below it, is
left out; so are fields of the trace that are null or empty. The trace's fields keep the order of the schema, names
that users gave are sorted. What a batch says of itself (``batch_metadata``) is known by the schema's names for it
wherever a node or a workflow hands it on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from pflow_engine.trace import trace_schema

_WIDTH: Final = 110
_EMPTY: Final[tuple[Any, ...]] = (None, {}, [])
_HANDED_ON: Final = ("batchMetadata", "timing")
"""Definitions of the schema for what the engine writes into outputs, from where any node may take it."""

Keep = Callable[[Any], Any]
"""Takes a value of the trace; gives what is stable of it."""


def stable(trace: Mapping[str, Any]) -> dict[str, Any]:
    """What of a trace (``Trace.to_dict()``) is the same in every run with the same inputs."""
    kept: dict[str, Any] = _plan()[0](trace)
    return kept


def stable_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a node's or a workflow's outputs."""
    kept: dict[str, Any] = _plan()[1](outputs)
    return kept


def without_places(value: Any, places: Mapping[str, str]) -> Any:
    """Strict JSON with each of some folders (by path, with the word for it) replaced wherever its path stands."""
    if not places:
        return value
    # The longest first: a folder of the case lies in another one.
    pattern = re.compile(f"(?:{'|'.join(map(re.escape, sorted(places, key=len, reverse=True)))})(?![\\w.-])")
    return _replaced(value, lambda text: pattern.sub(lambda found: places[found.group()], text))


def canonical_text(value: Any) -> str:
    """Strict JSON as text: what fits in a line stands in one, so that an item of a batch is one in a diff."""
    return _written(value, 0, 0) + "\n"


@cache
def _plan() -> tuple[Keep, Keep]:
    schema = trace_schema()
    definitions = schema["$defs"]
    return _keep(schema, definitions), _keep(definitions["outputs"], definitions)


def _keep(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Keep:
    # The schema is walked once, and leaves functions that walk traces.
    while "$ref" in schema:
        if schema["$ref"] == "#":
            # A trace in a trace: what is walked already, and without end were it walked again.
            return stable
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        # Null, which is handed on as it is, or one thing.
        return _keep(next(each for each in schema["anyOf"] if "$ref" in each), definitions)
    fields = schema.get("properties")
    if fields is not None:
        closed = schema.get("additionalProperties") is False
        kept = {name: _keep_field(field, definitions) for name, field in fields.items()}
        plain = _keep_map(kept, closed=closed)
        if "then" not in schema:
            return plain
        special = {name: _keep_field(field, definitions) for name, field in schema["then"]["properties"].items()}
        return _by_constants(schema["if"], _keep_map({**kept, **special}, closed=closed), plain)
    if "items" in schema:
        each = _keep(schema["items"], definitions)
        return lambda value: [each(item) for item in value] if isinstance(value, list) else _of_users(value)
    return _of_users


def _by_constants(condition: Mapping[str, Any], special: Keep, plain: Keep) -> Keep:
    # An ``if`` of the schema asks for fields with certain values: nodes of the type ``http``.
    wanted = {name: field["const"] for name, field in condition["properties"].items()}

    def keep(value: Any) -> Any:
        fits = isinstance(value, dict) and all(value.get(name) == const for name, const in wanted.items())
        return special(value) if fits else plain(value)

    return keep


def _keep_field(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Keep | None:
    return None if field.get("x-stability") == "volatile" else _keep(field, definitions)


def _keep_map(fields: Mapping[str, Keep | None], *, closed: bool) -> Keep:
    # A closed map is the trace's own and keeps the schema's order; in an open one stand names that users gave.
    def keep(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kept = {}
        names = [*fields, *sorted(name for name in value if name not in fields)] if closed else sorted(value)
        for name in names:
            each = fields.get(name, _of_users)
            if each is not None and name in value:
                found = each(value[name])
                if not closed or found not in _EMPTY:
                    kept[name] = found
        return kept

    return keep


def timeless(value: Any) -> Any:
    """A copy of strict JSON without what is volatile of a batch's own fields, wherever they stand in it."""
    if isinstance(value, dict):
        # A map with the very names of one that the engine writes is that one.
        stable_names = _handed_on().get(frozenset(value))
        return {name: timeless(each) for name, each in value.items() if stable_names is None or name in stable_names}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def _of_users(value: Any) -> Any:
    return sorted_maps(timeless(value)) if isinstance(value, dict | list) else value


@cache
def _handed_on() -> Mapping[frozenset[str], frozenset[str]]:
    definitions = trace_schema()["$defs"]
    fields = [definitions[name]["properties"] for name in _HANDED_ON]
    return {
        frozenset(each): frozenset(name for name in each if each[name]["x-stability"] == "stable") for each in fields
    }


def sorted_maps(value: Any) -> Any:
    """A copy of strict JSON whose maps are sorted by name."""
    if isinstance(value, dict):
        return {name: sorted_maps(value[name]) for name in sorted(value)}
    return [sorted_maps(item) for item in value] if isinstance(value, list) else value


def _replaced(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_replaced(item, change) for item in value]
    return {change(name): _replaced(item, change) for name, item in value.items()} if isinstance(value, dict) else value


def _written(value: Any, indent: int, before: int) -> str:
    # ``before`` are the characters that stand in front of it in its line.
    if not isinstance(value, dict | list) or not value:
        return _quoted(value)
    line = _in_a_line(value, _WIDTH - indent - before)
    if line is not None:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        opening, closing = "{}"
        names = [f"{_quoted(name)}: " for name in value]
        parts = [name + _written(item, indent + 2, len(name)) for name, item in zip(names, value.values(), strict=True)]
    else:
        opening, closing = "[]"
        parts = [_written(item, indent + 2, 0) for item in value]
    return opening + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + closing


def _in_a_line(value: Any, room: int) -> str | None:
    # Given up as soon as it does not fit: a megabyte is not written once for each level it stands in.
    if not isinstance(value, dict | list):
        text = _quoted(value) if _may_fit(value, room) else None
        return text if text is not None and len(text) <= room else None
    if isinstance(value, dict):
        (opening, closing), members = "{}", [(f"{_quoted(name)}: ", item) for name, item in value.items()]
    else:
        (opening, closing), members = "[]", [("", item) for item in value]
    parts, left = [], room - 2
    for start, item in members:
        part = _in_a_line(item, left - len(start))
        if part is None:
            return None
        parts.append(start + part)
        left -= len(start) + len(part) + 2
    return opening + ", ".join(parts) + closing


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _may_fit(value: Any, room: int) -> bool:
    return room > 0 and (not isinstance(value, str) or len(value) < room)
