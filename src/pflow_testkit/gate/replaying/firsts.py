"""Changes between two traces to the same in the order in which they came about, down into the items of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pflow_testkit.changes import Change, Severity, trace_changes

_GIVEN: Final = ("params", "type", "order", "templates")
"""What is different before a node runs."""


@dataclass(slots=True)
class _Run:
    """What changed of one run of a node, and in what it nests. Filled by ``_runs`` alone."""

    node: str
    occurrence: int | None = None
    changes: list[Change] = field(default_factory=list)


def first_changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """What comes out differently from one canonical trace to another, what came first first."""
    found = [change for change in trace_changes(was, now) if change.severity is not Severity.COSMETIC]
    return list(_in_order(found, 0))


def in_item(change: Change, was: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    """Of an item that runs a workflow, what came first in that one."""
    place = f"items[{change.item}]"
    inside = change.what.removeprefix(place)
    if change.item is None or inside in ("", ".item") or inside.startswith((".item.", ".item[")):
        return change
    old, new = (_run_of_item(trace, change) for trace in (was, now))
    inner = first_changes(old, new) if old and new else []
    first = next((each for each in inner if each.node), None)
    if first is None:
        return change
    first = in_item(first, old, new)
    what = f"{place}.{first.what}" if first.what else place
    return replace(first, node=f"{change.node}/{first.node}", item=change.item, what=what)


def _run_of_item(trace: Mapping[str, Any], change: Change) -> Mapping[str, Any]:
    *above, node = change.node.split("/")
    for each in above:
        trace = next((run["child"] for run in trace["nodes"] if run["id"] == each and run.get("child")), {"nodes": []})
    runs = [run for run in trace["nodes"] if run["id"] == node][change.occurrence :]
    items = (runs[0].get("batch") or {}).get("items", []) if runs else []
    found: Mapping[str, Any] = next((each.get("child") or {} for each in items[change.item :]), {})
    return found if found.get("nodes") else {}


def _in_order(changes: Iterable[Change], depth: int) -> Iterator[Change]:
    for run in _runs(changes, depth):
        own = [change for change in run.changes if change.node == run.node]
        below = [change for change in run.changes if change.node != run.node]
        ranked = sorted(own, key=_rank)
        yield from (change for change in ranked if _rank(change) < _BELOW)
        yield from _in_order(below, depth + 1) if below else ()
        yield from (change for change in ranked if _rank(change) > _BELOW)


_BELOW: Final = 2


def _rank(change: Change) -> int:
    # The params of a batch stand as written: that they read differently is known, with which item it begins is not.
    if change.item is not None:
        return 0
    if not change.what or change.what.startswith(_GIVEN):
        return 1
    return 3 if change.what == "error" else 4


def _runs(changes: Iterable[Change], depth: int) -> list[_Run]:
    runs: list[_Run] = []
    for change in changes:
        top = "/".join(change.node.split("/")[: depth + 1])
        occurrence = change.occurrence if change.node == top else None
        is_other = occurrence is not None and runs[-1:] and runs[-1].occurrence not in (None, occurrence)
        if not runs or runs[-1].node != top or is_other:
            runs.append(_Run(top))
        runs[-1].occurrence = occurrence if occurrence is not None else runs[-1].occurrence
        runs[-1].changes.append(change)
    return runs
