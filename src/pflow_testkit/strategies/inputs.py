"""A workflow to the inputs it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from pflow_engine.document.model import InputDeclaration, Workflow
from pflow_engine.document.positions import texts_in
from pflow_engine.nodes import Registry
from pflow_engine.store import INDEX, LLM_CALLS
from pflow_engine.templates import parse
from pflow_testkit.strategies.shapes import Shape, needs_workflow, shapes_in
from pflow_testkit.strategies.values import like


def inputs_for(
    workflow: Workflow, *, registry: Registry | None = None, examples: Sequence[Mapping[str, Any]] = ()
) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs that the workflow takes: by name, each of its declared type, shaped as its default or as templates ask.

    What is required is always there, the rest may be left out. ``examples`` are inputs whose shapes count as well: of
    an object, a declaration does not say what is in it. So do, with the ``registry`` that knows the node types, the
    types of their params. Of a workflow that declares no inputs, all names that its templates leave open, and those of
    the examples.

    Raises:
        TypeError: it is no Workflow.
    """
    needs_workflow(workflow)
    asked = shapes_in(workflow, registry)
    shapes = {name: [given[name] for given in examples if name in given] for name in _names(workflow, examples)}
    made = {name: _made(workflow.inputs.get(name), asked.get(name, Shape()), seen) for name, seen in shapes.items()}
    needed = {name: each for name, each in made.items() if _is_needed(workflow.inputs.get(name))}
    return st.fixed_dictionaries(needed, optional={name: each for name, each in made.items() if name not in needed})


def _names(workflow: Workflow, examples: Sequence[Mapping[str, Any]]) -> list[str]:
    if workflow.inputs:
        return list(workflow.inputs)
    return list(dict.fromkeys([*_open_names(workflow), *(name for given in examples for name in given)]))


def _open_names(workflow: Workflow) -> Iterator[str]:
    known = {INDEX, LLM_CALLS}
    known |= {node.id for node in workflow.nodes} | {node.batch.alias for node in workflow.nodes if node.batch}
    for _, text in texts_in(workflow.document.ir.get("nodes"), ()):
        for reference in parse(text).references:
            yield from (path.root for path in reference.paths() if path.root not in known)


def _made(declared: InputDeclaration | None, shape: Shape, seen: list[Any]) -> st.SearchStrategy[Any]:
    word = declared.type if declared is not None else "any"
    default = [declared.default] if declared is not None and declared.has_default else []
    return st.one_of([shape.values(word), *(like(value) for value in [*default, *seen])])


def _is_needed(declared: InputDeclaration | None) -> bool:
    return declared is None or (declared.required and not declared.has_default)
