"""Two records of a trace to the differences of their fields. What is null or empty may be left out of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pflow_engine.document.positions import Path
from pflow_engine.templates import MISSING
from pflow_testkit.changes.values import Difference, differences


def given(record: Mapping[str, Any], name: str) -> Any:
    """The field of a record; MISSING where it is null, empty, or left out."""
    value = record.get(name)
    return MISSING if value is None or value in ([], {}) else value


def field_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], name: str, path: Path = ()
) -> Iterator[Difference]:
    """The differences of one field, below ``path``."""
    before, after = given(old, name), given(new, name)
    at = (*path, name)
    before, after = _emptied(before, after), _emptied(after, before)
    if before is MISSING or after is MISSING:
        yield from () if before is after else [Difference(at, before, after)]
    else:
        yield from differences(before, after, at)


def others(old: Mapping[str, Any], new: Mapping[str, Any], known: tuple[str, ...]) -> list[str]:
    """The names of the fields that are not among the known."""
    return [name for name in {**old, **new} if name not in known]


def _emptied(value: Any, other: Any) -> Any:
    # So that what was added to nothing is told one by one, as it is when there was something.
    return type(other)() if value is MISSING and isinstance(other, dict | list) else value
