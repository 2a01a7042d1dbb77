"""A run to what it reached: first what is to be kept of it, which is quick, then the keys of places, at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from pflow_engine.document.model import Workflow
from pflow_engine.document.positions import texts_in
from pflow_engine.templates import Path, Reference, parse
from pflow_engine.templates.lookup import NOT_THERE, Resolve, reference_resolver
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

Chosen = tuple[str, int]
"""A template with choices, and the one that it took."""


class NodeSeen(NamedTuple):
    """What a node did: ``templates`` are those that had a value, ``outcomes`` what became of a batch."""

    id: str
    action: str
    status: str
    templates: tuple[str, ...]
    outcomes: tuple[str, ...] = ()
    chosen: tuple[Chosen, ...] = ()


class RunSeen(NamedTuple):
    """What a run of a workflow did, not those that it nests. Many runs do the same: these are equal."""

    nodes: tuple[NodeSeen, ...]
    outputs: tuple[tuple[str, tuple[str, ...], tuple[Chosen, ...]], ...]


class Written:
    """The templates of a workflow as written, made once for its document."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.nodes = {node.id: _Templates.of(node.params) for node in workflow.nodes}
        self.items = {node.id: _Templates.of(node.batch.items) for node in workflow.nodes if node.batch}
        self.aliases = {node.id: node.batch.alias for node in workflow.nodes if node.batch}
        self.outputs = {name: _Templates.of(output.source) for name, output in workflow.outputs.items()}

    @cached_property
    def has_choices(self) -> bool:
        """Whether any template has: only then it matters what the values were."""
        return any(each.choices for group in (self.nodes, self.items, self.outputs) for each in group.values())

    def seen(self, trace: Trace) -> RunSeen:
        """What is to be kept of a run."""
        scope = dict(trace.inputs) if self.has_choices else {}
        nodes = tuple(self._node(node, scope) for node in trace.nodes)
        declared = [(name, self.outputs[name]) for name in self.outputs if name in trace.outputs]
        return RunSeen(nodes, tuple((name, each.plain, each.chosen([scope])) for name, each in declared))

    def _node(self, node: NodeTrace, scope: dict[str, Any]) -> NodeSeen:
        if node.batch is None:
            chosen = self.nodes[node.id].chosen([scope]) if node.templates else ()
            seen = NodeSeen(node.id, node.action, node.status, tuple(node.templates), (), chosen)
        else:
            seen = self._batch(node, node.batch, scope)
        if self.has_choices:
            scope.update({} if self.workflow.namespacing else node.outputs)
            scope[node.id] = node.outputs
        return seen

    def _batch(self, node: NodeTrace, batch: BatchTrace, scope: Mapping[str, Any]) -> NodeSeen:
        items, params = self.items[node.id], self.nodes[node.id]
        templates = items.plain + (params.plain if batch.items else ())
        chosen = items.chosen([scope])
        if params.choices:
            items_run = _items(node)
            distinct = _one_of_each_shape(items_run) if params.shallow else items_run
            chosen += params.chosen(_item_scopes(distinct, self.aliases[node.id], scope))
        outcomes = tuple(_outcomes(batch, node.outputs))
        return NodeSeen(node.id, node.action, node.status, templates, outcomes, chosen)


class _Templates(NamedTuple):
    """Those of one value: with one choice, and with several, each with what looks it up."""

    plain: tuple[str, ...]
    choices: tuple[tuple[str, tuple[Resolve, ...]], ...]
    shallow: bool
    """None looks further than one step down, so that items of one shape choose alike."""

    @classmethod
    def of(cls, value: Any) -> _Templates:
        found = {each.text: each for _, text in texts_in(value, ()) for each in parse(text).references}
        several = [each for each in found.values() if len(each.choices) > 1]
        return cls(
            tuple(text for text, each in found.items() if len(each.choices) == 1),
            tuple((each.text, tuple(_resolver(choice) for choice in each.choices)) for each in several),
            all(_is_shallow(path) for each in several for path in each.paths()),
        )

    def chosen(self, scopes: Iterable[Mapping[str, Any]]) -> tuple[Chosen, ...]:
        """Which choices were taken. Of many items none is asked once all choices were."""
        if not self.choices:
            return ()
        found: dict[Chosen, None] = {}
        wanted = sum(len(resolvers) for _, resolvers in self.choices)
        for scope in scopes:
            for text, resolvers in self.choices:
                found[text, _choice(resolvers, scope)] = None
            if len(found) == wanted:
                break
        return tuple(found)


