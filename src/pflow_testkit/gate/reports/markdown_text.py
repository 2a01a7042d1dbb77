"""Text of anybody to text in Markdown that is shown as it is, also in a cell of a table."""

from __future__ import annotations

import re
from typing import Final

from pflow_engine.errors import showable

_MEANT: Final = re.compile(r"[&<>|`*_\[\]#~$\\!]|:(?=//|[\w+-]+:)|(?<=www)\.", re.IGNORECASE)
"""What Markdown, GitHub's own signs (``#1``, ``:100:``, ``$math$``, bare links) or HTML go by."""

_MENTION: Final = "@<!-- -->"
"""GitHub looks for ``@name`` in what Markdown has become, where a code for the sign is that sign again."""

_SIGN: Final = re.compile(r"[^\w ]")


def plain(text: str) -> str:
    """As running text, in one line."""
    return _spelled(_MEANT, text).replace("@", _MENTION)


def code(text: str) -> str:
    """As code, in one line; "" for nothing."""
    line = _line(text)
    if not line or not re.search(r"[`|\\]", line):
        return f"`{line}`" if line else ""
    return f"<code>{_spelled(_SIGN, line)}</code>"


def _spelled(harmful: re.Pattern[str], text: str) -> str:
    return harmful.sub(lambda found: f"&#{ord(found[0])};", _line(text))


def _line(text: str) -> str:
    return " ".join(showable(text).split())
