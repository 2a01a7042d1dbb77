"""A workflow, or the node types at hand, to the text that a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.errors import showable
from pflow_engine.formatting.as_json import describe_as_json, nodes_as_json
from pflow_engine.nodes.registry import Registry

_LONGEST_VALUE = 60


def describe_as_text(workflow: Workflow, registry: Registry) -> str:
    """What a workflow takes, gives and does, those that it nests below the nodes that run them."""
    return showable("\n".join(_workflow(describe_as_json(workflow, registry))))


def nodes_as_text(registry: Registry) -> str:
    """Each node type with its params, outputs, actions and effects."""
    return showable("\n\n".join("\n".join(_kind(kind)) for kind in nodes_as_json(registry)))


def _workflow(told: Mapping[str, Any]) -> Iterator[str]:
    yield from filter(None, [_titled(_line(told["name"] or told["file"]), told["description"])])
    if told["name"]:
        yield f"File: {told['file']}"
    yield from _section("Inputs", [_input(*each) for each in told["inputs"].items()])
    yield from _section("Nodes", [line for node in told["nodes"] for line in _node(node, told)], len(told["nodes"]))
    yield from _section("Edges", [_edge(edge) for edge in told["edges"]])
    yield from _section("Outputs", [_output(*each) for each in told["outputs"].items()])


def _section(title: str, lines: list[str], count: int | None = None) -> Iterator[str]:
    if lines:
        yield f"{title} ({len(lines) if count is None else count}):"
        yield from (f"  {line}" for line in lines)


def _input(name: str, told: Mapping[str, Any]) -> str:
    needed = "required" if told["required"] else "optional"
    default = f", default {_value(told['default'])}" if "default" in told else ""
    return _titled(f"{name}: {told['type']}, {needed}{default}", told["description"])


def _output(name: str, told: Mapping[str, Any]) -> str:
    source = f" = {told['source']}" if told["source"] else ""
    return _titled(f"{name}: {told['type']}{source}", told["description"])


def _edge(edge: Mapping[str, Any]) -> str:
    action = "" if edge["action"] == "default" else f" on {edge['action']}"
    return _line(f"{edge['from']} -> {edge['to']}{action}")


def _node(node: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    first = ", starts" if node["id"] == told["start"] != told["nodes"][0]["id"] else ""
    yield _titled(_line(f"{node['id']} ({node['type']}{first})"), node["purpose"])
    if node["batch"]:
        yield f"  {_batch(node['batch'])}"
    yield f"  gives {_typed(node['outputs'])}"
    if node["effects"] not in (None, "none"):
        yield f"  reaches for {node['effects']}"
    if node["id"] in told["children"]:
        yield from (f"  {line}" for line in _workflow(told["children"][node["id"]]))


def _batch(batch: Mapping[str, Any]) -> str:
    items = batch["items"] if isinstance(batch["items"], str) else _value(batch["items"])
    how = f"in parallel, at most {batch['max_concurrent']}" if batch["parallel"] else "one by one"
    attempts = f", {batch['max_retries']} attempts" if batch["max_retries"] > 1 else ""
    timeout = f", {batch['timeout']}s each" if batch["timeout"] else ""
    return f"batch of {items} as {batch['as']}, {how}, {batch['error_handling']}{attempts}{timeout}"


def _kind(kind: Mapping[str, Any]) -> Iterator[str]:
    yield kind["type"]
    yield from (f"  {_param(*each)}" for each in kind["params"].items())
    if kind["open_params"]:
        yield "  any other parameter"
    yield f"  gives {_given(kind)}"
    yield f"  actions: {'any' if kind['actions'] is None else ', '.join(kind['actions'])}"
    yield f"  effects: {kind['effects']}"


def _given(kind: Mapping[str, Any]) -> str:
    if kind["nests"]:
        return "the outputs of the workflow that it runs"
    if kind["echoes"]:
        return "its parameters"
    named = _typed(kind["outputs"]) if kind["outputs"] else ""
    return " and ".join(filter(None, [named, "any other output" if kind["open_outputs"] else ""])) or "nothing"


def _param(name: str, told: Mapping[str, Any]) -> str:
    default = "" if told.get("default") is None else f", default {_value(told['default'])}"
    return _titled(f"{name}: {told['type']}{', required' * told['required']}{default}", told["description"])


def _typed(outputs: Mapping[str, str] | None) -> str:
    if outputs is None:
        return "any outputs"
    return ", ".join(f"{name}: {kind}" for name, kind in outputs.items()) or "nothing"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _titled(name: str, said: str) -> str:
    return f"{name} - {_line(said)}" if said.strip() else name


def _line(text: str) -> str:
    return " ".join(text.split())
