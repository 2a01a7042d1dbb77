"""A word for a type, or a value, to values of that type or shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from pflow_engine.value_types import type_name

Values = st.SearchStrategy[Any]

_TELLING: Final = (
    "", "0", "null", "true", "it's", 'say "hi"', "a b", " a ", "a\nb", "${a}", "$HOME", "{}", "[]", "-1", "é", "😀",
    "a:b", "12:30", "a@b", "a" * 100,
)  # fmt: skip
"""Texts that break what is careless: with quotes, with blanks, with templates, with what only looks like a number."""
_LETTERS: Final = "ab019:@ '\"\\\n\t$${}[]%&;,._-#!?*=+Aéß漢😀"
_KEYS: Final = ("a", "b", "name", "value", "a-b", "é")
_MOST: Final = 3
_LEFT_OUT: Final = object()
_BIG: Final = 2**53


def texts() -> st.SearchStrategy[str]:
    """Short text, from harmless to odd: quotes, blanks, line breaks, templates, letters of other scripts.

    None has ``/`` or ``~`` in it, so that what becomes a path, or a word of a command, stays in its own folder.
    """
    return st.sampled_from(_TELLING) | st.text(_LETTERS, max_size=8)


def values(word: str = "any", *, text: st.SearchStrategy[str] | None = None) -> Values:
    """JSON values of a type by JSON Schema's word for it; ``any`` is all of them, None too.

    Lists and maps are small. ``text`` makes the texts and the keys.

    Raises:
        ValueError: there is no such type.
    """
    if word not in _OF_TYPE:
        raise ValueError(f"there is no type '{word}'; there are {', '.join(_OF_TYPE)}")
    return _plain(word) if text is None else _OF_TYPE[word](text)


def like(value: Any) -> Values:
    """Values of the same shape: the same keys, lists of such items, and for each other value one of its type."""
    if isinstance(value, Mapping):
        return st.fixed_dictionaries({name: like(item) for name, item in value.items()})
    if isinstance(value, list):
        return st.lists(st.one_of([like(item) for item in value[:_MOST]]), max_size=_MOST) if value else st.just([])
    same = st.just(value)
    return same if value is None else same | values(type_name(value))


def literal(value: Any) -> Any:
    """The value as it is written in a workflow, where ``${`` would begin a template."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [literal(item) for item in value]
    return {name: literal(item) for name, item in value.items()} if isinstance(value, dict) else value


def with_optional(required: Mapping[str, Values], optional: Mapping[str, Values]) -> st.SearchStrategy[dict[str, Any]]:
    """Maps with the required keys and any of the optional ones; shrinks to those alone that are needed.

    With ``fixed_dictionaries(optional=)`` hypothesis gets stuck before that: its order of the keys is drawn, too.
    """
    maybe = {name: st.just(_LEFT_OUT) | inner for name, inner in optional.items()}
    return st.fixed_dictionaries({**required, **maybe}).map(
        lambda made: {name: value for name, value in made.items() if value is not _LEFT_OUT}
    )


@cache
def _plain(word: str) -> Values:
    # Hypothesis looks at each new strategy as a whole before it draws: that takes longer than many draws.
    return _OF_TYPE[word](None)


def _integers(_text: Any) -> Values:
    return st.sampled_from([0, 1, 2, -1, 3, 10, 100, _BIG, -_BIG]) | st.integers(-1000, 1000)


def _numbers(text: Any) -> Values:
    return _integers(text) | st.sampled_from([0.5, -0.5, 1e300, 0.0, -0.0])


def _texts(text: st.SearchStrategy[str] | None) -> Values:
    return texts() if text is None else text


def _scalars(text: Any) -> Values:
    return st.none() | _texts(text) | st.booleans() | _integers(text) | _numbers(text)


def _anything(text: Any) -> Values:
    keys = _keys(text)
    return st.recursive(
        _scalars(text),
        lambda inner: st.lists(inner, max_size=_MOST) | st.dictionaries(keys, inner, max_size=_MOST),
        max_leaves=6,
    )


def _keys(text: st.SearchStrategy[str] | None) -> st.SearchStrategy[str]:
    return st.sampled_from(_KEYS) if text is None else text


_OF_TYPE: Final[Mapping[str, Callable[[Any], Values]]] = {
    "string": _texts,
    "integer": _integers,
    "number": _numbers,
    "boolean": lambda _text: st.booleans(),
    "array": lambda text: st.lists(_anything(text), max_size=_MOST),
    "object": lambda text: st.dictionaries(_keys(text), _anything(text), max_size=_MOST),
    "any": _anything,
}
