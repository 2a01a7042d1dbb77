"""A trace to the places that its run reached, by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.document.positions import texts_in
from pflow_engine.templates import MISSING, Reference, lookup, parse
from pflow_engine.trace import BatchTrace, NodeTrace, Trace
from pflow_testkit.coverage.places import (
    ALL_FAILED,
    EMPTY,
    ENDED,
    GAVE_UP,
    MANY,
    ONE,
    RETRIED,
    SOME_FAILED,
    batch_key,
    edge_key,
    error_key,
    node_key,
    template_key,
)

Hit = tuple[str, str]
"""The workflow's file, and the key of a place in it."""


def hits_of(workflow: Workflow, trace: Trace) -> Iterator[Hit]:
    """What a run reached, with the runs of workflows in it. A place is named once for each run that reached it."""
    for key in dict.fromkeys(_keys(workflow, trace)):
        yield workflow.document.file, key
    for node in trace.nodes:
        below = workflow.children.get(node.id)
        if below is not None:
            yield from (hit for child in node.children for hit in hits_of(below, child))


def _keys(workflow: Workflow, trace: Trace) -> Iterator[str]:
    for node, following in pairwise(trace.nodes):
        yield edge_key(node.id, node.action, following.id)
    written = {node.id: node for node in workflow.nodes}
    scope: dict[str, Any] = dict(trace.inputs)
    for node in trace.nodes:
        yield node_key(node.id)
        if node.status == "failed":
            yield error_key(node.id)
        if node.batch is None:
            yield from _chosen(node.id, _resolved(node), [scope])
        else:
            yield from _batch(node, node.batch, written[node.id], scope)
        scope = {**scope, **({} if workflow.namespacing else node.outputs), node.id: node.outputs}
    for name, output in workflow.outputs.items():
        if name in trace.outputs:
            yield from _chosen(f"outputs.{name}", _references(output.source), [scope])


def _resolved(node: NodeTrace) -> list[Reference]:
    return [reference for text in node.templates for reference in parse(text).references]


def _batch(node: NodeTrace, batch: BatchTrace, written: Any, scope: Mapping[str, Any]) -> Iterator[str]:
    yield from (batch_key(node.id, outcome) for outcome in _outcomes(batch))
    items = written.batch.items
    yield from _chosen(node.id, _references(items), [scope])
    references = _all_references(written.params)
    if batch.items and references:
        plain = all(len(reference.choices) == 1 for reference in references)
        scopes = [scope] if plain else _item_scopes(node, written.batch.alias, scope)
        yield from _chosen(node.id, references, scopes)


def _outcomes(batch: BatchTrace) -> Iterator[str]:
    # Of ten thousand items there are a few pairs of status and attempts.
    kinds = {(status, attempts > 1) for status, attempts, *_ in batch.items}
    yield EMPTY if not batch.items else ONE if len(batch.items) == 1 else MANY
    statuses = {status for status, _ in kinds}
    if "failed" in statuses:
        yield from (ENDED, ALL_FAILED if statuses == {"failed"} else SOME_FAILED)
    if ("failed", True) in kinds:
        yield GAVE_UP
    if any(again and status != "failed" for status, again in kinds):
        yield RETRIED


def _item_scopes(node: NodeTrace, alias: str, scope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    items = {entry["index"]: entry["item"] for entry in node.outputs.get("errors") or ()}
    for index, result in enumerate(node.outputs.get("results") or ()):
        if isinstance(result, Mapping) and "item" in result:
            items[index] = result["item"]
    for index, item in sorted(items.items()):
        yield {**scope, alias: item, "__index__": index}


def _chosen(owner: str, references: Iterable[Reference], scopes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    several = []
    for reference in references:
        if len(reference.choices) == 1:
            yield template_key(owner, reference.text)
        else:
            several.append(reference)
    if several:
        for scope in scopes:
            yield from (template_key(owner, each.text, _choice(each, scope)) for each in several)


def _choice(reference: Reference, scope: Mapping[str, Any]) -> int:
    for number, choice in enumerate(reference.choices):
        if lookup(Reference("", (choice,)), scope) is not MISSING:
            return number
    return -1


def _all_references(params: Mapping[str, Any]) -> list[Reference]:
    return [reference for _, text in texts_in(params, ()) for reference in _references(text)]


def _references(value: Any) -> tuple[Reference, ...]:
    if isinstance(value, str):
        return _parsed(value)
    return tuple(reference for _, text in texts_in(value, ()) for reference in _parsed(text))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Reference, ...]:
    return parse(text).references
