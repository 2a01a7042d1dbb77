"""JSON text to data, and, when asked, to the spans of its values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pflow_engine.document.plain import DEEPEST, TOO_DEEP, is_too_deep
from pflow_engine.document.positions import Path, Source, Span, Spans, first_problems
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


_Found = tuple[Path, Span, int | None]
"""A value; or a key, with the offset of the map it is in."""


def spans(text: str) -> Spans:
    """Where each value and key of a JSON text that parses stands."""
    values: dict[Path, Span] = {}
    keys: dict[Path, Span] = {}
    for path, span, owner in _walk(text):
        (values if owner is None else keys)[path] = span
    return Spans(values, keys)


def _walk(text: str) -> Iterator[_Found]:
    # Over tokens, not recursive: a megabyte of small values takes some tenths of a second.
    open_at: list[tuple[Path, int]] = []
    path: Path = ()
    at_key = False
    for found in _TOKEN.finditer(text):
        span = Span(*found.span())
        char = text[span.start]
        if char in "{[":
            open_at.append((path, span.start))
            at_key = char == "{"
            path = path if at_key else (*path, 0)
        elif char in "}]":
            path, start = open_at.pop()
            at_key = False
            yield path, Span(start, span.end), None
        elif char == ",":
            above, start = open_at[-1]
            at_key = text[start] == "{"
            path = path if at_key else (*above, int(path[len(above)]) + 1)
        elif at_key:
            above, start = open_at[-1]
            path, at_key = (*above, json.loads(found.group())), False
            yield path, span, start
        else:
            yield path, span, None


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
    first: dict[tuple[int, str | int], Span] = {}
    text = source.text
    for path, span, owner in _walk(text):
        if owner is not None and first.setdefault((owner, path[-1]), span) != span:
            line = source.line(first[owner, path[-1]].start)
            message, hint = f"key '{path[-1]}' is given twice", f"take one out; the first is in line {line}"
            yield source.problem(span.start, "duplicate-key", message, path=path, hint=hint)
        if text[span.start] == '"':
            yield from _half_characters(source, path, span)
        elif text[span.start] not in "{[" and _is_odd_number(text[slice(*span)]):
            word = text[span.start : min(span.end, span.start + 20)]
            message = f"{word}{'…' if span.end - span.start > len(word) else ''} is no number a workflow can hold"
            yield source.problem(span.start, "number", message, path=path, hint="write it as text")


def _is_odd_number(word: str) -> bool:
    if word in ("true", "false", "null"):
        return False
    return word in _ODD_NUMBERS or not math.isfinite(float(word)) or (word.lstrip("-").isdigit() and not _fits(word))


def _fits(digits: str) -> bool:
    odd: list[str] = []
    _integer(digits, odd)
    return not odd


def _half_characters(source: Source, path: Path, span: Span) -> Iterator[Problem]:
    for found in _LONE_SURROGATE.finditer(source.text, *span):
        if found["lone"]:
            message = f"{found['lone']} is half a character (a lone surrogate)"
            hint = "write the whole character, or both halves"
            yield source.problem(found.start(), "surrogate", message, path=path, hint=hint)


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
