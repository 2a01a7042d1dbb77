"""A YAML scalar's text and tag to its value: that of JSON, or an ``Odd`` one."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

import yaml
from yaml.constructor import SafeConstructor

from pflow_engine.document.plain import MOST_DIGITS

TAG: Final = "tag:yaml.org,2002:"
_MERGE_TAG: Final = f"{TAG}merge"
NUMBERS: Final = frozenset({f"{TAG}int", f"{TAG}float", f"{TAG}bool"})
_FAILURES: Final = (ValueError, KeyError, IndexError)
"""How PyYAML fails on ``0b_``, on ``!!bool x``, on ``!!int ""``."""

KINDS: Final = {
    f"{TAG}str": "text",
    f"{TAG}int": "an integer",
    f"{TAG}float": "a number",
    f"{TAG}bool": "a boolean",
    f"{TAG}null": "null",
    f"{TAG}seq": "a list",
    f"{TAG}map": "a map",
}
"""The tags a value may have: those of JSON."""

TAG_OF: Final[dict[Any, str]] = {
    str: f"{TAG}str",
    int: f"{TAG}int",
    float: f"{TAG}float",
    bool: f"{TAG}bool",
    type(None): f"{TAG}null",
    list: f"{TAG}seq",
    dict: f"{TAG}map",
}

_CONSTRUCTOR: Final = SafeConstructor()
_SHORT: Final = 64
"""Characters of a plain value that is worth being known when it comes again."""

_NOT_RESOLVED: Final = (f"{TAG}timestamp", f"{TAG}value")
RESOLVERS: Final = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_RESOLVED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""Without YAML 1.1's dates and its ``=``: a workflow's values are those of JSON."""


class Odd(NamedTuple):
    """A scalar that is no value, and why by its tag: ``<<``, a tag that JSON has no word for, no number after all."""

    tag: str


ODD_MERGE: Final = Odd(_MERGE_TAG)


def resolved(value: str) -> Any:
    """The value of plain text that has no tag."""
    return _known(value) if len(value) <= _SHORT else _resolved(value)


def _resolved(value: str) -> Any:
    for tag, pattern in RESOLVERS.get(value[:1], ()):
        if pattern.match(value):
            return Odd(tag) if tag == _MERGE_TAG else converted(tag, value)
    return value


_known = lru_cache(maxsize=4096)(_resolved)


def converted(tag: str, value: str) -> Any:
    """The value of text with one of the tags of ``KINDS``; odd where it is none of that kind."""
    if tag in (f"{TAG}seq", f"{TAG}map") or (len(value) > MOST_DIGITS and (tag == f"{TAG}int" or ":" in value)):
        return Odd(tag)  # 1:59:59… counts in sixties, which takes time quadratic in its length
    try:
        found = SafeConstructor.yaml_constructors[tag](_CONSTRUCTOR, yaml.ScalarNode(tag, value))
        str(found)  # 0xfff… may be an integer that Python does not write
    except _FAILURES:
        return Odd(tag)
    return Odd(tag) if isinstance(found, float) and not math.isfinite(found) else found
