"""A value to the secrets in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from pflow_engine.errors import InvalidInput, Problem
from pflow_engine.trace.json_texts import json_secrets
from pflow_engine.trace.names import looks_counted, looks_secret, members
from pflow_engine.trace.urls import url_secrets

LEAST_NUMBER: Final = 10**7
"""Numbers of fewer digits are common: they are taken out under their name alone."""
MOST_NUMBER: Final = 10**300
"""Python may refuse to write or read longer ones."""

_SCHEME: Final = re.compile(r"^(?:bearer|basic|token)\s+", re.IGNORECASE)


def named_secrets(value: Any) -> Iterator[str]:
    """The texts in a value that stand under a name that looks like a secret's, or in a URL that is all of a text.

    So do those in JSON that is text.
    """
    stack, seen = [value], set()
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield from url_secrets(value)
            if '"' in value:
                yield from _in_json(value)
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            for name, item in _members(value):
                if looks_secret(name):
                    yield from _texts(name, item)
                else:
                    stack.append(item)


def environment_secrets() -> tuple[str, ...]:
    """Those of the environment, as it is now."""
    return _of_environment(tuple(os.environ.items()))


@lru_cache(maxsize=4)
def _of_environment(variables: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    # Kept, since it is asked for at the start and at the end of each run, and seldom changes.
    return tuple(named_secrets(dict(variables)))


def registered_secrets(secrets: Iterable[Any]) -> tuple[str, ...]:
    """What a caller says are secrets.

    Raises:
        InvalidInput: they are no texts, or one text instead of several.
    """
    if isinstance(secrets, str | bytes):
        raise InvalidInput(Problem("secrets", "secrets takes several texts", hint="write secrets=(text,)"))
    known = tuple(secrets)
    for index, secret in enumerate(known):
        if not isinstance(secret, str):
            message = f"secrets[{index}] is of type {type(secret).__name__}"
            raise InvalidInput(Problem("secrets", message, hint="give it as text"))
    return known


def pairs_of(value: dict[Any, Any]) -> list[list[Any]] | None:
    """The pairs of a map whose keys are no texts, in its strict form; None of any other."""
    pairs = value.get("$map") if len(value) == 1 else None
    whole = isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)  # noqa: PLR2004  # key and value
    return pairs if whole else None


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        pairs = pairs_of(value)
        return members(value) if pairs is None else pairs
    return ((None, item) for item in value)


def _texts(name: str, value: Any) -> Iterator[str]:
    counted = looks_counted(name)
    stack, seen = [value], set()
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
            yield _SCHEME.sub("", value)
            yield from _in_json(value)
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            stack += [item for key, item in _members(value) if not (_is_number(item) and looks_counted(key))]
        elif type(value) is int and not counted and LEAST_NUMBER <= value < MOST_NUMBER:
            yield str(value)


def _in_json(text: str) -> Iterator[str]:
    for name, value in json_secrets(text):
        yield from _texts(name, value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
