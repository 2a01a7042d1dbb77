"""What a workflow declares, or means without saying so: the inputs that it takes, and types held against types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pflow_engine.document.model import InputDeclaration, Workflow
from pflow_engine.templates import Path as TemplatePath
from pflow_engine.templates import Reference, parse
from pflow_engine.value_types import coerce
from pflow_testkit.gate.comparing.meaning import node_paths

TypeChange = Literal["narrowed", "widened", "changed"]

_WIDER: Final[Mapping[str, tuple[str, ...]]] = {"integer": ("number", "any"), "any": ()}


def type_change(was: str, now: str) -> TypeChange | None:
    """What became of a type."""
    if was == now:
        return None
    if now in _WIDER.get(was, ("any",)):
        return "widened"
    return "narrowed" if was in _WIDER.get(now, ("any",)) else "changed"


def taken_inputs(workflow: Workflow) -> Mapping[str, InputDeclaration]:
    """The inputs that it declares; of one that declares none, and so takes any, those that its templates name."""
    if workflow.inputs or not workflow.namespacing:
        return workflow.inputs
    found: dict[str, InputDeclaration] = {}
    for name, is_needed in _undeclared(workflow):
        before = found.get(name)
        needed = is_needed or (before is not None and before.required)
        found[name] = InputDeclaration(required=needed)
    return found


def is_needed(declared: InputDeclaration) -> bool:
    """Whether a run without it fails: with a default, ``required`` says nothing."""
    return declared.required and not declared.has_default


def default_of(declared: InputDeclaration) -> Any:
    """What the nodes see where it is left out."""
    if not declared.has_default or declared.default is None:
        return None
    return coerce(declared.default, declared.type)


def written_input(workflow: Workflow, name: str) -> Mapping[str, Any]:
    """An input as the file has it, with what the engine passes over; empty where it is not declared."""
    written: Mapping[str, Any] = workflow.document.ir.get("inputs", {}).get(name, {})
    return written


def _undeclared(workflow: Workflow) -> Iterator[tuple[str, bool]]:
    nodes = {node.id for node in workflow.nodes}
    for index, node in enumerate(workflow.nodes):
        own = {node.batch.alias} if node.batch else set()
        for _, text in node_paths(index, node):
            for name, is_needed in _names(text):
                if name not in nodes | own and not name.startswith("__"):
                    yield name, is_needed and not workflow.permissive


def _names(text: str) -> Iterator[tuple[str, bool]]:
    for reference in parse(text).references if "${" in text else ():
        yield from ((path.root, _is_alone(reference)) for path in reference.paths())


def _is_alone(reference: Reference) -> bool:
    return len(reference.choices) == 1 and isinstance(reference.choices[0], TemplatePath)
