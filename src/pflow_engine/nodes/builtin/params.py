"""Params as they came to params that are checked, and their values to text and bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.node import Interface, Param
from pflow_engine.value_types import coerce, is_of_type, type_name

TIMEOUT: Final = Param("number", default=30, description="seconds until it is stopped")
_LONGEST: Final = 1_000_000
"""Seconds. What sockets and polls wait for is counted in milliseconds of 31 bits."""


def read_params(interface: Interface, params: Mapping[str, Any]) -> dict[str, Any]:
    """Every declared param: the value given, or the default where none or null was.

    Raises:
        Unhealable: everything that is missing, empty or of a wrong type, at once.
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, declared in interface.params.items():
        try:
            given[name] = _value(name, declared, params)
        except Unhealable as error:
            problems += error.problems
    if problems:
        raise Unhealable(problems)
    return given


def text_of(name: str, value: Any, *, indent: int | None = None) -> str:
    """The value of a param as text: text as it is, null as nothing, the rest as JSON.

    Raises:
        Unhealable: JSON has no form for it.
    """
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unhealable(_no_text(name, error)) from error


def bytes_of(name: str, value: Any, *, encoding: str = "utf-8", indent: int | None = None) -> bytes:
    """The value of a param as bytes: bytes as they are, the rest as text.

    Raises:
        Unhealable: JSON has no form for it, or the encoding none for a character.
    """
    if isinstance(value, bytes):
        return value
    try:
        return text_of(name, value, indent=indent).encode(encoding)
    except UnicodeEncodeError as error:
        raise Unhealable(_no_text(name, error)) from error


def _value(name: str, declared: Param, params: Mapping[str, Any]) -> Any:
    value = params.get(name)
    if value is None and (name not in params or declared.type != "any"):
        if declared.required:
            raise Unhealable(_missing(name, declared, "is missing"))
        return declared.default
    try:
        value = _typed(value, declared.type)
    except (ValueError, RecursionError):
        message = f"parameter '{name}' takes {declared.type}, got {type_name(value)}"
        hint = f"give it a value of type {declared.type}"
        raise Unhealable(Problem("param-type", message, hint=hint)) from None
    for problem in _unusable(name, declared, value):
        raise Unhealable(problem)
    return value


def _typed(value: Any, word: str) -> Any:
    # Shells print lists and maps as text; nothing else is taken for what it is not.
    if word in ("array", "object"):
        return coerce(value, word)
    if not is_of_type(value, word):
        raise ValueError(word)
    return value


def _unusable(name: str, declared: Param, value: Any) -> Iterator[Problem]:
    if declared.required and declared.type == "string" and not value.strip():
        yield _missing(name, declared, "is empty")
    if declared is TIMEOUT and not 0 < value <= _LONGEST:
        message = f"parameter '{name}' takes seconds above 0 and up to {_LONGEST}, got {value}"
        yield Problem("param-type", message, hint="leave it out for 30 seconds")


def _missing(name: str, declared: Param, what: str) -> Problem:
    return Problem("missing-param", f"parameter '{name}' {what}", hint=f"give it: {declared.description}")


def _no_text(name: str, error: Exception) -> Problem:
    message = f"parameter '{name}' cannot be written as text: {error}"
    return Problem("param-type", message, hint="give it text, or data that JSON has a form for")
