"""The text behind a bullet's colon, where it is all of the value, to a value; and back."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_WORDS: Final = {
    "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None, "": None,
}  # fmt: skip
_CASES = frozenset(spelt for word in _WORDS for spelt in (word, word.capitalize(), word.upper()))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FRACTION = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)")
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}(?:[ \t]+#.*)?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"|\'(?:[^\']|\'\')*+\'')
_TOLD = re.compile(r'"[^"\\]*+"|\'[^\']*+\'|\[\]|\{\}')
_ATOM: Final = r"(?:\$\{[A-Za-z_][\w.-]*\}|[A-Za-z_][\w-]*|0|-?[1-9][0-9]{0,17})"
_LIST = re.compile(rf"\[ *{_ATOM}(?: *, *{_ATOM})* *\]", re.ASCII)
_MAP = re.compile(rf"\{{ *[A-Za-z_][\w-]*: +{_ATOM}(?: *, *[A-Za-z_][\w-]*: +{_ATOM})* *\}}", re.ASCII)
_BLANK: Final = " \t\r\n\f\v"


def scalar(text: str) -> Any:
    """A value that is told by its line alone: a boolean, null, a decimal number, or text, as it stands or in quotes.

    Raises:
        ValueError: digits that make no number a workflow can hold.
    """
    if is_told(text):
        return text[1:-1] if text[0] in "\"'" else json.loads(text)
    if text in _CASES:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _FRACTION.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def is_told(text: str) -> bool:
    """Whether YAML that fits a line is quotes with nothing special between them, or nothing in brackets.

    Such values need no reader of YAML, which takes ten times as long to be made ready as to read them.
    """
    return _TOLD.fullmatch(text) is not None and text.isprintable()


def flow(text: str) -> list[Any] | dict[str, Any] | None:
    """A list or a map in brackets of words, whole numbers and templates alone; None where YAML's reader is needed."""
    if _LIST.fullmatch(text):
        return [_atom(each.strip(" ")) for each in text[1:-1].split(",")]
    if not _MAP.fullmatch(text):
        return None
    pairs = [each.partition(":") for each in text[1:-1].split(",")]
    found = {key.strip(" "): _atom(value.strip(" ")) for key, _, value in pairs}
    return None if len(found) < len(pairs) or found.keys() & _CASES else found


def _atom(text: str) -> Any:
    if text in _CASES:
        return _WORDS[text.lower()]
    return int(text) if text[0] in "-0123456789" else text


def is_yaml(text: str) -> bool:
    """Whether the text behind a colon is YAML, though nothing follows: quotes, brackets, the head of a block."""
    return text[:1] in ('"', "'", "[", "{") or (text[:1] in ("|", ">") and _BLOCK.fullmatch(text) is not None)


def is_closed(text: str) -> bool:
    """Whether a text that starts with a quote or a bracket ends with the other, and nothing stands behind it."""
    if text[:1] in ('"', "'"):
        return _QUOTED.fullmatch(text) is not None
    return text[:1] not in ("[", "{") or text[-1:] in ("]", "}")


def is_plain(text: str) -> bool:
    """Whether a text can stand behind a colon as it is, and comes back as the same text."""
    if text != text.strip(_BLANK) or "\n" in text or is_yaml(text):
        return False
    return text not in _CASES and not _INTEGER.fullmatch(text) and not _FRACTION.fullmatch(text)
