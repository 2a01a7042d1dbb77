"""Markdown text to its headings, bullets, fenced blocks and the prose between them, each with its place.

Lines are scanned by hand, not by markdown-it-py: what goes on under a bullet is told here by YAML's rule (deeper
than the dash), not by Markdown's; its tokens know lines but no columns; and it was measured to take four times as
long, after 70 ms to load. One expression finds the lines that mean something, so that time is linear in the text.
The blocks are tuples: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

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


class Heading(NamedTuple):
    """``level`` hashes, three at most, and a title without its blanks. ``start`` and ``end`` are those of the line."""

    start: int
    end: int
    level: int
    title: Span


class Bullet(NamedTuple):
    """A dash in column ``indent`` (from 0), what stands behind it in its line, and the deeper lines below it."""

    start: int
    end: int
    indent: int
    line: Span


class Fence(NamedTuple):
    """A fenced block: its info string and the lines in it. ``content`` ends before the last line break."""

    start: int
    end: int
    indent: int
    marks: str
    info: Span
    content: Span
    is_closed: bool


class Prose(NamedTuple):
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
        if found.start() > offset + 1:  # more than the last line break
            yield from _prose(text, offset, found.start())
        if found.lastgroup == "dash":
            *before, block = _bullets(text, found)
            yield from before
        else:
            block = _heading(text, found) if found.lastgroup == "hashes" else _fence(text, found)
        yield block
        offset = block.end
        if type(block) is Heading:
            section = section_name(text, block) or section
            pattern = _IN_ENTITY if block.level == ENTITY and section in SECTIONS else _IN_PROSE
    yield from _prose(text, offset, len(text))


def section_name(text: str, heading: Heading) -> str:
    """The title of a heading of level 2 as sections are told apart; nothing for another level."""
    return text[slice(*heading.title)].lower() or "-" if heading.level == SECTION else ""


def is_rule(text: str, start: int) -> bool:
    """Whether a line is a thematic break, ``---``."""
    return _RULE.match(text, start) is not None


def stripped(text: str, start: int, end: int) -> Span:
    """The span of what stands between two offsets, without the blanks at its ends."""
    kept = text[start:end].lstrip(_BLANK)
    start = max(start, end - len(kept))
    return Span(start, start + len(kept.rstrip(_BLANK))) if kept else Span(start, start)


def line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends, before its line feed."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _heading(text: str, found: re.Match[str]) -> Heading:
    end = line_end(text, found.end())
    title = stripped(text, found.end(), end)
    words = text[slice(*title)].rstrip("#")
    if len(words) < title.end - title.start and words[-1:] in ("", " ", "\t"):  # hashes may stand behind the title, too
        title = stripped(text, title.start, title.start + len(words))
    return Heading(found.start(), end, found.end() - found.start("hashes"), title)


def _fence(text: str, found: re.Match[str]) -> Fence:
    marks, indent = found["fence"], len(found["indent"])
    info_end = line_end(text, found.end())
    start = min(info_end + 1, len(text))
    info = stripped(text, found.end(), info_end)
    for closing in _CLOSING.finditer(text, start):
        if closing["fence"].startswith(marks) and len(closing["indent"]) <= indent + 3:
            content = Span(start, max(start, closing.start() - 1))
            return Fence(found.start("indent"), closing.end(), indent, marks, info, content, is_closed=True)
    return Fence(found.start("indent"), len(text), indent, marks, info, Span(start, len(text)), is_closed=False)


def _bullets(text: str, found: re.Match[str]) -> tuple[Block] | tuple[Block, Block]:
    # A line with a dash: a bullet, by itself or with the fenced block that is its value below it.
    start, after = found.span()
    end = line_end(text, after)
    if is_rule(text, after - 1):
        return (Prose(start, end),)
    indent, line = after - 1 - start, stripped(text, after, end)
    if text[end + 1 : end + 2] not in _BLANK:
        return (Bullet(start, end + 1, indent, line),)
    fence = _INDENTED_FENCE.match(text, end + 1)
    if fence and len(fence["indent"]) > indent and _is_whole(text, line):
        return Bullet(start, end, indent, line), _fence(text, fence)
    below = _NOT_DEEPER[indent].search(text, end + 1) if end < len(text) else None
    return (Bullet(start, below.start() if below else len(text), indent, line),)


def _is_whole(text: str, line: Span) -> bool:
    # A value that is told by its line: what is fenced below it, though indented, is no part of it.
    _, colon, value = text[slice(*line)].partition(":")
    value = value.strip(_BLANK)
    is_closed = len(value) > 1 and _CLOSERS.get(value[0]) == value[-1]
    return bool(colon and value) and (is_closed or not _GOES_ON.match(value))


def _prose(text: str, start: int, end: int) -> Iterator[Prose]:
    if text[start:end].strip(_BLANK):
        yield Prose(start, end)
