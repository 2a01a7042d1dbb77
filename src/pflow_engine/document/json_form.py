"""JSON text to data, and, when asked, to the spans of its values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pflow_engine.document.plain import DEEPEST, TOO_DEEP, is_too_deep
from pflow_engine.document.positions import Path, Source, first_problems
from pflow_engine.document.spans import Marks, Place, Spans
from pflow_engine.errors import InvalidWorkflow, Problem

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]|[^\s{}\[\],:"]+')
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>\\u[dD][89a-fA-F]..)|\\.",
    re.DOTALL,
)
_ODD_NUMBERS = ("NaN", "Infinity", "-Infinity")


def parse(text: str, file: str) -> Any:
    """Strict JSON to data; raises as ``read`` does."""
    return read(Source.of(text, file))


def read(source: Source) -> Any:
    """Strict JSON, a file or a part of one, to data.

    Raises:
        InvalidWorkflow: not JSON, a key given twice, NaN or Infinity, half a character, a number or nesting no
            machine holds.
    """
    odd: list[str] = []
    text = source.text
    try:
        data = json.loads(
            text,
            object_pairs_hook=lambda pairs: _unique(pairs, odd),
            parse_constant=odd.append,
            parse_float=lambda digits: _float(digits, odd),
            parse_int=lambda digits: _integer(digits, odd),
        )
    except json.JSONDecodeError as error:
        raise InvalidWorkflow(_syntax(source, error)) from None
    except RecursionError:
        raise InvalidWorkflow(_too_deep(source)) from None
    if is_too_deep(data):
        raise InvalidWorkflow(_too_deep(source))
    if odd or "\\ud" in text or "\\uD" in text:
        problems = first_problems(_odd_places(source), source.whole, source.file)
        if problems:
            raise InvalidWorkflow(problems)
    return data


@dataclass(slots=True)
class _Open:
    """A map or list that is being read: the step that leads on from it, and where its keys stand."""

    step: str | int = ""
    keys: dict[str, int] = field(default_factory=dict)


_KEY, _VALUE, _OPEN, _CLOSE = range(4)
_Seen = tuple[int, int, int, str]
"""What is met in a text: one of the four, its offsets, and what a key says."""


def spans(text: str) -> Spans:
    """Where each value and key of a JSON text that parses stands."""
    above: list[Place] = []
    into = root = Place(None, [])
    name = ""
    for kind, start, end, key in _walk(text):
        if kind == _CLOSE:
            into.marks = (into.marks[0] if into.marks else start, end)
            into = above.pop()
            continue
        if kind == _KEY:
            name = key
            into.set_key(key, (start, end))
            continue
        place = (start, end) if kind == _VALUE else Place((start, end), {} if text[start] == "{" else [])
        if type(into.inside) is list:
            into.inside.append(place)
        else:
            into.inside[name] = place
        if type(place) is Place:
            above.append(into)
            into = place
    return Spans(root.inside[0])


def _walk(text: str) -> Iterator[_Seen]:
    # Over tokens, not recursive.
    open_with = ""
    at_key = False
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        char = text[start]
        if char in "{[":
            open_with += char
            at_key = char == "{"
            yield _OPEN, start, end, ""
        elif char in "}]":
            open_with = open_with[:-1]
            at_key = False
            yield _CLOSE, start, end, ""
        elif char == ",":
            at_key = open_with[-1] == "{"
        elif at_key:
            at_key = False
            key = text[start + 1 : end - 1]
            yield _KEY, start, end, json.loads(found.group()) if "\\" in key else key
        else:
            yield _VALUE, start, end, ""


def _unique(pairs: list[tuple[str, Any]], odd: list[str]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        odd.append("key")
    return data


def _float(digits: str, odd: list[str]) -> float:
    number = float(digits)
    if not math.isfinite(number):
        odd.append(digits)
    return number


def _integer(digits: str, odd: list[str]) -> int:
    try:
        return int(digits)
    except ValueError:
        odd.append(digits)
        return 0


def _odd_places(source: Source) -> Iterator[Problem]:
    # The parser only says that there is something; where, and all of it, is found out here.
    text = source.text
    above: list[_Open] = [_Open()]
    for kind, start, end, key in _walk(text):
        if kind == _CLOSE:
            above.pop()
            continue
        into = above[-1]
        if kind == _KEY:
            yield from _given_twice(source, above, key, start)
            into.step = key
        elif type(into.step) is int:
            into.step += 1
        if kind == _OPEN:
            above.append(_Open(-1 if text[start] == "[" else ""))
        elif text[start] == '"':
            yield from _half_characters(source, above, (start, end))
        elif _is_odd_number(text[start:end]):
            word = text[start : min(end, start + 20)]
            message = f"{word}{'…' if end - start > len(word) else ''} is no number a workflow can hold"
            yield source.problem(start, "number", message, path=_path(above), hint="write it as text")


def _given_twice(source: Source, above: Sequence[_Open], key: str, start: int) -> Iterator[Problem]:
    first = above[-1].keys.setdefault(key, start)
    if first != start:
        message, hint = f"key '{key}' is given twice", f"take one out; the first is in line {source.line(first)}"
        yield source.problem(start, "duplicate-key", message, path=(*_path(above[:-1]), key), hint=hint)


def _path(above: Sequence[_Open]) -> Path:
    return tuple(each.step for each in above[1:])


def _is_odd_number(word: str) -> bool:
    if word in ("true", "false", "null"):
        return False
    return word in _ODD_NUMBERS or not math.isfinite(float(word)) or (word.lstrip("-").isdigit() and not _fits(word))


def _fits(digits: str) -> bool:
    odd: list[str] = []
    _integer(digits, odd)
    return not odd


def _half_characters(source: Source, above: Sequence[_Open], marks: Marks) -> Iterator[Problem]:
    for found in _LONE_SURROGATE.finditer(source.text, *marks):
        if found["lone"]:
            message = f"{found['lone']} is half a character (a lone surrogate)"
            hint = "write the whole character, or both halves"
            yield source.problem(found.start(), "surrogate", message, path=_path(above), hint=hint)


def _too_deep(source: Source) -> Problem:
    depth = 0
    for found in _BRACKETS.finditer(source.text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found.group(), 0)
        if depth > DEEPEST:
            break
    return source.problem(found.start(), "nesting", TOO_DEEP, hint="flatten the data")


def _syntax(source: Source, error: json.JSONDecodeError) -> Problem:
    text, message, offset = source.text, error.msg, error.pos
    if message.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma, those before at what follows
        message, offset = "Expecting value", len(text) - len(text[offset + 1 :].lstrip())
    said = next((words for start, words in _IN_WORDS.items() if message.startswith(start)), message)
    message = f"not JSON: {said.format(found=_found(text, offset))}"
    return source.problem(offset, "syntax", message, hint=_fix(source, offset, said))


_IN_WORDS = {
    "Expecting value": "a value is expected, {found}",
    "Expecting property name": "a key in double quotes is expected, {found}",
    "Expecting ':'": "':' is expected after the key, {found}",
    "Expecting ','": "',' or the closing bracket is expected, {found}",
    "Extra data": "the file should end here, {found}",
    "Unterminated string": "this text is never closed",
    "Invalid control character": "text cannot go on over a line break or hold a raw control character, {found}",
    "Invalid \\escape": "a backslash starts no such escape, {found}",
    "Invalid \\u": "\\u takes four hexadecimal digits, {found}",
}
"""Python's messages by how they start: they differ between its versions."""


