"""The events of a YAML text that parses to the places of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import yaml

from pflow_engine.document.spans import Place, Spans
from pflow_engine.document.yaml.data import BEGINS, ENDS, TextAt, text_of

_BEFORE: Final = (yaml.StreamStartEvent, yaml.DocumentStartEvent)
_AFTER: Final = (yaml.DocumentEndEvent, yaml.StreamEndEvent)


def located(parser: Any, text_at: TextAt | None) -> Spans:
    """Where each value of the document that a parser is given stands; an alias stands where its anchor does."""
    get = parser.get_event
    while isinstance(event := get(), _BEFORE):
        pass
    return Spans() if isinstance(event, _AFTER) else Spans(_Locating(get, text_at).value(event))


class _Locating:
    def __init__(self, get_event: Callable[[], Any], text_at: TextAt | None) -> None:
        self._get = get_event
        self._text_at = text_at
        self._named: dict[str, tuple[Any, str]] = {}

    def value(self, event: Any) -> Any:
        """The place of the value that starts with an event, after reading all of it."""
        # One loop, since it runs for each value of a file.
        root = into = Place(None, [])
        above: list[Place] = []
        name: str | None = None
        while True:
            kind = type(event)
            if kind in ENDS:
                into.marks = (into.marks[0] if into.marks else 0, event.end_mark.index)
                into, name = above.pop(), None
            elif type(into.inside) is dict and name is None:
                name, marks = self._key(event)
                into.set_key(name, marks)
            else:
                place = self._place(event, kind)
                if type(into.inside) is dict:
                    into.inside[str(name)], name = place, None
                else:
                    into.inside.append(place)
                if kind in BEGINS:
                    above.append(into)
                    into = place
            if into is root:
                return root.inside[0]
            event = self._get()

    def _place(self, event: Any, kind: Any) -> Any:
        if kind is yaml.AliasEvent:
            return self._named[event.anchor][0]
        start = event.start_mark.index
        marks = (start, event.end_mark.index)
        place = marks if kind is yaml.ScalarEvent else Place(marks, BEGINS[kind]())
        if event.anchor is not None:
            self._named[event.anchor] = (place, text_of(event, self._text_at) if kind is yaml.ScalarEvent else "")
        return place

    def _key(self, event: Any) -> tuple[str, Any]:
        place = self._place(event, type(event))
        name = self._named[str(event.anchor)][1] if type(event) is yaml.AliasEvent else text_of(event, self._text_at)
        return name, place
