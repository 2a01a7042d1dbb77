"""Text and offsets to lines and columns; paths to the words people read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pflow_engine.errors import Position, Problem

Path = tuple[str | int, ...]

MOST_PROBLEMS = 1000

_WIDEST = 160
"""Characters of a source line that are shown; a longer one is cut."""


_BREAKS = " \t\n\"',"
_WORD = re.compile(f"[^{_BREAKS}]*")
_LAST_WORD = re.compile(f"[^{_BREAKS}]*$")


class Source(NamedTuple):
    """A text to parse: a file's, or a part of one. A tuple, since Markdown has one for each bullet.

    The first ``added`` characters of a part are not in the file, what follows stands there from ``start`` on. Its
    value belongs at ``path``; the first ``levels`` steps of a path in the part are not in the workflow.
    """

    text: str
    file: str
    whole: str
    start: int = 0
    added: int = 0
    path: Path = ()
    levels: int = 0

    @classmethod
    def of(cls, text: str, file: str) -> Source:
        """All of a file."""
        return cls(text, file, text)

    def problem(self, offset: int, code: str, message: str, *, path: Path = (), hint: str = "") -> Problem:
        """A problem at an offset into the text, placed in the file."""
        path = (*self.path, *path[self.levels :])
        return problem_at(self.whole, self.file, self.in_file(offset), code, message, path=path, hint=hint)

    def line(self, offset: int) -> int:
        """The line of the file that an offset into the text is in."""
        return position_at(self.whole, self.in_file(offset)).line

    def in_file(self, offset: int) -> int:
        """Where in the file an offset into the text is."""
        return self.start + max(0, offset - self.added)


def position_at(text: str, offset: int) -> Position:
    """The line and column of a character offset. Lines end with a line feed only."""
    starts = _line_starts(text)
    line = bisect_right(starts, offset)
    return Position(line, offset - starts[line - 1] + 1)


def problem_at(  # noqa: PLR0913  # a problem has that many sides
    text: str, file: str, offset: int, code: str, message: str, *, path: Path = (), hint: str = ""
) -> Problem:
    """A problem at a character offset, with the line it stands in."""
    source, caret = _excerpt(text, offset)
    position = position_at(text, offset)
    return Problem(code, message, path_text(path), hint, file=file, position=position, source=source, caret=caret)


class Room:
    """How many more problems of each severity are told; beyond those none is made in full."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = {"error": MOST_PROBLEMS, "warning": MOST_PROBLEMS}


def first_problems(problems: Iterable[Problem], text: str, file: str, room: Room | None = None) -> list[Problem]:
    """The first thousand errors and the first thousand warnings; that there are more is one more error.

    A file of a megabyte can have half a million problems, and nobody reads that many. Who makes them may look into the
    ``room`` that is left.
    """
    kept: list[Problem] = []
    left = (room or Room()).left
    for problem in problems:
        if left[problem.severity]:
            left[problem.severity] -= 1
            kept.append(problem)
        elif problem.severity == "error":
            message = f"more than {MOST_PROBLEMS} errors: these are the first that were found"
            return [*kept, problem_at(text, file, 0, "too-many", message, hint="mend these first")]
    return kept


def in_file_order(problem: Problem) -> tuple[int, int]:
    """A key to sort by; what has no position comes first."""
    return (problem.position.line, problem.position.column) if problem.position else (0, 0)


def texts_in(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in a value, with its path below ``path``."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts_in(item, (*path, index))


def path_text(path: Path) -> str:
    """``("nodes", 2, "batch", "items")`` to ``nodes[2].batch.items``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    # Kept, since a file with one problem often has a thousand.
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _excerpt(text: str, offset: int) -> tuple[str, int]:
    # A minified file is one line of megabytes: of it only the part around the column, and how far in that is.
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    if end - start <= _WIDEST:
        return text[start:end].rstrip("\r"), offset - start + 1
    first, last = _between_words(text, offset, max(start, offset - _WIDEST // 2), min(end, offset + _WIDEST // 2))
    before, after = "…" if first > start else "", "…" if last < end else ""
    return f"{before}{text[first:last]}{after}", offset - first + 1 + len(before)


def _between_words(text: str, offset: int, first: int, last: int) -> tuple[int, int]:
    # Of a secret that is cut in two, the half that is shown would not be known as one. A word that fills the whole
    # part is shown all the same: something must be.
    before, after = _WORD.match(text, first, offset), _LAST_WORD.search(text, offset, last)
    start = before.end() if before and first and text[first - 1 : first] not in _BREAKS else first
    end = after.start() if after and last < len(text) and text[last : last + 1] not in _BREAKS else last
    return (start if start < offset else first), (end if end > offset else last)