def _is_shallow(path: Path) -> bool:
    return len(path.steps) <= 1 and not any(isinstance(step, Path) for step in path.steps)


def _resolver(choice: Any) -> Resolve:
    return reference_resolver(Reference("", (choice,)))


def _choice(resolvers: tuple[Resolve, ...], scope: Mapping[str, Any]) -> int:
    for number, resolve in enumerate(resolvers):
        try:
            resolve(scope)
        except NOT_THERE:
            continue
        return number
    return -1


def _items(node: NodeTrace) -> list[tuple[int, Any]]:
    failed = [(entry["index"], entry["item"]) for entry in node.outputs.get("errors") or ()]
    results = enumerate(node.outputs.get("results") or ())
    return failed + [(index, result["item"]) for index, result in results if type(result) is dict and "item" in result]


def _one_of_each_shape(items: list[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    seen: set[Any] = set()
    for index, item in items:
        kind = type(item)
        # Text may be JSON, whose shape nobody knows.
        shape = tuple(item) if kind is dict else (kind, len(item)) if kind is list else item if kind is str else kind
        if shape not in seen:
            seen.add(shape)
            yield index, item


def _item_scopes(items: Iterable[tuple[int, Any]], alias: str, scope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    own = dict(scope)
    for own["__index__"], own[alias] in items:
        yield own


def _outcomes(batch: BatchTrace, outputs: Mapping[str, Any]) -> Iterator[str]:
    count, failed = len(batch.items), outputs.get("error_count", 0)
    yield EMPTY if not count else ONE if count == 1 else MANY
    if failed:
        yield from (ENDED, ALL_FAILED if failed == count else SOME_FAILED)
    if batch.metadata.get("retried"):
        kinds = {status == "failed" for status, attempts, *_ in batch.items if attempts > 1}
        yield from (GAVE_UP if failed_again else RETRIED for failed_again in sorted(kinds))


def runs_in(workflow: Workflow, trace: Trace) -> Iterator[tuple[Workflow, Trace]]:
    """A run, and the runs of workflows in it whose files are known."""
    yield workflow, trace
    for node in trace.nodes if workflow.children else ():
        below = workflow.children.get(node.id)
        if below is not None:
            yield from (pair for child in node.children for pair in runs_in(below, child))


def keys_of(seen: RunSeen) -> Iterator[str]:
    """The places that a run reached, each once."""
    return iter(dict.fromkeys(_keys(seen)))


def _keys(seen: RunSeen) -> Iterator[str]:
    for node, following in pairwise(seen.nodes):
        yield edge_key(node.id, node.action, following.id)
    for node in seen.nodes:
        yield node_key(node.id)
        if node.status == "failed":
            yield error_key(node.id)
        yield from (batch_key(node.id, outcome) for outcome in node.outcomes)
        yield from _template_keys(node.id, node.templates, node.chosen)
    for name, templates, chosen in seen.outputs:
        yield from _template_keys(f"outputs.{name}", templates, chosen)


def _template_keys(owner: str, templates: tuple[str, ...], chosen: tuple[Chosen, ...]) -> Iterator[str]:
    several = {text for text, _ in chosen}
    yield from (template_key(owner, text) for text in templates if text not in several)
    yield from (template_key(owner, text, number) for text, number in chosen)
