"""What may not happen, whatever the schedule."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Literal

from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.scheduler import Scheduler
from pflow_testkit.stress.scope import Scope, shown
from pflow_testkit.stress.strand import Strand

_DEEPEST = 12
_MOST_VALUES = 20_000


def raised(
    scheduler: Scheduler, strand: Strand, error: BaseException, kind: Literal["exception", "check"] = "exception"
) -> Failure:
    """A thread ended in an exception; SystemExit is one, and so is a failed assertion."""
    who = "" if kind == "check" or strand is scheduler.main else strand.label
    return said_by(error, who, scheduler.scope, kind)


def said_by(error: BaseException, who: str, scope: Scope, kind: Literal["exception", "check"] = "exception") -> Failure:
    """What an exception says, and where in the user's code it was raised."""
    name, where = type(error).__name__, tuple(_where(error.__traceback__, scope))
    said = "".join(traceback.format_exception_only(error)).strip()
    if not str(error) and where:
        said = f"{name}: {where[-1].partition('   ')[2]}"
    text = said.splitlines()[0] if said else name
    return Failure(kind, f"{who}: {text}" if who else text, name, where, error)


def _where(trace: TracebackType | None, scope: Scope) -> Iterator[str]:
    places: list[tuple[FrameType, int]] = []
    while trace is not None:
        if scope.wants(trace.tb_frame.f_code, trace.tb_frame.f_globals):
            places.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    for frame, line in places[-3:]:
        file = frame.f_code.co_filename
        yield f"{shown(file)}:{line}   {linecache.getline(file, line or 0, frame.f_globals).strip()}"


@dataclass(frozen=True, slots=True)
class Prints:
    """What values are, by their paths: to see later which of them changed."""

    at: Mapping[str, str]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Prints:
        """Fingerprints of these values and all that is in them."""
        found: dict[str, str] = {}
        for name, value in values.items():
            _print(value, name, found, (), 0)
        return cls(found)

    def changed(self, later: Prints) -> list[str]:
        """The paths that are not what they were; of those inside one another the inner."""
        paths = [path for path in {**self.at, **later.at} if self.at.get(path) != later.at.get(path)]
        return [path for path in paths if not any(_is_below(other, path) for other in paths)]

    def __getitem__(self, path: str) -> str:
        return self.at.get(path, "not there")


def written_late(before: Prints, after: Prints) -> list[Failure]:
    """What was handed back has changed since: some thread still writes to it."""
    return [
        Failure("write after return", f"write after return: {path} was {before[path]} and became {after[path]}")
        for path in before.changed(after)[:1]
    ]


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}[", f"{other}{{"))


def _print(value: Any, path: str, found: dict[str, str], within: tuple[int, ...], depth: int) -> None:
    if id(value) in within or depth > _DEEPEST or len(found) > _MOST_VALUES:
        return
    parts = list(_parts(value))
    if not parts:
        found[path] = _brief(value)
        return
    found[path] = f"{type(value).__name__} of {len(parts)}"
    for tail, part in parts:
        _print(part, path + tail, found, (*within, id(value)), depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f".{key}" if isinstance(key, str) else f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from ((f"{{{text}}}", None) for text in sorted(map(repr, value)))
    elif _is_plain(value):
        yield from ((f".{name}", part) for name, part in vars(value).items())


def _is_plain(value: Any) -> bool:
    # An object of a class written in Python, that holds its state where it can be seen.
    return hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value)


def _brief(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return f"{type(value).__name__} of 0"
    return f"<{type(value).__name__}>"
