"""Differences to words: the place, and what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pflow_engine.document.positions import Path
from pflow_testkit.changes.values import Difference, word_of
from pflow_testkit.expectations import shown

_LONGEST = 60
_BEFORE = 20
"""Characters of a long text that are shown, and how many of them stand before its first difference."""

_NAME = re.compile(r"[^\W\d][\w-]*")
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OWN = ("status", "attempts", "error", "error_type", "item", "llm_calls", "errors")
"""What the trace itself says of an item; an output of that name is called by its full name."""


class Told(NamedTuple):
    """What became of a place; the value before and after it, "" where there was or is none."""

    how: str
    was: str = ""
    now: str = ""


def place_of(path: Path) -> str:
    """A path in a node or in the run: ``output 'version'``, ``items[1].attempts``, ``params.url``."""
    match path:
        case ("outputs" | "inputs" as kind, str(name), *rest):
            return joined(f"{kind[:-1]} '{name}'", dotted(rest))
        case ("items", int(index), "outputs", str(name), *rest) if name not in _OWN:
            return dotted(("items", index, name, *rest))
        case _:
            return dotted(path)


def dotted(path: Sequence[str | int]) -> str:
    """A path with names that may be anything: ``users[2].name``, ``headers["Content Type"]``."""
    text = ""
    for step in path:
        plain = isinstance(step, str) and _NAME.fullmatch(step)
        text = joined(text, str(step) if plain else f"[{_quoted(step)}]")
    return text


def joined(above: str, below: str) -> str:
    """A place and one inside it."""
    return f"{above}{below}" if not above or not below or below.startswith("[") else f"{above}.{below}"


def told(difference: Difference) -> Told:
    """What became of a place."""
    old, new = difference.old, difference.new
    match difference.kind:
        case "moved":
            return Told(f"moved here from [{difference.moved_from}]")
        case "added":
            return Told(f"added: {shown(new)}", now=_short(new))
        case "removed":
            named = isinstance(difference.path[-1], str)
            return Told("removed" if named else f"removed: {shown(old)}", was=_short(old))
        case "retyped":
            was, now = (f"{_short(value)} ({word_of(value)})" for value in (old, new))
            return Told(f"{was} -> {now}", was, now)
        case _:
            return _texts(old, new) if isinstance(old, str) and isinstance(new, str) else _values(old, new)


def showable(text: str) -> str:
    """A text without what would move a terminal's cursor, turn its writing direction, or not encode."""
    return _UNSHOWABLE.sub(lambda found: ascii(found.group())[1:-1], text)


def _values(old: Any, new: Any) -> Told:
    was, now = _short(old), _short(new)
    return Told(f"{was} -> {now}", was, now) if was != now else Told(f"differs further down: {shown(new)}")


def _texts(old: str, new: str) -> Told:
    if "\n" not in old and "\n" not in new:
        return _line(old, new)
    olds, news = old.split("\n"), new.split("\n")
    number = next((n for n, (was, now) in enumerate(zip(olds, news, strict=False)) if was != now), None)
    if number is not None:
        return Told(f"line {number + 1}: {_line(olds[number], news[number]).how}")
    number = min(len(olds), len(news))
    became = "added" if len(news) > number else "removed"
    return Told(f"line {number + 1} {became}: {shown((*olds[number:], *news[number:])[0])}")


def _line(old: str, new: str) -> Told:
    first = next((n for n, (was, now) in enumerate(zip(old, new, strict=False)) if was != now), min(len(old), len(new)))
    start = max(0, first - _BEFORE) if max(len(old), len(new)) > _LONGEST else 0
    was, now = _window(old, start), _window(new, start)
    return Told(f"{was} -> {now}", was, now)


def _window(text: str, start: int) -> str:
    end = start + _LONGEST
    return _quoted(f"{'…' * (start > 0)}{text[start:end]}{'…' * (len(text) > end)}")


def _short(value: Any) -> str:
    text = _window(value, 0) if isinstance(value, str) else shown(value)
    return text if isinstance(value, str) or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _quoted(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)
