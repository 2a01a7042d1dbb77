"""The events of a YAML text to data, and to all that in it no workflow can hold.

PyYAML's node tree costs most of the time that YAML takes: three objects for each value, each resolved in Python. So
data is made of the events themselves, in one loop; what is rare (tags, anchors, aliases, merges, faults) leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, NamedTuple

import yaml

from pflow_engine.document.plain import DEEPEST, TOO_DEEP
from pflow_engine.document.positions import MOST_PROBLEMS, Path
from pflow_engine.document.yaml.scalars import KINDS, NUMBERS, ODD_MERGE, TAG, TAG_OF, Odd, converted, resolved

Parser: Any = vars(yaml.cyaml)["CParser"] if yaml.__with_libyaml__ else yaml.SafeLoader
"""Text to events: libyaml alone where PyYAML has it, without what PyYAML makes of them."""

_MOST_REPEATED: Final = 100_000
"""Values that aliases may stand for, all in all."""

_MERGE: Final = "<<"
"""The key that a merged map is under until its own is whole."""

_NO_KEY: Final = object()
_STILL_OPEN: Final = object()
_UNKNOWN: Final = Odd("")
"""What an alias stands for whose anchor is not there, or stands in a key that is no text."""

_SHOWN: Final = 20
"""Characters of a value that is no number: enough to find it by."""

BEGINS: Final = {yaml.SequenceStartEvent: list, yaml.MappingStartEvent: dict}
ENDS: Final = frozenset({yaml.SequenceEndEvent, yaml.MappingEndEvent})

TextAt = Callable[[int, int], str | None]
"""What stood at a place, where something else was put there for YAML to read."""


class Fault(NamedTuple):
    """What is wrong with a value: where in the text, where in the data. ``first`` is where it was given before."""

    offset: int
    code: str
    message: str
    path: Path
    hint: str
    first: int | None = None


class _Stop(Exception):
    """No more can be told of this document."""


def read_events(parser: Any, text_at: TextAt | None = None) -> tuple[Any, list[Fault]]:
    """The data of the one document that a parser is given, and what is wrong with it: then the data is of no use.

    Raises:
        YAMLError: it is no YAML, or more than one document.
    """
    get = parser.get_event
    get()
    started = get()
    if type(started) is not yaml.DocumentStartEvent:
        return None, []
    reading = _Reading(get, text_at)
    try:
        data = reading.document()
    except _Stop:
        return None, reading.faults
    following = get()
    if type(following) is not yaml.StreamEndEvent:
        mark: Any = following.start_mark
        raise yaml.composer.ComposerError("one document", None, "but found another document", mark)
    return data, reading.faults


def text_of(event: Any, text_at: TextAt | None) -> str:
    """The text of a scalar as it was written, where something else was put there for YAML to read."""
    told = None if text_at is None or event.style else text_at(event.start_mark.index, event.end_mark.index)
    return str(event.value) if told is None else told


class _Open:
    """A map or list that is being read: of a map the key whose value is next, and the marks of those it has."""

    __slots__ = ("anchor", "into", "key", "marks", "merges")

    def __init__(self, into: Any, anchor: str | None = None) -> None:
        self.into = into
        self.key: Any = _NO_KEY if type(into) is dict else None
        self.marks: dict[str, Any] = {}
        self.anchor = anchor
        self.merges = False

    @property
    def step(self) -> str | int:
        return len(self.into) - 1 if type(self.into) is list else str(self.key)


class _Reading:
    """Where the reading of a document stands: ``_above`` has what is open, the innermost last."""

    def __init__(self, get_event: Callable[[], Any], text_at: TextAt | None) -> None:
        self.faults: list[Fault] = []
        self._get = get_event
        self._text_at = text_at
        self._above = [_Open([])]

    @cached_property
    def _aliases(self) -> _Aliases:
        return _Aliases()

    def document(self) -> Any:
        """The data of the document, all of it read."""
        # One loop, since it runs for each value of a file: a method each would double its time.
        get, above = self._get, self._above
        top = above[0]
        while True:
            event = get()
            kind = type(event)
            if kind in ENDS:
                self._close(above.pop())
                top = above[-1]
            elif kind is yaml.DocumentEndEvent:
                return top.into[0]
            elif top.key is _NO_KEY:
                top.key = self._key(event, top)
                continue
            else:
                value = self._value(event, kind)
                if top.key is None:
                    top.into.append(value)
                else:
                    top.into[top.key] = value
                if kind in BEGINS:
                    top = self._open(event, value)
                    continue
                if event.anchor is not None or type(value) is Odd:
                    self._unusual(event, value)
            if top.key is not None:
                top.key = _NO_KEY

    def _value(self, event: Any, kind: Any) -> Any:
        if kind is not yaml.ScalarEvent:
            return self._alias(event) if kind is yaml.AliasEvent else BEGINS[kind]()
        value = event.value
        if event.tag is not None and event.tag != "!":
            value = converted(event.tag, value) if event.tag in KINDS else Odd(event.tag)
        elif event.implicit[0]:
            value = resolved(value)
        if self._text_at is not None and type(value) is str:
            return text_of(event, self._text_at)
        return value

    def _key(self, event: Any, top: _Open) -> str:
        value = self._value(event, type(event))
        name = value if type(value) is str else self._odd_key(event, value)
        if event.anchor is not None:
            self._named(event, value)
        if value == ODD_MERGE:
            name, top.merges = _MERGE, True
        if name not in top.marks:
            top.marks[name] = event.start_mark
        elif type(value) is str or value == ODD_MERGE:
            message, hint = f"key '{name}' is given twice", "take one out; the first is in line "
            self._fault(event, "duplicate-key", message, hint, (*self._path(), name), top.marks[name])
        return name

    def _odd_key(self, event: Any, value: Any) -> str:
        if value == ODD_MERGE:
            return _MERGE
        if value is _UNKNOWN:
            return "?"
        tag = value.tag if type(value) is Odd else TAG_OF[type(value)]
        text = text_of(event, self._text_at) if type(event) is yaml.ScalarEvent else None
        hint = "use text" if text is None else f'quote it: "{text}"'
        message = f"the key is {KINDS.get(tag, 'no text')} to YAML, not text"
        self._fault(event, "key", message, hint)
        self._skip(event)
        return "?" if text is None else text

    def _skip(self, event: Any) -> None:
        depth = int(type(event) in BEGINS)
        while depth:
            event = self._get()
            depth += (type(event) in BEGINS) - (type(event) in ENDS)
            if type(event) not in ENDS and event.anchor is not None and type(event) is not yaml.AliasEvent:
                self._aliases.add(event, _UNKNOWN)

    def _open(self, event: Any, value: Any) -> _Open:
        if event.tag not in (None, "!", TAG_OF[type(value)]):
            self._bad_tag(event, event.tag)
        if event.anchor is not None:
            self._named(event, _STILL_OPEN)
        opened = _Open(value, event.anchor)
        self._above.append(opened)
        if len(self._above) > DEEPEST + 1:
            self._fault(event, "nesting", TOO_DEEP, "flatten the data", ())
            raise _Stop
        return opened

    def _close(self, closed: _Open) -> None:
        if closed.anchor is not None:
            self._aliases.close(closed.anchor, closed.into)
        if closed.merges:
            self._merge(closed)

    def _merge(self, closed: _Open) -> None:
        told = closed.into[_MERGE]
        maps = told if type(told) is list else [told]
        if any(type(each) is Odd for each in maps):
            return  # that is told where it stands
        if any(type(each) is not dict for each in maps):
            message, hint = "'<<' takes a map, or a list of maps, to merge", "name an anchor of a map: <<: *name"
            path = (*self._path(), _MERGE)
            self.faults.append(Fault(closed.marks[_MERGE].index, "merge", message, path, hint))
            return
        own = {key: value for key, value in closed.into.items() if key != _MERGE}
        closed.into.clear()
        # What is merged stands first; of two maps the first has the last word, and the map's own keys before all.
        for key, value in (pair for each in maps for pair in each.items()):
            closed.into.setdefault(key, value)
        closed.into.update(own)

    def _unusual(self, event: Any, value: Any) -> None:
        if event.anchor is not None:
            self._named(event, value)
        if type(value) is Odd and type(event) is not yaml.AliasEvent:  # of an anchor it is told there
            self._odd_value(event, value.tag)

    def _odd_value(self, event: Any, tag: str) -> None:
        if tag not in NUMBERS:
            self._bad_tag(event, tag)
            return
        text = text_of(event, self._text_at)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        message = f"{shown} is not {KINDS[tag]} a workflow can hold"
        self._fault(event, "number", message, f'write it as text: "{shown}"')

    def _bad_tag(self, event: Any, tag: str) -> None:
        short = f"!!{tag.removeprefix(TAG)}" if tag.startswith(TAG) else tag
        message = f"the tag {short} makes no value a workflow can hold"
        if tag in KINDS:
            message = f"the tag {short} makes {KINDS[tag]}, and this is none"
        self._fault(event, "tag", message, "take the tag out, or write text")

    def _named(self, event: Any, value: Any) -> None:
        first = self._aliases.marks.get(event.anchor)
        if type(event) is not yaml.AliasEvent:
            self._aliases.add(event, value)
            if first is not None:
                hint = "name one of them otherwise; the first is in line "
                self._fault(event, "anchor", f"anchor '{event.anchor}' is given twice", hint, first=first)
        elif first is None:
            self._fault(event, "alias", "an alias without its anchor", "put text that starts with * in quotes")

    def _alias(self, event: Any) -> Any:
        value = self._aliases.use(event)
        if value is _STILL_OPEN:
            message = f"its aliases stand for more than {_MOST_REPEATED} values, or for themselves"
            self.faults.append(Fault(self._aliases.first_used, "alias", message, (), "write the values out"))
            raise _Stop
        return value

    def _path(self) -> Path:
        return tuple(each.step for each in self._above[1:] if each.key is not _NO_KEY)

    def _fault(  # noqa: PLR0913  # a problem has that many sides
        self, event: Any, code: str, message: str, hint: str, path: Path | None = None, first: Any = None
    ) -> None:
        if len(self.faults) > MOST_PROBLEMS:
            raise _Stop
        path = self._path() if path is None else path
        self.faults.append(Fault(event.start_mark.index, code, message, path, hint, first and first.index))


class _Aliases:
    """The anchors of a document, and for how many values aliases stand: a bomb is measured without going off."""

    def __init__(self) -> None:
        self.marks: dict[str, Any] = {}
        self.first_used = -1
        self._values: dict[str, Any] = {}
        self._sizes: dict[int, int] = {}
        self._repeated = 0

    def add(self, event: Any, value: Any) -> None:
        """Name the value that starts with an event."""
        self._values[event.anchor] = value
        self.marks.setdefault(event.anchor, event.start_mark)

    def close(self, name: str, value: Any) -> None:
        """Now all of a named map or list is known."""
        self._sizes[id(value)] = self._size(value)
        self._values[name] = value

    def use(self, event: Any) -> Any:
        """What an alias stands for; ``_UNKNOWN`` without an anchor, ``_STILL_OPEN`` where it is itself, or too much."""
        if self.first_used < 0:
            self.first_used = event.start_mark.index
        value = self._values.get(event.anchor, _UNKNOWN)
        self._repeated += self._sizes.get(id(value), 1)
        return _STILL_OPEN if self._repeated > _MOST_REPEATED else value

    def _size(self, value: Any) -> int:
        # What was named before is not walked again.
        size, todo = 1, [value]
        while todo:
            inside = todo.pop()
            size += len(inside)
            for each in inside.values() if type(inside) is dict else inside:
                if type(each) is list or type(each) is dict:
                    known = self._sizes.get(id(each))
                    if known is None:
                        todo.append(each)
                    else:
                        size += known - 1
        return size
