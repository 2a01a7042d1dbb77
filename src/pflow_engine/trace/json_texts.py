"""Text to the secrets in the JSON of it: what stands under the name of one, as tools print it (``{"token": "…"}``).

The text need not be JSON as a whole: it may be a line of a log, many lines of JSON, JSON cut off in the middle, or JSON
that stands as text in other JSON, with backslashes. Nothing changes but what is taken out, and JSON stays JSON.

Reading it as JSON was left: it would be written anew to other bytes. So were patterns that match whole names; to look
from each colon back to its name is six times as fast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from pflow_engine.trace.names import REDACTED, looks_counted, looks_secret, may_name_secrets

_LONGEST: Final = 200
"""Letters of a name, and digits of a number that is looked for elsewhere."""
_COLON: Final = re.compile(r'"\s*:\s*')
_END: Final = re.compile(r'(?<!\\)(\\*)"|\n')
_NUMBER: Final = re.compile(r"-?\d[\d.eE+-]*")
_TOKEN: Final = re.compile(rf'(?<!\\)\\*"|[][{{}}]|(?<![\w.]){_NUMBER.pattern}')
_OPEN: Final = frozenset("[{")
_CLOSE: Final = frozenset("]}")
_LABEL: Final = re.compile(r'"(?:name|key|header)\\*"\s*:\s*\\*"([^"\\\n]+)\\*"\s*,\s*\\*$')


class _Secret(NamedTuple):
    """Where a text or a number under the name of a secret stands. ``quote`` is how a text there is quoted."""

    name: str
    start: int
    end: int
    quote: str
    is_text: bool


def json_secrets(text: str) -> Iterator[tuple[str, Any]]:
    """Each text or integer in JSON under the name of a secret, with that name."""
    for secret in _secrets(text):
        written = text[secret.start : secret.end]
        if secret.is_text:
            yield secret.name, _meant(written, len(secret.quote))
        elif written.lstrip("-").isdigit() and len(written) < _LONGEST:
            yield secret.name, int(written)


def redact_json(text: str) -> str:
    """The text without what stands in JSON under the name of a secret."""
    if '"' not in text:
        return text  # of nearly all texts nothing more is asked
    pieces, kept = [], 0
    for secret in _secrets(text):
        blank = REDACTED if secret.is_text else f"{secret.quote}{REDACTED}{secret.quote}"
        pieces += [text[kept : secret.start], blank]
        kept = secret.end
    return "".join([*pieces, text[kept:]]) if pieces else text


def _secrets(text: str) -> Iterator[_Secret]:
    if ":" not in text or not may_name_secrets(text):
        return
    read = 0
    for found in _COLON.finditer(text):
        if found.start() < read:
            continue  # inside what is taken out whole
        named = _name_before(text, found.start())
        if named is not None:
            for secret in _under(text, found.end(), *named):
                read = secret.end
                if secret.start < secret.end:
                    yield secret


def _name_before(text: str, end: int) -> tuple[str, str] | None:
    """A name that is a secret's, and its quote, if one ends here."""
    start = text.rfind('"', max(0, end - _LONGEST), end)
    name = text[start + 1 : end].rstrip("\\")
    if not looks_secret(name) and not (name == "value" and _has_secret_label(text, start)):
        return None
    slashes = end - start - 1 - len(name)
    # Of JSON in JSON a quote has one backslash, of that in JSON again three, then seven.
    is_quote = slashes & (slashes + 1) == 0 and _slashes_before(text, start) == slashes
    return (name, "\\" * slashes + '"') if start >= 0 and is_quote else None


def _slashes_before(text: str, end: int) -> int:
    before = text[max(0, end - _LONGEST) : end]
    return len(before) - len(before.rstrip("\\"))


def _has_secret_label(text: str, end: int) -> bool:
    # As in {"name": "Authorization", "value": "…"}.
    label = _LABEL.search(text, max(0, end - 2 * _LONGEST), end)
    return label is not None and looks_secret(label[1])


def _under(text: str, at: int, name: str, quote: str) -> Iterator[_Secret]:
    if text.startswith(quote, at):
        yield _text(text, at + len(quote), name, quote)
    elif text[at : at + 1] in _OPEN:
        yield from _inside(text, at, name, quote)
    elif (number := _NUMBER.match(text, at)) and not looks_counted(name):
        yield _Secret(name, at, number.end(), quote, is_text=False)


def _text(text: str, start: int, name: str, quote: str) -> _Secret:
    whole = len(quote)
    for found in _END.finditer(text, start):
        slashes = len(found[1] or "")
        if found[0] == "\n" or (slashes + 1) % whole:
            return _Secret(name, start, found.start(), quote, is_text=True)  # cut off
        if (slashes + 1) // whole % 2:
            return _Secret(name, start, found.end() - whole, quote, is_text=True)
    return _Secret(name, start, len(text), quote, is_text=True)


def _inside(text: str, at: int, name: str, quote: str) -> Iterator[_Secret]:
    """Each text and number in a list or a map but its names and counts; in the end nothing, where it ends."""
    called, counted = name, [False]
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token[0] in _OPEN:
            counted.append(counted[-1] or looks_counted(called))
            called = ""
        elif token[0] in _CLOSE:
            counted.pop()
            called = ""
            if len(counted) == 1:
                break
        elif token[0] == quote:
            found = _text(text, at, name, quote)
            at = min(found.end + len(quote), len(text))
            if _COLON.match(text, at - 1):
                called = text[found.start : found.end]
            else:
                yield found
            if not text.startswith(quote, found.end):
                break
        elif token[0].endswith('"'):
            break  # the text that this JSON stands in ends here
        elif not (counted[-1] or looks_counted(called)):
            yield _Secret(name, token.start(), token.end(), quote, is_text=False)
    yield _Secret(name, at, at, quote, is_text=True)


def _meant(written: str, quote: int) -> str:
    with suppress(ValueError):  # cut off, it means what it says so far
        for _ in range(quote.bit_length()):
            written = json.loads(f'"{written}"', strict=False)
    return written
