"""Differences to changes. The same change in many places is one, with how many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pflow_engine.document.positions import Path
from pflow_testkit.changes.model import Change, Severity
from pflow_testkit.changes.values import Difference
from pflow_testkit.changes.words import told

_SINGLY = 3
"""Up to so many of the same change are shown one by one."""


def _nobody(_difference: Difference) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Teller:
    """How differences of one thing are told: how bad they are, the words for a place, who uses it."""

    severity: Callable[[Difference], Severity]
    place: Callable[[Path], str]
    users: Callable[[Difference], Iterable[str]] = _nobody
    node: str = ""
    occurrence: int = 0

    def changes(self, differences: Iterable[Difference]) -> Iterator[Change]:
        """The changes, in the order of the differences."""
        groups: dict[Any, list[Difference]] = defaultdict(list)
        everything = list(differences)
        for difference in everything:
            groups[self._sameness(difference)].append(difference)
        for difference in everything:
            group = groups[self._sameness(difference)]
            if len(group) <= _SINGLY:
                yield self._change([difference])
            elif group[0] is difference:
                yield self._change(group)

    def _sameness(self, difference: Difference) -> Any:
        steps = tuple(None if isinstance(step, int) else step for step in difference.path)
        return steps, difference.kind, self.severity(difference)

    def _change(self, group: list[Difference]) -> Change:
        first = group[0]
        how, was, now = told(first)
        return Change(
            severity=self.severity(first),
            node=self.node,
            occurrence=self.occurrence,
            item=_item(first.path),
            what=self.place(first.path),
            how=how + _more(group),
            users=tuple(dict.fromkeys(user for difference in group for user in self.users(difference))),
            was=was,
            now=now,
        )


def _item(path: Path) -> int | None:
    return path[1] if path[:1] == ("items",) and len(path) > 1 and isinstance(path[1], int) else None


def _more(group: list[Difference]) -> str:
    if len(group) == 1:
        return ""
    indexes = {next((step for step in difference.path if isinstance(step, int)), None) for difference in group}
    return f" (and {len(group) - 1} more {'items' if len(indexes) == len(group) else 'places'})"
