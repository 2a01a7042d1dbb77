"""YAML with templates in ``[ ]`` and ``{ }`` to YAML that a YAML parser takes, and back.

To YAML, ``[${a}, ${b[0]}]`` is full of brackets. Each template is replaced by as many letters, so that every place
in the text stays what it was, and put back into the values. Which templates stand in brackets only YAML's own
scanner knows: outside of them, in quotes and in blocks it takes ``${…}`` for the text it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BRACKET = re.compile(r"(?<!\$)[\[{]")
_PIECE = re.compile(r'\$\{|\}|\n|"(?:[^"\\\n]|\\.)*"')
_PROPERTIES = re.compile(r"(?:[&!]\S*+\s++)*+")
_FOLD = re.compile(r"[ \t]*+\n[ \t\n]*+")
_MOST_ROUNDS = 10
"""Scans of a text: what stands in a template may end one early, on quotes that are never closed for YAML."""


@dataclass(frozen=True, slots=True)
class Shield:
    """``text`` is what to parse; its templates stood at ``starts`` in ``original``."""

    text: str
    original: str = ""
    starts: tuple[int, ...] = ()

    def text_at(self, start: int, end: int) -> str | None:
        """The plain text that stood between two places of ``text``, if a template was in it."""
        found = bisect_left(self.starts, start)
        if found < len(self.starts) and self.starts[found] < end:
            return _FOLD.sub(" ", _PROPERTIES.sub("", self.original[start:end].strip(), count=1))
        return None


def shielded(text: str) -> Shield:
    """A YAML text whose templates in brackets are out of YAML's way."""
    starts: list[int] = []
    shown = text
    for _ in range(_MOST_ROUNDS if "${" in text and _BRACKET.search(text) else 0):
        openings, is_whole = _openings(shown)
        found = list(_templates(shown, openings))
        starts += [start for start, _ in found]
        shown = _covered(shown, found)
        if is_whole or not found:
            break
    return Shield(shown, text, tuple(sorted(starts)))


def _openings(text: str) -> tuple[list[int], bool]:
    # In brackets a template is the text "$" and then, without a blank, another bracket: no YAML means that.
    openings: list[int] = []
    before = -1
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.FlowMappingStartToken) and token.start_mark.index == before:
                openings.append(before - 1)
            is_dollar = isinstance(token, yaml.ScalarToken) and token.plain and token.value.endswith("$")
            before = token.end_mark.index if is_dollar else -1
    except yaml.YAMLError:
        return openings, False  # what is wrong with the text is said by who parses it
    return openings, True


def _templates(text: str, openings: list[int]) -> Iterator[tuple[int, int]]:
    end = 0
    for start in openings:
        if start >= end:
            end, is_closed = _closing(text, start)
            if is_closed:
                yield start, end


def _closing(text: str, start: int) -> tuple[int, bool]:
    depth = 0
    for found in _PIECE.finditer(text, start):
        depth += {"${": 1, "}": -1}.get(found.group(), 0)
        if found.group() == "\n":
            return found.end(), False
        if not depth:
            return found.end(), True
    return len(text), False


def _covered(text: str, found: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    offset = 0
    for start, end in found:
        pieces += [text[offset:start], "x" * (end - start)]
        offset = end
    return "".join([*pieces, text[offset:]])
