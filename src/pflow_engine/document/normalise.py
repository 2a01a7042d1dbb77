"""What people write to the one form that is validated."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pflow_engine.document.positions import Path

IR_VERSION = "0.1.0"


def is_workflow(data: Any) -> bool:
    """Whether parsed data means to be a workflow: it has ``nodes``, or ``ir.nodes``, and is no trace of a run."""
    return isinstance(data, dict) and ("nodes" in data or _is_wrapped(data)) and not is_trace(data)


def is_trace(data: Mapping[str, Any]) -> bool:
    """Whether parsed data is the trace of a run, which has ``nodes``, too."""
    return "trace_version" in data


def unwrap(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Path]:
    """The IR, and where it stands in the file. A wrapper's name and description go along."""
    if not _is_wrapped(data):
        return data, ()
    told = {key: data[key] for key in ("name", "description", "ir_version") if key in data}
    return {**told, **data["ir"]}, ("ir",)


def normalise(ir: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what may be left out: ``ir_version``, ``edges`` (document order), ``parameters`` for ``params``.

    What is of the wrong type is left as it is, for validation to name.
    """
    filled = {"ir_version": IR_VERSION, **ir}
    if isinstance(filled.get("nodes"), list):
        filled["nodes"] = [_params(node) for node in filled["nodes"]]
        filled.setdefault("edges", _document_order(filled["nodes"]))
    return filled


def _is_wrapped(data: Mapping[str, Any]) -> bool:
    inner = data.get("ir")
    return "nodes" not in data and isinstance(inner, dict) and "nodes" in inner


def _params(node: Any) -> Any:
    if not isinstance(node, dict) or "parameters" not in node or "params" in node:
        return node
    return {"params" if key == "parameters" else key: value for key, value in node.items()}


def _document_order(nodes: list[Any]) -> list[dict[str, Any]]:
    ids = [node["id"] for node in nodes if isinstance(node, dict) and isinstance(node.get("id"), str)]
    return [{"from": one, "to": other} for one, other in pairwise(dict.fromkeys(ids))]
