"""Text to the secrets in the URLs of it: passwords before the host, query parameters with a secret's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from pflow_engine.trace.names import REDACTED, looks_secret

_URL: Final = re.compile(r"\s*[a-z][a-z0-9+.-]*://\S+\s*", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"(://[^/?#\s:@\"'<>]*:)([^/?#\s\"'<>]+)(?=@)")
_QUERY: Final = re.compile(r"((?:^|[?&;#])([^?&;#=\s\"'<>/]+)=)((?:\$\{[^}]*\}|[^&;#\s\"'<>])+)")
"""A parameter of a query, a fragment or a form; a template is one word, whatever stands in it."""


def url_secrets(text: str) -> Iterator[str]:
    """The secrets of a text that is a URL, as written and as meant."""
    if "://" in text and _URL.fullmatch(text):
        for found in _PASSWORD.finditer(text):
            yield from (found[2], unquote(found[2]))
        for found in _QUERY.finditer(text):
            if looks_secret(unquote(found[2])):
                yield from (found[3], unquote_plus(found[3]))


def redact_urls(text: str) -> str:
    """The text without the secrets of any URL, form or fragment in it."""
    if "://" in text and "@" in text:
        text = _PASSWORD.sub(rf"\g<1>{REDACTED}", text)
    return _QUERY.sub(_without_value, text) if "=" in text else text


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}{REDACTED}" if looks_secret(unquote(found[2])) else found[0]
