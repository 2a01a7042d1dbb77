"""Where the values of a text stand: a tree as deep as the data, asked by path.

A file of a megabyte has half a million values, of which a thousand are asked for at most. So what stands in a list or
a map is kept under it, not under a path of its own, and a part that is a text of its own is located when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from pflow_engine.document.positions import Path

Marks = tuple[int, int]
"""Where a thing starts and where it ends, before somebody asks: a ``Span`` of each would take longer."""


class Span(NamedTuple):
    """Offsets into the text, in characters: where a thing starts and where it ends."""

    start: int
    end: int


class Place:
    """A map's or a list's place (none where it is not written), those of what is in it, and those of its keys."""

    __slots__ = ("_keys", "inside", "marks")

    def __init__(self, marks: Marks | None, inside: Any) -> None:
        self.marks = marks
        self.inside = inside
        self._keys: dict[Any, Marks] | None = None

    def set_key(self, key: str | int, marks: Marks) -> None:
        """Where the key of a value in it stands."""
        if self._keys is None:
            self._keys = {}
        self._keys[key] = marks

    def key(self, key: str | int | None) -> Marks | None:
        """Where the key of a value in it stands, if it has one."""
        return self._keys.get(key) if self._keys else None


@dataclass
class Part:
    """A part of a file that is a text of its own: how it is located, and where in the file an offset into it is."""

    locate: Callable[[], Any]
    in_file: Callable[[int], int]

    @cached_property
    def place(self) -> Any:
        """What is located: a Place, or Marks."""
        return self.locate()


@dataclass(frozen=True, slots=True)
class Spans:
    """Where each value, and each key, stands in a text. Made only when there is something to report."""

    root: Any = field(default_factory=lambda: Place(None, {}))

    def value(self, path: Path) -> Span | None:
        """The span of the value at ``path``, if it is written there."""
        along = self._along(path)
        return _span(*along[-1]) if len(along) > len(path) else None

    def key(self, path: Path) -> Span | None:
        """The span of the key that leads to the value at ``path``, if there is one."""
        above = self._along(path[:-1])
        if not path or len(above) < len(path):
            return None
        place, in_file = above[-1]
        marks = place.key(path[-1]) if isinstance(place, Place) else None
        return _span(marks, in_file)

    def nearest(self, path: Path, *, key: bool = False) -> Span | None:
        """The span at ``path``, or at the closest place above it that the text has."""
        found = self.key(path) if key else None
        return found or next((span for found in reversed(self._along(path)) if (span := _span(*found))), None)

    def _along(self, path: Path) -> list[_Found]:
        # Each value on the way, as far as it goes.
        found: list[_Found] = []
        place, in_file = self.root, int
        for step in (*path, None):
            if type(place) is Part:
                place, in_file = place.place, place.in_file
            found.append((place, in_file))
            if type(place) is not Place:
                break
            try:
                place = place.inside[step]
            except (KeyError, IndexError, TypeError):
                break
        return found


_Found = tuple[Any, Callable[[int], int]]
"""A Place or Marks, and where in the file its offsets are."""


def _span(place: Any, in_file: Callable[[int], int]) -> Span | None:
    marks = place.marks if type(place) is Place else place
    return Span(in_file(marks[0]), in_file(marks[1])) if marks else None
