"""Two versions of the outputs to what changed for who reads them."""

from __future__ import annotations

from collections.abc import Iterator

from pflow_engine.document.model import NodeIR, OutputDeclaration, Workflow
from pflow_testkit.gate.comparing.declared import type_change
from pflow_testkit.gate.comparing.meaning import meaning
from pflow_testkit.gate.comparing.pair import Pair, Place
from pflow_testkit.gate.model import Finding, Side

_Given = tuple[str, bool, frozenset[str]]
"""What is known of a node's outputs without the node types: the type, whether it is a batch, and names.

Those of an echo are its params, those of a node that runs a workflow that one's.
"""


def output_changes(pair: Pair) -> Iterator[Finding]:
    """Outputs that are gone, new, or something else; of a workflow that declares none, those of its last nodes."""
    if not pair.base.outputs:
        yield from _undeclared(pair)
        return
    for name, was in pair.base.outputs.items():
        if name in pair.head.outputs:
            yield from _changed(pair, name, was, pair.head.outputs[name])
        else:
            place = _at(name, side="base", key=True)
            yield pair.tell("output-removed", f"output '{name}' is gone", place, base=was.type)
    for name, now in pair.head.outputs.items():
        if name not in pair.base.outputs:
            yield pair.tell("output-added", f"output '{name}' is new", _at(name, key=True), head=now.type)


def _changed(pair: Pair, name: str, was: OutputDeclaration, now: OutputDeclaration) -> Iterator[Finding]:
    change = type_change(was.type, now.type)
    if change is not None:
        message = f"the type of output '{name}' was {change}"
        yield pair.tell(f"output-type-{change}", message, _at(name, "type"), base=was.type, head=now.type)
    if meaning(was.source, pair.names) != meaning(now.source):
        message = f"the source of output '{name}' changed"
        yield pair.tell("output-source-changed", message, _at(name, "source"), base=was.source, head=now.source)
    if was.description != now.description:
        message = f"the description of output '{name}' changed"
        words = {"base": was.description, "head": now.description}
        yield pair.tell("output-description-changed", message, _at(name, "description"), **words)


def _undeclared(pair: Pair) -> Iterator[Finding]:
    if pair.head.outputs:
        message = f"outputs are declared for the first time: {', '.join(pair.head.outputs)}"
        place = Place(("outputs",), key=True)
        yield pair.tell("outputs-first-declared", message, place, head=sorted(pair.head.outputs))
        return
    was, now = _last(pair.base), _last(pair.head)
    before, after = (
        [_given(workflow, node) for node in nodes] for workflow, nodes in ((pair.base, was), (pair.head, now))
    )
    others = [node for node, new in zip(now, after, strict=True) if not any(_covers(new, old) for old in before)]
    if not others and not all(any(_covers(new, old) for new in after) for old in before):
        others = now[:1]
    for node in others:
        yield _other_last(pair, was, node)


def _other_last(pair: Pair, was: list[NodeIR], now: NodeIR) -> Finding:
    before = ", ".join(f"'{node.id}' ({node.type})" for node in was)
    message = f"the outputs are those of '{now.id}' ({now.type}) now; they were those of {before}"
    return pair.tell("last-outputs-changed", message, pair.at(now.id), node=now.id)


def _last(workflow: Workflow) -> list[NodeIR]:
    # What only runs after an error gives nothing that a run that went well gave.
    steps = [edge for edge in workflow.edges if edge.action != "error"]
    going_on = {edge.source for edge in steps if edge.action == "default"}
    found = {workflow.start: None}
    for node in (todo := [workflow.start]):
        new = [edge.target for edge in steps if edge.source == node and edge.target not in found]
        found |= dict.fromkeys(new)
        todo += new
    return [node for node in workflow.nodes if node.id in found and node.id not in going_on]


def _given(workflow: Workflow, node: NodeIR) -> _Given:
    child = workflow.children.get(node.id)
    if node.batch is not None:
        return node.type, True, frozenset()
    names = child.outputs if child is not None else node.params if node.type == "echo" else ()
    return node.type, False, frozenset(names)


def _covers(new: _Given, old: _Given) -> bool:
    return new[:2] == old[:2] and new[2] >= old[2]


def _at(name: str, *below: str, side: Side = "head", key: bool = False) -> Place:
    return Place(("outputs", name, *below), side, key)
