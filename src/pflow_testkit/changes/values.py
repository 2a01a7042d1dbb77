"""Two values to the places where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pflow_engine.document.positions import Path
from pflow_engine.templates import MISSING
from pflow_testkit.changes.align import aligned, key_of, same

Kind = Literal["added", "removed", "moved", "retyped", "changed"]

_DEEPEST = 60
"""Steps into a value; what is further down is compared as a whole."""

_FORMS = {"$float": "number", "$int": "integer", "$text": "string", "$escaped": "string"}
"""How a trace writes what JSON has no word for, and what it is."""

_WORDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, and both sides; MISSING where there is nothing. ``moved_from`` is the index it had in its list."""

    path: Path
    old: Any = MISSING
    new: Any = MISSING
    moved_from: int | None = None
    cosmetic: bool = False

    @property
    def kind(self) -> Kind:
        """What became of it."""
        if self.moved_from is not None:
            return "moved"
        if self.old is MISSING:
            return "added"
        if self.new is MISSING:
            return "removed"
        return "changed" if word_of(self.old) == word_of(self.new) else "retyped"


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    """Every place where they differ: maps by key, lists by what their elements are, the rest as it is."""
    if isinstance(old, list) and isinstance(new, list) and len(path) < _DEEPEST:
        yield from _in_list(old, new, path)
    elif _is_map(old) and _is_map(new) and len(path) < _DEEPEST:
        for key in {**old, **new}:
            yield from _of_key(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif not same(old, new):
        yield Difference(path, old, new)


def word_of(value: Any) -> str:
    """JSON Schema's word for the type of a value."""
    if isinstance(value, dict) and not _is_map(value):
        return _FORMS[next(iter(value))]
    return _WORDS.get(type(value), "null")


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and not (len(value) == 1 and next(iter(value)) in _FORMS)


def _of_key(old: Any, new: Any, path: Path) -> Iterator[Difference]:
    if old is MISSING or new is MISSING:
        yield Difference(path, old, new)
    else:
        yield from differences(old, new, path)


def _in_list(old: list[Any], new: list[Any], path: Path) -> Iterator[Difference]:
    keys, others = [*map(key_of, old)], [*map(key_of, new)]
    for pair in aligned(keys, others) if keys != others else ():
        if pair.new is None:
            assert pair.old is not None
            yield Difference((*path, pair.old), old[pair.old])
        elif pair.old is None:
            yield Difference((*path, pair.new), new=new[pair.new])
        elif pair.moved:
            yield Difference((*path, pair.new), old[pair.old], new[pair.new], moved_from=pair.old)
        elif keys[pair.old] != others[pair.new]:
            yield from differences(old[pair.old], new[pair.new], (*path, pair.new))
