"""Blocks to the outline of a workflow: its title, its sections and what stands in them; and what is wrong with that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pflow_engine.document.markdown.blocks import (
    ENTITY,
    SECTION,
    SECTIONS,
    Block,
    Bullet,
    Fence,
    Heading,
    Prose,
    blocks,
    is_rule,
    section_name,
    stripped,
)
from pflow_engine.document.markdown.names import NAME
from pflow_engine.document.positions import Source
from pflow_engine.document.spans import Span
from pflow_engine.errors import Problem, nearest

_NO_NAME = re.compile(r"[^a-z0-9_-]+")
_FRONTMATTER = re.compile(r"\ufeff?---[ \t]*+\r?(?:\n|\Z)")
_FRONTMATTER_END = re.compile(r"^(?:---|\.\.\.)[ \t]*+\r?$", re.MULTILINE)
_SQUEEZED = re.compile(r"^(?P<hashes>#{2,3})(?P<word>\w+)[ \t\r]*+$", re.MULTILINE)


class Entity(NamedTuple):
    """What stands under ``### id``: its parameters as blocks, and its prose, wherever it stands between them."""

    heading: Heading
    name: str
    parts: tuple[Bullet | Fence, ...]
    prose: str
    told_at: Span
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """``## Inputs``, ``## Steps`` or ``## Outputs``; ``name`` is in small letters."""

    heading: Heading
    name: str
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What a Markdown text is made of. ``frontmatter`` is what stands between its two lines of dashes."""

    frontmatter: Span | None
    is_frontmatter_closed: bool
    title: Heading | None
    description: str
    sections: tuple[Section, ...]
    others: tuple[str, ...]
    unclosed: Fence | None

    def entities(self, section: str) -> list[Entity]:
        """What stands in the sections of a name."""
        return [entity for found in self.sections if found.name == section for entity in found.entities]

    def place_of(self, section: str) -> Heading | None:
        """The heading of a section, if there is one."""
        return next((found.heading for found in self.sections if found.name == section), None)


def outline_of(text: str) -> Outline:
    """The outline of a text, whatever is wrong with it."""
    opening = _FRONTMATTER.match(text)
    closing = _FRONTMATTER_END.search(text, opening.end()) if opening else None
    start = closing.end() if closing else int(text.startswith("\ufeff"))
    found = list(blocks(text, start))
    first = next((at for at, block in enumerate(found) if _is_heading(block, SECTION)), len(found))
    title = next((block for block in found[:first] if isinstance(block, Heading) and block.level == 1), None)
    sections = list(_by_heading(found[first:], SECTION))
    return Outline(
        frontmatter=Span(opening.end(), closing.start()) if opening and closing else None,
        is_frontmatter_closed=not opening or bool(closing),
        title=title,
        description=_description(text, start, title, found[first].start if first < len(found) else len(text)),
        sections=tuple(_sections(text, sections)),
        others=tuple(text[slice(*heading.title)] for heading, _ in sections),
        unclosed=next((block for block in found if isinstance(block, Fence) and not block.is_closed), None),
    )


def outline_problems(outline: Outline, source: Source) -> Iterator[Problem]:
    """What is wrong with the order of things: sections, ids, prose and fences."""
    if not outline.is_frontmatter_closed:
        hint = "close it with a second line ---, or take out the first"
        yield source.problem(0, "frontmatter", "the frontmatter that starts here is never closed", hint=hint)
    if outline.unclosed:
        yield _unclosed(outline.unclosed, source)
    yield from _twice(outline.sections, source)
    if not outline.place_of("steps") and not outline.unclosed and outline.is_frontmatter_closed:
        yield source.problem(0, "missing-steps", "there is no section '## Steps'", hint=_steps_hint(outline, source))
    for name in SECTIONS:
        entities = outline.entities(name)
        yield from _bad_names(entities, source)
        yield from _without_prose(entities, name, source)


def first_of_each(entities: Iterable[Entity]) -> dict[str, Entity]:
    """The first entity of each name."""
    first: dict[str, Entity] = {}
    for entity in entities:
        first.setdefault(entity.name, entity)
    return first


def _sections(text: str, sections: Iterable[tuple[Heading, Sequence[Block]]]) -> Iterator[Section]:
    for heading, inside in sections:
        name = section_name(text, heading)
        if name in SECTIONS:
            yield Section(heading, name, tuple(_entity(text, *found) for found in _by_heading(inside, ENTITY)))


def _by_heading(found: Sequence[Block], level: int) -> Iterator[tuple[Heading, Sequence[Block]]]:
    starts = [at for at, block in enumerate(found) if _is_heading(block, level)]
    for start, end in pairwise([*starts, len(found)]):
        heading = found[start]
        assert isinstance(heading, Heading)
        yield heading, found[start + 1 : end]


def _is_heading(block: Block, level: int) -> bool:
    return type(block) is Heading and block.level == level


def _entity(text: str, heading: Heading, inside: Sequence[Block]) -> Entity:
    if not inside:
        return Entity(heading, text[slice(*heading.title)], (), "", heading.title, heading.end)
    parts = tuple(block for block in inside if type(block) is Bullet or type(block) is Fence)
    told = [stripped(text, block.start, block.end) for block in inside if type(block) is Prose]
    told = [span for span in told if not is_rule(text, span.start) or "\n" in text[slice(*span)]]
    prose = "\n\n".join(_plain_lines(text[slice(*span)]) for span in told)
    told_at = Span(told[0].start, told[-1].end) if told else heading.title
    return Entity(heading, text[slice(*heading.title)], parts, prose, told_at, inside[-1].end)


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _description(text: str, start: int, title: Heading | None, end: int) -> str:
    if title is None:
        return _plain_lines(text[start:end]).strip()
    return _plain_lines(text[start : title.start] + text[title.end : end]).strip()


def _unclosed(fence: Fence, source: Source) -> Problem:
    message, hint = "this fenced block is never closed", f"close it with a line of {fence.marks}"
    return source.problem(fence.start, "unclosed-fence", message, hint=hint)


def _twice(sections: Sequence[Section], source: Source) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for section in sections:
        start = section.heading.start
        if first.setdefault(section.name, start) != start:
            message = f"section '## {section.name.capitalize()}' is given twice"
            hint = f"join them; the first is in line {source.line(first[section.name])}"
            yield source.problem(start, "duplicate-section", message, hint=hint)


def _steps_hint(outline: Outline, source: Source) -> str:
    close = nearest("steps", outline.others)
    if close:
        return f"did you mean '## {close[0]}' to be it?"
    squeezed = (found for found in _SQUEEZED.finditer(source.text) if found["word"].lower() in SECTIONS)
    for found in squeezed:
        return f"line {source.line(found.start())} needs a blank behind its {found['hashes']}"
    return "add '## Steps', and under it '### id' for each node"


def _bad_names(entities: Sequence[Entity], source: Source) -> Iterator[Problem]:
    first = first_of_each(entities)
    for entity in entities:
        where, name = entity.heading.title.start, entity.name
        if not NAME.fullmatch(name):
            message = f"{_shown(name)} is no id" if name else "an id is missing behind ###"
            hint = f"an id is small letters, digits, _ and -, with a letter first{_near_id(name)}"
            yield source.problem(where, "bad-name", message, hint=hint)
        elif first[name] is not entity:
            message = f"'{name}' is given twice"
            hint = f"rename one; the first is in line {source.line(first[name].heading.start)}"
            yield source.problem(where, "duplicate-id", message, hint=hint)


def _near_id(name: str) -> str:
    near = _NO_NAME.sub("-", name.lower()[:60]).strip("-_0123456789")
    return f": {near}" if near else ""


def _without_prose(entities: Sequence[Entity], section: str, source: Source) -> Iterator[Problem]:
    for entity in entities:
        if not entity.prose:
            message = f"{_shown(entity.name)} has no words that say what it is for"
            kind = "its purpose" if section == "steps" else "its description"
            hint = f"write a sentence under its heading: {kind}"
            yield source.problem(entity.heading.title.start, "missing-prose", message, hint=hint)


def _shown(name: str) -> str:
    return f"'{name}'" if len(name) <= 60 else f"'{name[:60]}…'"  # noqa: PLR2004  # one line of a terminal
