"""An expectation and what came to the differences between them.

Subset match: maps may have more than is expected, lists may not. A map whose keys start with ``$`` is a
matcher: ``{$match: regex}``, ``{$type: word}``, ``{$approx: number}``, ``{$len: count}``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, NamedTuple

from pflow_engine.document.plain import DEEPEST, TOO_DEEP, is_too_deep
from pflow_engine.document.positions import Path
from pflow_engine.document.schema import TYPES
from pflow_engine.errors import did_you_mean
from pflow_engine.trace import strict_json
from pflow_engine.value_types import is_of_type, type_name

FIXTURE = "$fixture"

Fault = tuple[Path, str, str]
"""Something written that cannot be meant: its path, what is wrong, and the fix."""

_LONGEST = 120


class Difference(NamedTuple):
    """One place where they differ: the path, and both sides in words."""

    path: Path
    expected: str
    got: str


def differences(expected: Any, actual: Any, path: Path = ()) -> Iterator[Difference]:
    """Every place where ``actual``, which may be any Python value, is not what is expected."""
    try:
        found = list(_differences(expected, actual, path))
    except Exception:  # noqa: BLE001  # an object of a user's, whose methods may do anything
        found = [Difference(path, shown(expected), shown(actual))]
    yield from found


def is_matcher(value: Any) -> bool:
    """Whether a value of an expectation is a matcher rather than a map."""
    return isinstance(value, Mapping) and bool(value) and all(map(_is_word, value))


def matcher_problems(expected: Any, path: Path, *, skip: Callable[[Any], bool] = lambda _: False) -> Iterator[Fault]:
    """Matchers that cannot match, outside of what ``skip`` says yes to."""
    if is_too_deep(expected):
        yield path, TOO_DEEP, "flatten the data"
    else:
        yield from _bad_matchers(expected, path, skip)


def shown(value: Any) -> str:
    """A value in one line, cut where it is long."""
    written = strict_json(value)
    if isinstance(written, dict) and written.keys() == {"$object"} and not isinstance(value, dict):
        text = f"a value of type {type(value).__name__}"
    elif isinstance(value, float) and isinstance(written, dict):
        text = str(written["$float"])
    else:
        text = json.dumps(written, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _differences(expected: Any, actual: Any, path: Path) -> Iterator[Difference]:
    if is_matcher(expected):
        for name, wanted in expected.items():
            said = _MATCHERS[name](wanted, actual)
            if said:
                yield Difference(path, said, shown(actual))
    elif len(path) > DEEPEST:
        yield Difference(path, shown(expected), shown(actual))
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        yield from _in_map(expected, actual, path)
    elif isinstance(expected, list) and isinstance(actual, list | tuple):
        yield from _in_list(expected, actual, path)
    elif not _same(expected, actual):
        yield Difference(path, shown(expected), shown(actual))


def _in_map(expected: Mapping[str, Any], actual: Mapping[str, Any], path: Path) -> Iterator[Difference]:
    for key, wanted in expected.items():
        if key in actual:
            yield from differences(wanted, actual[key], (*path, key))
        else:
            there = ", ".join(map(str, list(actual)[:10])) or "nothing"
            yield Difference((*path, key), shown(wanted), f"missing (there is: {there})")


def _in_list(expected: list[Any], actual: list[Any] | tuple[Any, ...], path: Path) -> Iterator[Difference]:
    if len(expected) != len(actual):
        yield Difference(path, f"{len(expected)} items", f"{len(actual)} items")
    for index, (wanted, got) in enumerate(zip(expected, actual, strict=False)):
        yield from differences(wanted, got, (*path, index))


def _same(expected: Any, actual: Any) -> bool:
    # JSON keeps 1 and true apart, Python does not.
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    equal = expected == actual
    # An array compared gives an array, which is no answer even where it has one item.
    return equal is True or (not isinstance(equal, Sized) and bool(equal))


def _match(pattern: str, actual: Any) -> str:
    found = isinstance(actual, str) and re.search(pattern, actual, re.DOTALL)
    return "" if found else f"text that matches {pattern!r}"


def _type(word: str, actual: Any) -> str:
    return "" if is_of_type(actual, word) else f"a value of type {word}"


def _approx(number: float, actual: Any) -> str:
    close = is_of_type(actual, "number") and math.isclose(number, actual, rel_tol=1e-6, abs_tol=1e-12)
    return "" if close else f"about {number}"


def _len(count: int, actual: Any) -> str:
    return "" if isinstance(actual, str | list | tuple | Mapping) and len(actual) == count else f"length {count}"


_MATCHERS: dict[str, Callable[[Any, Any], str]] = {"$match": _match, "$type": _type, "$approx": _approx, "$len": _len}


def _bad_matchers(expected: Any, path: Path, skip: Callable[[Any], bool]) -> Iterator[Fault]:
    if skip(expected):
        return
    if isinstance(expected, Mapping):
        yield from _mixed(expected, path)
        for key, value in expected.items():
            if _is_word(key):
                yield from _bad_matcher(key, value, (*path, key))
            else:
                yield from _bad_matchers(value, (*path, key), skip)
    elif isinstance(expected, list):
        for index, value in enumerate(expected):
            yield from _bad_matchers(value, (*path, index), skip)


def _mixed(expected: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    words = [key for key in expected if _is_word(key)]
    plain = [key for key in expected if not _is_word(key)]
    if words and plain:
        message = f"the matcher {words[0]} stands beside '{plain[0]}'"
        yield (*path, plain[0]), message, "a map is either matchers or values by name: take one of them out"


def _is_word(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("$")


def _bad_matcher(name: str, wanted: Any, path: Path) -> Iterator[Fault]:
    if name == FIXTURE:
        yield path, f"there is no {FIXTURE} here", "it works in inputs, files, env, stubs and faults"
    elif name not in _MATCHERS:
        yield path, f"there is no matcher {name}", did_you_mean(name, _MATCHERS)
    elif name == "$match":
        yield from _bad_pattern(wanted, path)
    elif name == "$type" and (not isinstance(wanted, str) or wanted not in TYPES):
        yield path, f"$type: there is no type {shown(wanted)}", did_you_mean(str(wanted), TYPES)
    elif name == "$approx" and not is_of_type(wanted, "number"):
        yield path, f"$approx takes a number, not {type_name(wanted)}", ""
    elif name == "$len" and not (is_of_type(wanted, "integer") and wanted >= 0):
        yield path, f"$len takes a whole number from 0, not {shown(wanted)}", ""


def _bad_pattern(pattern: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(pattern, str):
        yield path, f"$match takes a regular expression, not {type_name(pattern)}", "put it in quotes"
        return
    try:
        re.compile(pattern)
    except re.error as error:
        yield path, f"$match: not a regular expression: {error}", "escape what is meant literally with \\"
