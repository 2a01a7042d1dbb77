r"""Text to the templates in it.

    template   ${ choice (?? choice)* }        choice   path | "literal"
    path       name ( .field | [int] | [${path}] )*
    escape     $${  is a literal ${

What a shell means by `${name:-word}`, `${name%pattern}` and the like is no template and stays text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_OPEN = "${"
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_FIELD = re.compile(r"\.([\w-]+)")
_INDEX = re.compile(r"\[([0-9]{1,18})\]")
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_BLANK = re.compile(r"\s*")
_SIMPLE = re.compile(r"\$\{([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\}")
"""Nearly all templates there are."""

_SHELL_EXPANSION = re.compile(
    r"\$\{(?:[#!][A-Za-z_\d@*]"
    r"|(?:[A-Za-z_]\w*|\d+|[@*])(?::[-=?+\d ($]|[%#/^,@+=]|\?(?!\?)|\[[@*]\])"
    r"|(?:[@*#?$!]|\d+)\})"
)
_DEEPEST = 20
"""Brackets within brackets: reading them is recursive."""


@dataclass(frozen=True, slots=True)
class Path:
    """``a.b[0][${i}]``: a root name and the steps from it; a step that is a Path is looked up first."""

    root: str
    steps: tuple[str | int | Path, ...] = ()

    def __str__(self) -> str:
        return self.root + "".join(_step_text(step) for step in self.steps)

    def paths(self) -> Iterator[Path]:
        """This path and the ones inside its brackets."""
        yield self
        for step in self.steps:
            if isinstance(step, Path):
                yield from step.paths()


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted text at the end of a ``??`` chain."""

    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${…}``: its text as written and the choices in order, the first that exists wins."""

    text: str
    choices: tuple[Path | Literal, ...]

    def paths(self) -> Iterator[Path]:
        """Every path it may look up."""
        for choice in self.choices:
            if isinstance(choice, Path):
                yield from choice.paths()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A ``${`` that opens no template: where in the text, what stands there, and why it is none."""

    offset: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text, cut up. ``shell`` holds the shell expansions that were left as text, as far as their first ``}``."""

    parts: tuple[str | Reference, ...]
    malformed: tuple[Malformed, ...] = ()
    shell: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """The templates in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def exact(self) -> Reference | None:
        """The one template, if there is nothing around it: it then keeps the value's type."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, Reference) else None


class _Bad(ValueError):
    """Why a template is malformed."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Template:
    """Cut a text into plain text and templates. Never raises: what is malformed is in the result."""
    parts: list[str | Reference] = []
    malformed: list[Malformed] = []
    shell: list[str] = []
    offset = 0
    while (start := text.find(_OPEN, offset)) >= 0:
        if text[start - 1 : start] == "$" and start > offset:
            parts += [text[offset : start - 1], _OPEN]
            offset = start + 2
            continue
        parts.append(text[offset:start])
        offset = _take(text, start, parts, malformed, shell)
    parts.append(text[offset:])
    return Template(_joined(parts), tuple(malformed), tuple(shell))


def _take(text: str, start: int, parts: list[str | Reference], malformed: list[Malformed], shell: list[str]) -> int:
    if simple := _SIMPLE.match(text, start):
        root, fields = simple.groups()
        parts.append(Reference(simple.group(), (Path(root, tuple(fields.split(".")[1:])),)))
        return simple.end()
    if _SHELL_EXPANSION.match(text, start):
        # Only its opening is passed over: the word of ${name:-word} may hold a template.
        shell.append(text[start : _closing(text, start)])
        parts.append(_OPEN)
        return start + len(_OPEN)
    try:
        reference, end = _reference(text, start)
    except _Bad as error:
        end = _closing(text, start)
        malformed.append(Malformed(start, text[start:end], str(error)))
        parts.append(text[start:end])
        return end
    parts.append(reference)
    return end


def _reference(text: str, start: int) -> tuple[Reference, int]:
    choices: list[Path | Literal] = []
    offset = start + 2
    while True:
        choice, offset = _choice(text, _skip(text, offset))
        choices.append(choice)
        offset = _skip(text, offset)
        if text.startswith("}", offset):
            return Reference(text[start : offset + 1], tuple(choices)), offset + 1
        if not text.startswith("??", offset):
            raise _Bad(_unexpected(text, offset))
        offset += 2


def _choice(text: str, offset: int) -> tuple[Path | Literal, int]:
    literal = _LITERAL.match(text, offset)
    if literal is None:
        return _path(text, offset)
    try:
        return Literal(json.loads(literal.group())), literal.end()
    except json.JSONDecodeError:
        raise _Bad("the quoted text is not JSON text") from None


def _path(text: str, offset: int, depth: int = 0) -> tuple[Path, int]:
    root = _NAME.match(text, offset)
    if depth > _DEEPEST:
        raise _Bad("its brackets are nested too deeply")
    if root is None:
        raise _Bad("it is empty" if text.startswith("}", offset) else _unexpected(text, offset, "a name"))
    steps: list[str | int | Path] = []
    offset = root.end()
    while text[offset : offset + 1] in (".", "["):
        step, offset = _step(text, offset, depth)
        steps.append(step)
    return Path(root.group(), tuple(steps)), offset


def _step(text: str, offset: int, depth: int) -> tuple[str | int | Path, int]:
    if field := _FIELD.match(text, offset):
        return field.group(1), field.end()
    if text[offset] == ".":
        raise _Bad("a field name is missing after '.'")
    if index := _INDEX.match(text, offset):
        return int(index.group(1)), index.end()
    if text.startswith("[${", offset):
        inner, end = _path(text, offset + 3, depth + 1)
        if text.startswith("}]", end):
            return inner, end + 2
    raise _Bad("an index is a whole number from 0, or a template: [0] or [${name}]")


def _unexpected(text: str, offset: int, wanted: str = "'}'") -> str:
    found = text[offset : offset + 1]
    return f"{wanted} is missing, found '{found}'" if found else "it is never closed"


def _closing(text: str, start: int) -> int:
    end = text.find("}", start)
    return len(text) if end < 0 else end + 1


def _skip(text: str, offset: int) -> int:
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


def _joined(parts: list[str | Reference]) -> tuple[str | Reference, ...]:
    joined: list[str | Reference] = []
    for is_text, run in groupby(parts, key=lambda part: isinstance(part, str)):
        run_of = list(run)
        joined += ["".join(map(str, run_of))] if is_text else run_of
    return tuple(part for part in joined if part != "") or ("",)


def _step_text(step: str | int | Path) -> str:
    if isinstance(step, str):
        return f".{step}"
    return f"[{step}]" if isinstance(step, int) else f"[${{{step}}}]"