def _found(text: str, offset: int) -> str:
    char = text[offset : offset + 1]
    if not char:
        return "but the text ends here"
    return f"found '{char}'" if char.isprintable() else f"found {char!r}"


def _fix(source: Source, offset: int, said: str) -> str:
    text = source.text
    rest, before = text[offset : offset + 5], text[:offset].rstrip()[-1:]
    for starts, hint in _FIXES.items():
        if rest.startswith(starts):
            return hint
    for words, hint in _FIXES_FOR.items():
        if words in said:
            return hint
    if before == "," and rest[:1] in ("}", "]"):
        return "take out the comma before it"
    if "','" in said and rest[:1] in _STARTS_VALUE:
        return f"a comma is missing at the end of line {source.line(len(text[:offset].rstrip()))}"
    return _still_open(source, offset) if not rest or rest[:1] in "]}" else ""


_STARTS_VALUE = frozenset('"{[0123456789-')

_FIXES: dict[str | tuple[str, ...], str] = {
    ("//", "/*", "#"): "JSON has no comments: take it out, or name the file .yaml",
    ("'", "\u201c", "\u201d"): 'JSON takes straight double quotes: "',
    ("True", "False", "None"): "JSON writes true, false and null",
    "${": 'put the template in quotes, it keeps the value\'s type: "${…}"',
    "<<<<<": "a merge conflict: keep one side of it",
}


_FIXES_FOR = {
    "escape": "write \\\\ for a backslash",
    "line break": "write \\n for a line break, \\t for a tab",
    "never closed": 'close it with "',
    "after the key": "put ':' between key and value",
    "hexadecimal": "write all four of them",
    "end here": "a file holds one workflow",
}


def _still_open(source: Source, offset: int) -> str:
    still_open: list[re.Match[str]] = []
    for found in _BRACKETS.finditer(source.text, 0, offset):
        if found.group() in ("[", "{"):
            still_open.append(found)
        elif found.group() in ("]", "}"):
            still_open.pop()
    if not still_open:
        return ""
    return f"'{still_open[-1].group()}' of line {source.line(still_open[-1].start())} is still open"
