"""Loggers of HTTP clients to silence while an exchange of ours is at work: they tell of URLs, headers and bodies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_UNHEARD: Final = ContextVar("_UNHEARD", default=False)


def quiet(names: Iterable[str]) -> None:
    """Let these loggers, once for all, be silent where ``unheard``; for everyone else they go on."""
    for name in names:
        logging.getLogger(name).addFilter(_is_heard)


@contextmanager
def unheard() -> Iterator[None]:
    """Silence them, in this thread."""
    before = _UNHEARD.set(True)
    try:
        yield
    finally:
        _UNHEARD.reset(before)


def _is_heard(_record: logging.LogRecord) -> bool:
    return not _UNHEARD.get()
