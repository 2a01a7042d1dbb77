"""The events of a YAML text to data, as long as nothing in it needs a second look.

A node tree costs most of the time that YAML takes: three objects for each value, which the garbage collector then
walks again and again. So a text is read without one, and whatever is unusual (tags, anchors, merges, keys that are
no text or stand twice, numbers that are none) sends its reader back to the tree, which knows places and reasons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import yaml

from pflow_engine.document.plain import DEEPEST

_TAG: Final = "tag:yaml.org,2002:"
_NO_KEY: Final = object()
_FAILURES: Final = (ValueError, KeyError, IndexError)
"""How PyYAML fails on ``0b_``."""

_SAFE_DIGITS: Final = 18
_LONGEST_NUMBER: Final = 300
"""Characters: few enough that an integer of them is one to JSON, too. ``1:59:59…`` takes PyYAML time square in them."""
_BEGINS: Final = {yaml.SequenceStartEvent: list, yaml.MappingStartEvent: dict}
_ENDS: Final = frozenset({yaml.SequenceEndEvent, yaml.MappingEndEvent})

TextAt = Callable[[int, int], str | None]
"""What stood at a place, where something else was put there for YAML to read."""


class NeedsCare(Exception):
    """Something in the text is wrong, or seldom enough to be read the slow way."""


def quick_data(loader: Any, text_at: TextAt | None) -> Any:
    """The data of the one document that a loader is given.

    Raises:
        NeedsCare: this is not the way to read it.
        YAMLError: it is no YAML.
    """
    get = loader.get_event
    get()
    if type(get()) is not yaml.DocumentStartEvent:
        return None
    data = _document(loader, text_at)
    if type(get()) is not yaml.StreamEndEvent:
        raise NeedsCare
    return data


def _document(loader: Any, text_at: TextAt | None) -> Any:  # noqa: C901  # as below
    # One loop, since it runs for each value of a file.
    get = loader.get_event
    root: list[Any] = []
    above: list[tuple[Any, Any]] = []
    into: Any = root
    key: Any = _NO_KEY
    while True:
        event = get()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = _scalar(event, loader, text_at)
        elif kind in _BEGINS and event.tag is None and event.anchor is None:
            value = _BEGINS[kind]()
        elif kind in _ENDS:
            into, key = above.pop()
            continue
        elif kind is yaml.DocumentEndEvent:
            break
        else:
            raise NeedsCare
        if type(into) is list:
            into.append(value)
        elif key is not _NO_KEY:
            into[key], key = value, _NO_KEY
        elif type(value) is str and value not in into:
            key = value
        else:
            raise NeedsCare
        if kind is not yaml.ScalarEvent:
            above.append((into, key))
            into, key = value, _NO_KEY
            if len(above) > DEEPEST:
                raise NeedsCare
    return root[0]


def _scalar(event: Any, loader: Any, text_at: TextAt | None) -> Any:
    if event.tag is not None or event.anchor is not None:
        raise NeedsCare
    value = event.value
    if event.implicit[0]:
        for tag, pattern in loader.yaml_implicit_resolvers.get(value[:1], ()):
            if pattern.match(value):
                return _converted(tag, value, loader)
    if text_at is not None and not event.style:
        told = text_at(event.start_mark.index, event.end_mark.index)
        return value if told is None else told
    return value


def _converted(tag: str, value: str, loader: Any) -> Any:
    if tag == f"{_TAG}null":
        return None
    if tag == f"{_TAG}int" and value.isdigit() and value[0] != "0" and len(value) <= _SAFE_DIGITS:
        return int(value)
    if len(value) > _LONGEST_NUMBER:
        raise NeedsCare
    try:
        found = loader.construct_object(yaml.ScalarNode(tag, value))
    except (*_FAILURES, yaml.YAMLError):
        raise NeedsCare from None
    if isinstance(found, int) or (isinstance(found, float) and math.isfinite(found)):
        return found
    raise NeedsCare
