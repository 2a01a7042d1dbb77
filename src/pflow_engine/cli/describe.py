"""A workflow file, or a node type's name, to what it takes, gives and does."""

from __future__ import annotations

import click

from pflow_engine.cli.codes import SUCCESS
from pflow_engine.cli.command import Command, json_option
from pflow_engine.cli.completing import node_types, workflows
from pflow_engine.cli.plugins import known_types
from pflow_engine.cli.streams import show, show_json
from pflow_engine.document.load import load
from pflow_engine.errors import InvalidInput, Problem, did_you_mean
from pflow_engine.formatting import describe_as_json, describe_as_text, mermaid, nodes_as_json, nodes_as_text
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation import validate


@click.command(cls=Command)
@click.argument("file", shell_complete=workflows)
@json_option
def describe(file: str, *, as_json: bool) -> int:
    """Show a workflow's inputs, outputs and nodes, and its graph in Mermaid's language."""
    registry = known_types()
    workflow = validate(load(file), registry)
    if as_json:
        show_json(describe_as_json(workflow, registry))
    else:
        show(f"{describe_as_text(workflow, registry)}\n\n{mermaid(workflow)}")
    return SUCCESS


@click.command(cls=Command)
@click.argument("name", required=False, shell_complete=node_types)
@json_option
def nodes(name: str | None, *, as_json: bool) -> int:
    """Show the node types that are there, or the one of that NAME: their parameters, outputs and actions."""
    registry = known_types() if name is None else _only(name)
    if as_json:
        show_json(nodes_as_json(registry))
    else:
        show(nodes_as_text(registry))
    return SUCCESS


def _only(name: str) -> Registry:
    known, one = known_types(), Registry()
    kind = known.get(name)
    if kind is None:
        raise InvalidInput(Problem("unknown-type", f"unknown node type '{name}'", hint=did_you_mean(name, known)))
    one.add(kind)
    return one
