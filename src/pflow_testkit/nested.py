"""A workflow to all its nodes, with those of what it nests: ``sub/fetch`` is ``fetch`` in the workflow of ``sub``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from pflow_engine.document.load import load_nested
from pflow_engine.document.model import Document, NodeIR, Workflow
from pflow_engine.errors import InvalidWorkflow
from pflow_engine.nodes import Registry
from pflow_engine.trace import NodeTrace

_MOST: Final = 10_000
"""As many nodes as a workflow may have, with those it nests."""


class Placed(NamedTuple):
    """A node, and the workflow that it stands in."""

    path: str
    node: NodeIR
    workflow: Workflow


class Written(NamedTuple):
    """A node as its file has it. ``above`` are the nodes whose workflows it is in."""

    above: tuple[str, ...]
    id: str
    type: str
    node: Mapping[str, Any]

    @property
    def path(self) -> str:
        """What it is called from outside."""
        return "/".join((*self.above, self.id))


class Named(NamedTuple):
    """The workflow files that nodes name, there or not; ``open`` where one is known only when it runs."""

    files: tuple[Path, ...]
    open: bool


def nodes_in(workflow: Workflow, above: str = "") -> Iterator[Placed]:
    """Every node of a workflow, each followed by those that it nests."""
    for node in workflow.nodes:
        yield Placed(above + node.id, node, workflow)
        if node.id in workflow.children:
            yield from nodes_in(workflow.children[node.id], f"{above}{node.id}/")


def may_be_in(workflow: Workflow, path: str, registry: Registry) -> bool:
    """Whether a path may be that of a node in a workflow that is named by a template, and not known before it runs."""
    node_id, _, below = path.partition("/")
    node = next((each for each in workflow.nodes if each.id == node_id), None)
    if node is None or not below:
        return False
    if node_id in workflow.children:
        return may_be_in(workflow.children[node_id], below, registry)
    kind = registry.get(node.type)
    return kind is not None and kind.interface.nests


def nodes_written(document: Document) -> list[Written]:
    """The same before it is known whether they are sound; what is no node is passed over."""
    return list(islice(_written(document, (), ()), _MOST))


def files_below(document: Document) -> list[Path]:
    """The files of the workflows that a document nests."""
    return list(dict.fromkeys(child for child, _ in _children(document, ())))


def named_in(document: Document) -> Named:
    """The files that a document's own nodes nest, of whatever type they are."""
    refs = []
    for _, _, node in _nodes(document):
        match node:
            case {"params": {"workflow_ref": str(ref)}}:
                refs.append(ref)
    files = [Path(os.path.normpath((document.folder / ref).absolute())) for ref in refs if "${" not in ref]
    return Named(tuple(dict.fromkeys(files)), any("${" in ref for ref in refs))


def records_of(records: Iterable[NodeTrace], path: str) -> list[list[NodeTrace]]:
    """The runs of a node by its path: a list for each run of the workflow that it is in."""
    node_id, _, below = path.partition("/")
    own = [record for record in records if record.id == node_id]
    if not below:
        return [own]
    return [found for record in own for child in record.children for found in records_of(child.nodes, below)]


def _written(document: Document, above: tuple[str, ...], chain: tuple[Path, ...]) -> Iterator[Written]:
    for node_id, kind, node in _nodes(document):
        yield Written(above, node_id, kind, node)
        child = _child(document, kind, node, chain)
        if child is not None:
            file, loaded = child
            yield from _written(loaded, (*above, node_id), (*chain, file))


def _children(document: Document, chain: tuple[Path, ...]) -> Iterator[tuple[Path, Document]]:
    for _, kind, node in _nodes(document):
        child = _child(document, kind, node, chain)
        if child is not None:
            yield child
            yield from _children(child[1], (*chain, child[0]))


def _nodes(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    nodes = document.ir.get("nodes")
    for node in nodes if isinstance(nodes, list) else []:
        match node:
            case {"id": str(node_id), "type": str(kind)}:
                yield node_id, kind, node


def _child(
    document: Document, kind: str, node: Mapping[str, Any], chain: tuple[Path, ...]
) -> tuple[Path, Document] | None:
    # What cannot be read, or nests itself, is told by who validates it.
    match node:
        case {"params": {"workflow_ref": str(ref)}} if kind == "workflow" and "${" not in ref:
            file = (document.folder / ref).absolute()
            try:
                if file.resolve() in map(Path.resolve, chain):
                    return None
                return file, load_nested(document.folder / ref, document.instead)
            except (InvalidWorkflow, OSError, RuntimeError, ValueError):
                return None
    return None
