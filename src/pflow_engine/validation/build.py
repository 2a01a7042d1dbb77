"""A document whose structure is sound, to a Workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.document.model import (
    BatchConfig,
    Document,
    Edge,
    InputDeclaration,
    NodeIR,
    OutputDeclaration,
    Workflow,
)


def build_workflow(document: Document) -> Workflow:
    """The frozen model of a normalised, valid IR."""
    ir = document.ir
    nodes = tuple(_node(node) for node in ir["nodes"])
    return Workflow(
        document=document,
        nodes=nodes,
        edges=tuple(Edge(edge["from"], edge["to"], edge.get("action", "default")) for edge in ir["edges"]),
        start=ir.get("start_node", nodes[0].id),
        inputs={name: _input(declared) for name, declared in ir.get("inputs", {}).items()},
        outputs={name: OutputDeclaration(**declared) for name, declared in ir.get("outputs", {}).items()},
        namespacing=ir.get("enable_namespacing", True),
        permissive=ir.get("template_resolution_mode", "strict") == "permissive",
        name=ir.get("name", ""),
    )


def _node(node: Mapping[str, Any]) -> NodeIR:
    batch = _batch(node["batch"]) if "batch" in node else None
    return NodeIR(node["id"], node["type"], node.get("purpose", ""), node.get("params", {}), batch)


def _batch(batch: Mapping[str, Any]) -> BatchConfig:
    named = {"alias" if key == "as" else key: value for key, value in batch.items()}
    for name in ("max_concurrent", "max_retries"):
        if name in named:
            named[name] = int(named[name])
    if isinstance(batch["items"], str):
        named["items"] = batch["items"].strip()  # blanks around a template would make text of what it leads to
    return BatchConfig(**named)


def _input(declared: Mapping[str, Any]) -> InputDeclaration:
    return InputDeclaration(
        declared.get("type", "any"),
        declared.get("required", True),
        declared.get("default"),
        "default" in declared,
        declared.get("description", ""),
        declared.get("stdin", False),
    )
