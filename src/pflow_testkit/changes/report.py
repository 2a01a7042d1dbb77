"""Changes to the text that a failing test shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_testkit.changes.model import Change, Severity
from pflow_testkit.changes.runs import are_runs
from pflow_testkit.changes.words import showable

_WIDEST = 36
_MOST_NAMES = 5


def changes_report(
    changes: Iterable[Change],
    workflow: Workflow | None,
    new: Mapping[str, Any] | None,
    *,
    accept: str = "",
    most: int = 20,
) -> str:
    """Changes by node, each with the place of the node in the file; at most ``most`` lines of one node.

    Of more than that the BREAKING ones are kept. ``new`` is the trace that ``trace_changes`` was given; ``accept`` is
    what to run where the change is meant.
    """
    lines: list[str] = []
    for _, group in groupby(changes, key=_thing):
        own = list(group)
        if len({change.node for change in own}) > 1:
            own, header = own[:1], _header_of_many(own, workflow)
        else:
            header = _header(own[0], workflow, new or {})
        lines += [header, *_lines(own, most)]
    if accept:
        lines.append(f"  accept: {accept}")
    return "\n".join(map(showable, lines))


def first_in_words(changes: Sequence[Change]) -> str:
    """The first change as a sentence: ``node 'classify', item 1: label is "feature", was "bug"``; "" for none."""
    if not changes:
        return ""
    first = changes[0]
    item = f"items[{first.item}]"
    inside = first.item is not None and first.what.startswith(item)
    where = [f"node '{first.node}'" if first.node else "", f"item {first.item}" if inside else ""]
    what = first.what.removeprefix(item).removeprefix(".") if inside else first.what
    became = f"is {first.now}, was {first.was}" if first.was and first.now else first.how
    said = " ".join(filter(None, (what, became)))
    return showable(": ".join(filter(None, (", ".join(filter(None, where)), said))))


def _thing(change: Change) -> tuple[str, int, str]:
    # A run that is new or gone is a thing of its own: its number may be that of another one. Nodes of which the same
    # is to say, one after the other, are said together.
    if change.what:
        return change.node, change.occurrence, ""
    return ("", 0, change.how) if not change.users else (change.node, change.occurrence, change.how)


def _header_of_many(changes: list[Change], workflow: Workflow | None) -> str:
    names = [f"'{change.node}'" for change in changes]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    place = f"{_place(changes[0].node, workflow)}  " if workflow else ""
    return f"{place}nodes {', '.join(names[:_MOST_NAMES])}{more}"


def _header(change: Change, workflow: Workflow | None, new: Mapping[str, Any]) -> str:
    place = f"{_place(change.node, workflow)}  " if workflow else ""
    if not change.node:
        return f"{place}the run"
    nodes = new.get("nodes")
    runs = [run for run in nodes if run["id"] == change.node] if isinstance(nodes, list) and are_runs(nodes) else []
    number = f", run {change.occurrence + 1} of {len(runs)}" if len(runs) > 1 and change.what else ""
    here = runs[change.occurrence] if change.occurrence < len(runs) and change.what else {}
    return f"{place}node '{change.node}'{number}{_batch(here)}"


def _place(node: str, workflow: Workflow) -> str:
    above, _, below = node.partition("/")
    if below and above in workflow.children:
        return _place(below, workflow.children[above])
    file = workflow.document.file
    if not any(node == there.id for there in workflow.nodes):
        return file
    position = workflow.document.problem("", "", (*workflow.node_path(node), "id")).position
    return f"{file}:{position.line}" if position else file


def _batch(run: Mapping[str, Any]) -> str:
    batch = run.get("batch")
    items, metadata = (batch.get("items", []), batch.get("metadata")) if isinstance(batch, dict) else (None, None)
    if not isinstance(items, list):
        return ""
    mode = metadata.get("execution_mode") if isinstance(metadata, dict) else None
    words = ["batch", *([mode] if isinstance(mode, str) else []), f"{len(items)} item{'s' * (len(items) != 1)}"]
    return f" ({', '.join(words)})"


def _lines(changes: list[Change], most: int) -> Iterator[str]:
    kept = _kept(changes, most)
    width = min(_WIDEST, max(len(change.what) for change in kept))
    for change in kept:
        what = f"{change.what.ljust(width)}    " if change.what else ""
        yield f"  {change.severity:<9}  {what}{change.how}{_used_by(change.users)}"
    if len(kept) < len(changes):
        yield f"  ...and {len(changes) - len(kept)} more"


def _kept(changes: list[Change], most: int) -> list[Change]:
    by_weight = sorted(range(len(changes)), key=lambda index: changes[index].severity != Severity.BREAKING)
    return [changes[index] for index in sorted(by_weight[: max(most, 1)])]


def _used_by(users: tuple[str, ...]) -> str:
    if not users:
        return ""
    more = f" and {len(users) - _MOST_NAMES} more" if len(users) > _MOST_NAMES else ""
    return f" (used by: {', '.join(users[:_MOST_NAMES])}{more})"
