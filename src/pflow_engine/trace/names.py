"""A name to whether what stands under it is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

_LABELS: Final = ("name", "key", "header")
REDACTED: Final = "[redacted]"

_SECRET: Final = re.compile(
    r"(?:^|[_.-])(?:api|access|private|secret|signing|encryption)?[_-]?key\W*$"
    r"|token(?!s?[_-]?(?:usage|count|type|limit|details|budget))"
    r"|passw(?:or)?d|passphrase|secret|authorization|credential|cookie",
    re.IGNORECASE,
)
_WORDS: Final = ("key", "token", "passw", "passphrase", "secret", "authorization", "credential", "cookie")
"""One of these is in each name that ``_SECRET`` finds."""
_COUNT: Final = re.compile(
    r"tokens|per[_-]?token|expir|(?:counts?|length|limit|size|age|ttl)\W*$",
    re.IGNORECASE,
)


def looks_secret(name: Any) -> bool:
    """Whether a parameter, header or variable of this name holds a secret."""
    return isinstance(name, str) and _is_secret(name)


def may_name_secrets(text: str) -> bool:
    """Whether the name of a secret may stand somewhere in a text: much quicker than to look for one."""
    return any(map(text.casefold().__contains__, _WORDS))


def looks_counted(name: Any) -> bool:
    """Whether a number of this name is a count (``max_tokens``), which is no secret."""
    return isinstance(name, str) and _COUNT.search(name) is not None


def members(value: dict[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """The members of a map by what they are called: of ``{"name": "Authorization", "value": …}`` that is the name."""
    if "value" not in value:
        return value.items()
    label = next((value[key] for key in _LABELS if isinstance(value.get(key), str)), "value")
    return [(label if key == "value" else key, item) for key, item in value.items()]


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    # Kept, since the same few names stand in each result of a batch.
    return _SECRET.search(name) is not None
