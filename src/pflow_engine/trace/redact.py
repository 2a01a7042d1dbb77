"""Strict JSON to the same without secrets.

A secret is what stands under a name that looks like one (``api_key``, ``auth_token``, ``Authorization``), be it in JSON
inside of a text, in a URL (``user:password@host``, ``?token=…``), in the environment under such a name, or was
registered. Under its own name it is taken out whatever its length; elsewhere from 4 characters on where it stands
alone as a word, from 8 anywhere, from 12 in the names of maps. Only what users gave or nodes wrote goes through here:
the form of the trace stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pflow_engine.trace.finding import LEAST_NUMBER, MOST_NUMBER, named_secrets, pairs_of
from pflow_engine.trace.json_texts import redact_json
from pflow_engine.trace.names import REDACTED, looks_counted, looks_secret, members
from pflow_engine.trace.spotting import LEAST, Spotter
from pflow_engine.trace.urls import redact_urls

__all__ = ["Redactor", "looks_secret", "redact"]

_ANYWHERE: Final = 8
_IN_KEYS: Final = 12
_NO_SECRETS: Final = frozenset({"true", "false", "null", "none", "yes", "no", "basic", "bearer", REDACTED})
"""Words that say nothing: an ``auth_token: true`` must not empty the trace."""

_TEMPLATE: Final = re.compile(r"\$\{[^}]*\}")
"""A param as written: what stands for the secret, not the secret."""


def redact(value: Any, registered: Iterable[str] = ()) -> Any:
    """A copy of strict JSON with each secret in it, and each registered one, replaced by ``[redacted]``."""
    return Redactor.of([*registered, *named_secrets(value)])(value)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes known secrets, and whatever stands under the name of one, out of strict JSON."""

    texts: Spotter | None
    keys: Spotter | None
    numbers: frozenset[int]

    @classmethod
    def of(cls, known: Iterable[str]) -> Redactor:
        """Compile the secrets once."""
        found = {text for text in known if len(text) >= LEAST and _says_something(text)}
        texts = Spotter.of(
            anywhere=(text for text in found if len(text) >= _ANYWHERE),
            alone=(text for text in found if len(text) < _ANYWHERE),
        )
        keys = Spotter.of(anywhere=(text for text in found if len(text) >= _IN_KEYS), alone=())
        return cls(texts, keys, _numbers(found))

    def __call__(self, value: Any) -> Any:
        """A copy of strict JSON without the secrets."""
        if isinstance(value, str):
            # JSON first: a number that is known as a secret is one with its quotes, or the text is no JSON any more.
            value = redact_json(value)
            return redact_urls(self.texts.without(value) if self.texts else value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            pairs = pairs_of(value)
            if pairs is not None:
                return {"$map": [[self._key(key), self._member(key, item)] for key, item in pairs]}
            return {
                self._key(key): self._member(called, item)
                for key, (called, item) in zip(value, members(value), strict=True)
            }
        return REDACTED if self.numbers and type(value) is int and value in self.numbers else value

    def _key(self, key: Any) -> Any:
        if not isinstance(key, str):
            return self(key)
        return self.keys.without(key) if self.keys else key

    def _member(self, key: Any, item: Any) -> Any:
        return self._blank(item, counted=looks_counted(key)) if looks_secret(key) else self(item)

    def _blank(self, value: Any, *, counted: bool) -> Any:
        if isinstance(value, str):
            return REDACTED if value else value
        if isinstance(value, list):
            return [self._blank(item, counted=counted) for item in value]
        if isinstance(value, dict):
            pairs = pairs_of(value)
            if pairs is not None:
                return {"$map": [[self._key(key), self._blank(item, counted=counted)] for key, item in pairs]}
            return {
                self._key(key): self._blank(item, counted=counted or looks_counted(key)) for key, item in value.items()
            }
        return value if value is None or isinstance(value, bool) or counted else REDACTED


def _says_something(text: str) -> bool:
    return text.lower() not in _NO_SECRETS and not _TEMPLATE.fullmatch(text) and not text.isspace()


def _numbers(found: Iterable[str]) -> frozenset[int]:
    digits = (text for text in found if text.isascii() and text.isdigit() and len(text) < len(str(MOST_NUMBER)))
    return frozenset(number for number in map(int, digits) if number >= LEAST_NUMBER)
