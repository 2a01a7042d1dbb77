"""Markdown text to its headings, bullets, fenced blocks and the prose between them, each with its place.

Lines are scanned by hand, not by markdown-it-py: what goes on under a bullet is told here by YAML's rule (deeper
than the dash), not by Markdown's; its tokens know lines but no columns; and it was measured to take four times as
long, after 70 ms to load. One expression finds the lines that mean something, so that time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pflow_engine.document.spans import Span

SECTIONS: Final = ("inputs", "steps", "outputs")
SECTION: Final = 2
ENTITY: Final = 3
"""Levels of headings."""

_HEADING: Final = r"(?P<hashes>#{2,3}+)(?=[ \t\r\n]|\Z)"
_FENCE: Final = r"(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}+)"
_TITLE = re.compile(rf"^(?P<indent> {{0,3}})(?:{_HEADING.replace('2', '1')}|{_FENCE})", re.MULTILINE)
_IN_PROSE = re.compile(rf"^(?P<indent> {{0,3}})(?:{_HEADING}|{_FENCE})", re.MULTILINE)
_IN_ENTITY = re.compile(rf"^(?P<indent> {{0,3}})(?:{_HEADING}|{_FENCE}|(?P<dash>-)(?=[ \t\r\n]|\Z))", re.MULTILINE)
_INDENTED_FENCE = re.compile(rf"(?:[ \t\r]*+\n)*+(?P<indent> {{1,8}}){_FENCE}", re.MULTILINE)
_CLOSING = re.compile(r"^(?P<indent> *+)(?P<fence>`{3,}+|~{3,}+)[ \t\r]*+$", re.MULTILINE)
_RULE = re.compile(r"(?:(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)\r?$", re.MULTILINE)
_NOT_DEEPER = tuple(re.compile(rf"^ {{0,{indent}}}(?![ \t\r\n\f\v])", re.MULTILINE) for indent in range(4))
_BLANK: Final = " \t\r\n\f\v"
_CLOSERS: Final = {'"': '"', "'": "'", "[": "]", "{": "}"}
_GOES_ON = re.compile(r"[|>\[{\"']")


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` hashes, three at most, and a title without its blanks. ``start`` and ``end`` are those of the line."""

    start: int
    end: int
    level: int
    title: Span


@dataclass(frozen=True, slots=True)
class Bullet:
    """A dash in column ``indent`` (from 0), what stands behind it in its line, and the deeper lines below it."""

    start: int
    end: int
    indent: int
    line: Span


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its info string and the lines in it. ``content`` ends before the last line break."""

    start: int
    end: int
    indent: int
    marks: str
    info: Span
    content: Span
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Prose:
    """Whatever stands between two other blocks and is not blank."""

    start: int
    end: int


Block = Heading | Bullet | Fence | Prose


def blocks(text: str, start: int) -> Iterator[Block]:
    """The blocks of a text from an offset on, in order.

    Bullets are prose but below an entity's heading; headings of other levels are, but for the first, which may be
    the title.
    """
    section, pattern = "", _TITLE
    offset = start
    while found := pattern.search(text, offset):
        yield from _prose(text, offset, found.start())
        for block in _found_blocks(text, found):
            yield block
            offset = block.end
            if isinstance(block, Heading):
                section = section_name(text, block) or section
                pattern = _IN_ENTITY if block.level == ENTITY and section in SECTIONS else _IN_PROSE
    yield from _prose(text, offset, len(text))


def section_name(text: str, heading: Heading) -> str:
    """The title of a heading of level 2 as sections are told apart; nothing for another level."""
    return text[slice(*heading.title)].lower() or "-" if heading.level == SECTION else ""


def is_rule(text: str, start: int) -> bool:
    """Whether a line is a thematic break, ``---``."""
    return _RULE.match(text, start) is not None


def stripped(text: str, span: Span) -> Span:
    """A span without the blanks at its ends."""
    start, end = span
    kept = text[start:end].lstrip(_BLANK)
    start = max(start, end - len(kept))
    return Span(start, start + len(kept.rstrip(_BLANK)))


def line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends, before its line feed."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _found_blocks(text: str, found: re.Match[str]) -> Iterator[Block]:
    if found["hashes"]:
        yield _heading(text, found)
    elif found["fence"]:
        yield _fence(text, found)
    elif is_rule(text, found.end() - 1):
        yield Prose(found.start(), line_end(text, found.end()))
    else:
        yield from _bullet(text, found)


def _heading(text: str, found: re.Match[str]) -> Heading:
    end = line_end(text, found.end())
    title = stripped(text, Span(found.end(), end))
    words = text[slice(*title)].rstrip("#")
    if words[-1:] in ("", " ", "\t"):  # hashes may stand behind the title, too
        title = stripped(text, Span(title.start, title.start + len(words)))
    return Heading(found.start(), end, len(found["hashes"]), title)


def _fence(text: str, found: re.Match[str]) -> Fence:
    marks, indent = found["fence"], len(found["indent"])
    info_end = line_end(text, found.end())
    start = min(info_end + 1, len(text))
    info = stripped(text, Span(found.end(), info_end))
    for closing in _CLOSING.finditer(text, start):
        if closing["fence"].startswith(marks) and len(closing["indent"]) <= indent + 3:
            content = Span(start, max(start, closing.start() - 1))
            return Fence(found.start("indent"), closing.end(), indent, marks, info, content, is_closed=True)
    return Fence(found.start("indent"), len(text), indent, marks, info, Span(start, len(text)), is_closed=False)


def _bullet(text: str, found: re.Match[str]) -> Iterator[Block]:
    indent = len(found["indent"])
    end = line_end(text, found.end())
    line = stripped(text, Span(found.end(), end))
    fence = _INDENTED_FENCE.match(text, end + 1)
    if fence and len(fence["indent"]) > indent and _is_whole(text, line):
        yield Bullet(found.start(), end, indent, line)
        yield _fence(text, fence)
        return
    below = _NOT_DEEPER[indent].search(text, end + 1) if end < len(text) else None
    yield Bullet(found.start(), below.start() if below else len(text), indent, line)


def _is_whole(text: str, line: Span) -> bool:
    # A value that is told by its line: what is fenced below it, though indented, is no part of it.
    _, colon, value = text[slice(*line)].partition(":")
    value = value.strip(_BLANK)
    is_closed = len(value) > 1 and _CLOSERS.get(value[0]) == value[-1]
    return bool(colon and value) and (is_closed or not _GOES_ON.match(value))


def _prose(text: str, start: int, end: int) -> Iterator[Prose]:
    if text[start:end].strip(_BLANK):
        yield Prose(start, end)
