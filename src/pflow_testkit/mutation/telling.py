"""Runs of a case, on a workflow and on its mutant, to what the case could say to tell them apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pflow_engine.result import RunResult
from pflow_engine.trace import NodeTrace, strict_json
from pflow_testkit.stress.comparison import canonical, difference, differing

SNAPSHOT: Final = "snapshot: [trace]"
UNSEEN: Final = "only a secret differs, which no snapshot holds: a test in Python sees it in pflow.calls(…)"
CHANGING: Final = "the run is another each time, so no snapshot would hold: stub what changes, or it does not matter"
SAME: Final = "the run is the same: a case is missing in which it matters, or it does not matter"
_LONGEST: Final = 200
_VOLATILE: Final = ("timing", "response_time", "response_headers")
_WAY: Final = ("batch_metadata.parallel", "batch_metadata.execution_mode", "batch_metadata.max_concurrent")


def assertion(who: str, base: RunResult, again: RunResult, mutant: RunResult) -> str:
    """What to add to a case, ``who``, that passes on both: an expectation that only the workflow as it is meets.

    ``again`` is another run like ``base``: what differs between these two is not named.
    """
    here = f"{who} would notice with "
    if base.status == again.status != mutant.status:
        return f"{here}expect: {{status: {base.status}}}"
    order = _order(base)
    if order == _order(again) and order != _order(mutant):
        return f"{here}expect: {{order: [{', '.join(order)}]}}"
    outputs = _differing(*(strict_json(each.outputs) for each in (base, again, mutant)))
    if outputs:
        return _short(f"{here}expect: {{outputs: {outputs}}}", here)
    return _of_nodes(*([*_records(each.trace.nodes)] for each in (base, again, mutant)), here=here)


_Record = tuple[str, NodeTrace]


def _order(result: RunResult) -> list[str]:
    return [node.id for node in result.trace.nodes]


def _of_nodes(base: list[_Record], again: list[_Record], mutant: list[_Record], *, here: str) -> str:
    if [path for path, _ in base] != [path for path, _ in mutant]:
        return f"{here}{SNAPSHOT}"
    # Of a node that ran several times an expectation is about the last.
    others, agains = dict(mutant), dict(again)
    for path, node in dict(base).items():
        left = _differing(node.outputs, agains[path].outputs if path in agains else {}, others[path].outputs)
        if left:
            return _short(f"{here}expect: {{nodes: {{{path}: {left}}}}}", here)
    pairs = ((one, other) for (_, one), (_, other) in zip(base, mutant, strict=True))
    same = all(_facts(one) == _facts(other) and not _unlike(one.outputs, other.outputs) for one, other in pairs)
    return SAME if same else f"{here}{SNAPSHOT}"


def _records(nodes: Iterable[NodeTrace], above: str = "") -> Iterator[_Record]:
    for node in nodes:
        path = above + node.id
        yield path, node
        for child in node.children:
            yield from _records(child.nodes, f"{path}/")


def _differing(base: Mapping[str, Any], again: Mapping[str, Any], mutant: Mapping[str, Any]) -> str:
    wanted = _unlike(_steady(base, again), mutant)
    return json.dumps(wanted, ensure_ascii=False) if wanted else ""


def _steady(base: Mapping[str, Any], again: Mapping[str, Any]) -> dict[str, Any]:
    both = {name: (value, again[name]) for name, value in base.items() if name in again}
    deep = {name: _steady(*pair) for name, pair in both.items() if all(isinstance(each, Mapping) for each in pair)}
    return {name: deep.get(name, one) for name, (one, other) in both.items() if name in deep or one == other}


def _unlike(base: Mapping[str, Any], mutant: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in base.items():
        other = mutant.get(name, ...)
        if name in _VOLATILE:
            continue
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            inner = _unlike(value, other)
            found |= {name: inner} if inner else {}
        elif value != other:
            found[name] = value
    return found


def _facts(node: NodeTrace) -> tuple[Any, ...]:
    return node.action, node.error, node.params, node.templates


def _short(text: str, here: str) -> str:
    return text if len(text) <= _LONGEST else f"{here}{SNAPSHOT}"


def difference_of(result: RunResult, reference: RunResult, again: RunResult) -> str:
    """The first difference of two runs that must be the same whichever way their items were run, or "".

    ``again`` is another run like the reference: what differs between these two is not held against anyone.
    """
    was = canonical(reference)
    told = frozenset(f"{node}.{way}" for node in was for way in _WAY)
    if difference(result, was, told) is None:
        return ""
    found = difference(result, was, told | differing(again, was))
    return f"{found.path} is {found.is_now}, was {found.was}" if found else ""
