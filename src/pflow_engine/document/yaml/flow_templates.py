"""YAML with templates in ``[ ]`` and ``{ }`` to YAML that a YAML parser takes, and back.

To YAML, ``[${a}, ${b[0]}]`` is full of brackets. Each template is replaced by as many letters, so that every place
in the text stays what it was, and put back into the values. Which templates stand in brackets only YAML's own
scanner knows: outside of them, in quotes and in blocks it takes ``${…}`` for the text it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from pflow_engine.document.yaml.data import Parser

_BRACKET = re.compile(r"(?<!\$)[\[{]")
_SIMPLE = re.compile(r'\$\{[^"${}\n]*\}')
_PLAIN = re.compile(r"\$\{[\w.-]+\}")
_OPENS = frozenset({yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken})
_CLOSES = frozenset({yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken})
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
            told = self.original[start:end].strip()
            told = _PROPERTIES.sub("", told, count=1) if told[0] in "&!" else told
            return _FOLD.sub(" ", told) if "\n" in told else told
        return None


@lru_cache(maxsize=4)
def shielded(text: str) -> Shield:
    """A YAML text whose templates in brackets are out of YAML's way."""
    # Kept, since what is read is located next where something is wrong with it.
    if not _BRACKET.search(text):
        return Shield(text)
    found = _plain_in_brackets(text)
    starts = [start for start, _ in found]
    shown = _covered(text, found)
    for _ in range(_MOST_ROUNDS if "${" in shown else 0):
        openings, is_whole = _openings(shown)
        found = list(_templates(shown, openings))
        starts += [start for start, _ in found]
        shown = _covered(shown, found)
        if is_whole or not found:
            break
    return Shield(shown, text, tuple(sorted(starts)))


def _plain_in_brackets(text: str) -> list[tuple[int, int]]:
    # Nearly all templates are names and dots, which YAML takes for the letters they are but for their brackets.
    plain = [found.span() for found in _PLAIN.finditer(text)]
    tokens = _tokens(_covered(text, plain))
    covered: list[tuple[int, int]] = []
    depth = at = 0
    with suppress(yaml.YAMLError):  # as in _openings; what stands before is known
        for token in tokens if plain else ():
            kind = type(token)
            depth += (kind in _OPENS) - (kind in _CLOSES)
            if kind is yaml.ScalarToken and depth and token.plain:
                at = bisect_left(plain, (token.start_mark.index,), at)
                end = bisect_left(plain, (token.end_mark.index,), at)
                covered += plain[at:end]
    return covered


def _openings(text: str) -> tuple[list[int], bool]:
    # In brackets a template is the text "$" and then, without a blank, another bracket: no YAML means that.
    openings: list[int] = []
    before = -1
    try:
        for token in _tokens(text):
            if type(token) is yaml.FlowMappingStartToken and token.start_mark.index == before:
                openings.append(before - 1)
            is_dollar = type(token) is yaml.ScalarToken and token.plain and token.value[-1:] == "$"
            before = token.end_mark.index if is_dollar else -1
    except yaml.YAMLError:
        return openings, False  # what is wrong with the text is said by who parses it
    return openings, True


def _tokens(text: str) -> Iterator[Any]:
    parser = Parser(text)
    try:
        yield from iter(parser.get_token, None)
    finally:
        parser.dispose()


def _templates(text: str, openings: list[int]) -> Iterator[tuple[int, int]]:
    end = 0
    for start in openings:
        if start >= end:
            end, is_closed = _closing(text, start)
            if is_closed:
                yield start, end


def _closing(text: str, start: int) -> tuple[int, bool]:
    if simple := _SIMPLE.match(text, start):
        return simple.end(), True
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
