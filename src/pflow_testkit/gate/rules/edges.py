"""Two versions of the edges to which way a run goes now.

Only nodes that both versions have are looked at, and where they lead past those that one has alone: that a new node
stands between two old ones is told by the node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pflow_engine.templates import MISSING
from pflow_testkit.changes.align import rising
from pflow_testkit.gate.comparing.pair import Pair, Place, is_written
from pflow_testkit.gate.comparing.routes import Routes, Step
from pflow_testkit.gate.model import Finding, Side

_DEFAULT, _ERROR = "default", "error"


def edge_changes(pair: Pair) -> Iterator[Finding]:
    """Steps that lead elsewhere, nodes that run at another place or not at all, errors that nobody handles."""
    was, now = Routes(pair.base, pair.names), Routes(pair.head, {name: name for name in pair.names.values()})
    moved = _moved(was.line, now.line)
    for node in moved:
        yield pair.tell("node-moved", f"node '{node}' runs at another place", pair.at(node, "id"), node=node)
    settled = set(now.line) if moved else set()
    if was.start != now.start and not moved:
        yield _start(pair, was.start, now.start)
    yield from _steps(pair, *(_unsettled(routes.steps, settled) for routes in (was, now)))
    yield from _errors(pair, was, now)
    for node in was.line:
        if node not in now.line:
            message = f"node '{node}' no longer runs when all goes well"
            yield pair.tell("node-off-path", message, pair.at(node, "id"), node=node)


def _moved(was: tuple[str, ...], now: tuple[str, ...]) -> list[str]:
    if was == now or set(was) != set(now):
        return []
    places = {node: place for place, node in enumerate(now)}
    stay = {old for old, _ in rising([(old, places[node]) for old, node in enumerate(was)])}
    return [node for old, node in enumerate(was) if old not in stay]


def _unsettled(steps: Mapping[Step, str], settled: set[str]) -> dict[Step, str]:
    # Where nodes have moved, that others lead to another one now follows from it.
    return {step: target for step, target in steps.items() if step[1] != _DEFAULT or step[0] not in settled}


def _start(pair: Pair, was: str | None, now: str | None) -> Finding:
    place = Place(("start_node",)) if "start_node" in pair.head.document.ir else pair.at(pair.head.start, "id")
    message = f"a run starts at '{now or pair.head.start}' now"
    return pair.tell("start-node-changed", message, place, base=was, head=now, node=now or "")


def _steps(pair: Pair, was: dict[Step, str], now: dict[Step, str]) -> Iterator[Finding]:
    gone = {step: target for step, target in was.items() if step not in now}
    new = {step: target for step, target in now.items() if step not in was}
    for step, target in was.items():
        if step in now and target != now[step]:
            yield _told(pair, "edge-retargeted", step, target, now[step])
    for step, target in gone.items():
        source, action = step
        other = next((each for each in new if each[0] == source and new[each] == target), None)
        if other is not None:
            del new[other]
            message = f"the edge from '{source}' to '{target}' is taken on another action"
            place = _place(pair, other, "head")
            yield pair.tell("edge-action-changed", message, place, base=action, head=other[1], node=source)
        elif action != _ERROR:
            yield _told(pair, "edge-removed", step, target, MISSING)
    for step, target in new.items():
        if step[1] != _ERROR:
            yield _told(pair, "edge-added", step, MISSING, target)


def _told(pair: Pair, code: str, step: Step, was: Any, now: Any) -> Finding:
    source, action = step
    side: Side = "base" if now is MISSING else "head"
    what = {"edge-removed": f"no longer leads to '{was}'", "edge-added": f"leads to '{now}' now"}
    said = f"the action '{action}' of '{source}' {what.get(code, 'leads elsewhere')}"
    return pair.tell(code, said, _place(pair, step, side), base=was, head=now, node=source)


def _errors(pair: Pair, was: Routes, now: Routes) -> Iterator[Finding]:
    for node in sorted(was.handles_error - now.handles_error):
        message = f"no edge handles the error of '{node}' any more"
        yield pair.tell("error-path-removed", message, _place(pair, (node, _ERROR), "base"), node=node)
    for node in sorted(now.handles_error - was.handles_error):
        message = f"an edge handles the error of '{node}' now"
        yield pair.tell("error-path-added", message, _place(pair, (node, _ERROR), "head"), node=node)


def _place(pair: Pair, step: Step, side: Side) -> Place:
    workflow = pair.base if side == "base" else pair.head
    source = pair.old_names[step[0]] if side == "base" else step[0]
    edges = enumerate(workflow.edges)
    index = next((index for index, edge in edges if (edge.source, edge.action) == (source, step[1])), None)
    if index is None or not is_written(workflow, ("edges", index)):
        return pair.at(source, "id", side=side)
    return Place(("edges", index), side)
