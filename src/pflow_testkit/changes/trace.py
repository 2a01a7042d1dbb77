"""Two traces to their changes; two plain values to theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.templates import MISSING
from pflow_testkit.changes.align import same
from pflow_testkit.changes.fields import field_differences, given, others
from pflow_testkit.changes.model import Change, Severity
from pflow_testkit.changes.nodes import node_differences, says_the_same
from pflow_testkit.changes.runs import RunPair, are_runs, paired_runs
from pflow_testkit.changes.severity import of_contract, of_node, of_run
from pflow_testkit.changes.telling import Teller
from pflow_testkit.changes.users import Users
from pflow_testkit.changes.values import Difference, differences
from pflow_testkit.changes.words import dotted, joined, place_of

_Trace = Mapping[str, Any]


def trace_changes(old: Any, new: Any, workflow: Workflow | None = None) -> list[Change]:
    """What changed from one canonical trace to another: the nodes in the order they ran, then the run itself.

    After a node comes what changed in the workflow that it nests, its nodes called ``sub/fetch``.
    Both are strict JSON without what is volatile; fields that are null or empty may be left out. What is not of
    the shape of a trace is compared as a plain value. The workflow tells who uses what changed.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return value_changes(old, new, "the trace")
    if not are_runs(old.get("nodes", [])) or not are_runs(new.get("nodes", [])):
        return list(Teller(of_run, place_of).changes(_plain(old, new)))
    old, new = {"nodes": [], **old}, {"nodes": [], **new}
    pairs = paired_runs(old["nodes"], new["nodes"])
    users = Users.of(workflow, old, new)
    totals = [Counter(run["id"] for run in side["nodes"]) for side in (old, new)]
    changes = [change for pair in pairs for change in _of_pair(pair, users, totals, workflow)]
    return [*changes, *Teller(of_run, place_of).changes(_of_run(old, new, pairs, changes))]


def value_changes(old: Any, new: Any, what: str = "") -> list[Change]:
    """The same of plain data that others may use, such as the outputs of a workflow; ``what`` is its name."""
    teller = Teller(of_contract, lambda path: joined(what, dotted(path)) or "the value")
    return list(teller.changes(differences(old, new)))


def _plain(old: _Trace, new: _Trace) -> Iterator[Difference]:
    for name in others(old, new, ()):
        yield from field_differences(old, new, name)


def _of_pair(pair: RunPair, users: Users, totals: list[Counter[str]], workflow: Workflow | None) -> Iterator[Change]:
    here = Change(Severity.BEHAVIOUR, pair.node, pair.occurrence, None, "", "")
    if pair.new is None:
        still = [user for user in users.using(pair.node, ()) if user in totals[1] or user.startswith("output '")]
        run = _of_many(pair, totals[0], "did not happen again") or "did not run, it did before"
        yield replace(here, how=run, users=tuple(dict.fromkeys(still)))
    elif pair.old is None:
        yield replace(here, how=_of_many(pair, totals[1], "is new") or "ran, it did not before")
    else:
        if pair.order:
            yield replace(here, what="order", how=pair.order)
        teller = Teller(
            of_node,
            place_of,
            lambda difference: users.of_difference(pair.node, difference),
            pair.node,
            pair.occurrence,
        )
        own = list(teller.changes(node_differences(pair.old, pair.new)))
        yield from own
        yield from _of_child(pair, own, workflow.children.get(pair.node) if workflow else None)


def _of_child(pair: RunPair, own: list[Change], workflow: Workflow | None) -> Iterator[Change]:
    assert pair.old is not None
    assert pair.new is not None
    old, new = pair.old.get("child"), pair.new.get("child")
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    told = {change.how for change in own}
    for change in trace_changes(old, new, workflow):
        if change.node:
            users = tuple(_user_below(pair.node, user) for user in change.users)
            yield replace(change, node=f"{pair.node}/{change.node}", users=users)
        elif change.how not in told:
            # Its outputs are the node's, and so is its error.
            yield replace(
                change, node=pair.node, occurrence=pair.occurrence, what=joined("child", change.what), users=()
            )


def _user_below(node: str, user: str) -> str:
    return f"{user} of '{node}'" if user.startswith("output '") else f"{node}/{user}"


def _of_many(pair: RunPair, totals: Counter[str], became: str) -> str:
    total = totals[pair.node]
    return f"run {pair.occurrence + 1} of {total} {became}" if total > 1 else ""


def _of_run(old: _Trace, new: _Trace, pairs: list[RunPair], changes: list[Change]) -> Iterator[Difference]:
    told = ["nodes"]
    if _error_is_told(old, new, changes):
        told.append("error")
    if _outputs_are_told(old, new, pairs):
        told.append("outputs")
    for name in ("status", *others(old, new, ("status", *told))):
        yield from field_differences(old, new, name)


def _error_is_told(old: _Trace, new: _Trace, changes: list[Change]) -> bool:
    # An error that is new or gone is that of a node, of which it was just said.
    nodes = {change.node for change in changes if change.what in ("error", "")}
    return bool(nodes) and all(_is_error_of(nodes, side) for side in (old, new))


def _is_error_of(nodes: set[str], trace: _Trace) -> bool:
    error = trace.get("error")
    own = [run.get("error") for run in trace["nodes"] if run["id"] in nodes and isinstance(run.get("error"), str)]
    return error is None or any(isinstance(error, str) and says_the_same(said, error) for said in own)


def _outputs_are_told(old: _Trace, new: _Trace, pairs: list[RunPair]) -> bool:
    # A run that fails has no outputs; where none are declared they are those of the last node.
    failed = new.get("status") == "failed" and old.get("status") != "failed"
    if failed and given(new, "outputs") is MISSING:
        return True
    last = (old["nodes"][-1:], new["nodes"][-1:])
    paired = any([pair.old] == last[0] and [pair.new] == last[1] for pair in pairs)
    return paired and all(
        same(side.get("outputs"), run[0].get("outputs")) for side, run in zip((old, new), last, strict=True)
    )
