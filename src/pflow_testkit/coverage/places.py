"""A workflow to the places in it that tests can reach: nodes, edges, templates, what may become of a batch, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from pflow_engine.document.model import BatchConfig, Document, Edge, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.nodes import Interface, Registry
from pflow_engine.templates import Reference, parse
from pflow_testkit.coverage.lines import line_of

Kind = Literal["node", "edge", "template", "batch", "error"]
KINDS: Final[tuple[Kind, ...]] = ("node", "edge", "template", "batch", "error")

EMPTY, ONE, MANY = "no items", "one item", "many items"
SOME_FAILED, ALL_FAILED, ENDED = "an item failed", "all items failed", "an item failed and ended it"
RETRIED, GAVE_UP = "an item succeeded when tried again", "an item failed when tried again"


class Place(NamedTuple):
    """One of them. ``text`` is how it is named to people; ``key`` is the same for every run of the same file."""

    kind: Kind
    key: str
    text: str
    line: int


def node_key(node_id: str) -> str:
    """The node ran."""
    return f"node {node_id}"


def edge_key(source: str, action: str, target: str) -> str:
    """The edge was taken."""
    return f"edge {source} {action} {target}"


def template_key(owner: str, text: str, choice: int = 0) -> str:
    """The template had a value; of ``${a ?? b}`` by that choice. ``owner`` is a node's id, or ``outputs.NAME``."""
    return f"template {owner} {choice} {text}"


def batch_key(node_id: str, outcome: str) -> str:
    """That became of the batch."""
    return f"batch {node_id} {outcome}"


def error_key(node_id: str) -> str:
    """The node failed."""
    return f"error {node_id}"


def places_of(workflow: Workflow, registry: Registry) -> Iterator[Place]:
    """The places of a workflow, not those of workflows that it nests, in the order of its file."""
    document = workflow.document
    for index, node in enumerate(workflow.nodes):
        yield Place("node", node_key(node.id), node.id, line_of(document, ("nodes", index)))
        yield from _templates(node.id, node.params, document, ("nodes", index, "params"))
        kind = registry.get(node.type)
        fails = may_fail(kind.interface if kind else None)
        if node.batch is not None:
            items: Path = ("nodes", index, "batch", "items")
            yield from _templates(node.id, node.batch.items, document, items)
            for outcome in _outcomes(node.batch, fails=fails):
                line = line_of(document, ("nodes", index, "batch"))
                yield Place("batch", batch_key(node.id, outcome), f"{node.id}: {outcome}", line)
        elif fails:
            yield Place("error", error_key(node.id), f"{node.id} fails", line_of(document, ("nodes", index)))
    for edge in workflow.edges:
        yield Place("edge", edge_key(edge.source, edge.action, edge.target), _arrow(edge), _edge_line(edge, document))
    for name, output in workflow.outputs.items():
        yield from _templates(f"outputs.{name}", output.source, document, ("outputs", name, "source"))


def _edge_line(edge: Edge, document: Document) -> int:
    for index, written in enumerate(document.ir["edges"]):
        if (written["from"], written["to"], written.get("action", "default")) == (
            edge.source,
            edge.target,
            edge.action,
        ):
            return line_of(document, ("edges", index))
    return 1


def _arrow(edge: Edge) -> str:
    return f"{edge.source} {'->' if edge.action == 'default' else f'-[{edge.action}]->'} {edge.target}"


def _templates(owner: str, value: Any, document: Document, path: Path) -> Iterator[Place]:
    seen = set()
    for at, text in texts_in(value, path):
        for reference in parse(text).references:
            if reference.text not in seen:
                seen.add(reference.text)
                yield from _choices(owner, reference, line_of(document, at))


def _choices(owner: str, reference: Reference, line: int) -> Iterator[Place]:
    for number, choice in enumerate(reference.choices):
        said = f", by {_shown(choice)}" if len(reference.choices) > 1 else ""
        text = f"{owner}: {reference.text}{said}"
        yield Place("template", template_key(owner, reference.text, number), text, line)


def _shown(choice: Any) -> str:
    return str(choice) if hasattr(choice, "root") else f'"{choice.value}"'


def may_fail(interface: Interface | None) -> bool:
    """Whether nodes of a type can come to anything but a success; those of an unknown one may."""
    actions = interface.actions if interface else None
    return actions is None or "error" in actions


def _outcomes(batch: BatchConfig, *, fails: bool) -> Iterator[str]:
    fixed = len(batch.items) if isinstance(batch.items, list) else None
    if fixed is None:
        yield from (EMPTY, ONE, MANY)
    if not fails:
        return
    if batch.error_handling == "fail_fast":
        yield ENDED
    else:
        yield from (ALL_FAILED,) if fixed == 1 else (SOME_FAILED, ALL_FAILED)
    if batch.max_retries > 1:
        yield from (RETRIED, GAVE_UP)


def with_nested(workflow: Workflow) -> Iterator[Workflow]:
    """A workflow and those that it nests."""
    yield workflow
    for child in workflow.children.values():
        yield from with_nested(child)
