"""Document to Workflow; the only way to one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from pflow_engine.document.load import from_data
from pflow_engine.document.model import Document, Workflow
from pflow_engine.document.positions import MOST_PROBLEMS, Room, first_problems, in_file_order
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.garbage import uncollected
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation.build import build_workflow
from pflow_engine.validation.dataflow import dataflow_problems
from pflow_engine.validation.graph import Graph
from pflow_engine.validation.nested import Chain, Checked, Nested
from pflow_engine.validation.references import reference_problems
from pflow_engine.validation.structure import mended, structure_problems


@uncollected()
def validate(document: Document, registry: Registry | None = None) -> Workflow:
    """The workflow a document means; its ``warnings`` are the problems that do not stop it.

    Raises:
        InvalidWorkflow: with every problem of the document and of the workflows it nests, warnings among them.
    """
    registry = registry or Registry.default()
    nested = Nested(_check, registry, document.instead)
    return _sound(nested.check(document), nested)


def validate_ir(ir: Mapping[str, Any] | str, registry: Registry | None = None) -> None:
    """Check an IR at hand, a dict or JSON text.

    Raises:
        InvalidWorkflow: with every problem.
    """
    validate(from_data(ir), registry)


@uncollected()
def find_problems(document: Document, registry: Registry | None = None) -> list[Problem]:
    """Every problem of a document, in the order of the file; empty when it is sound.

    Where its structure is too broken to tell what is meant (a node without an id has no edges), that is all
    that is reported. The errors of the workflows that it nests come after its own, each with its own file.
    """
    nested = Nested(_check, registry or Registry.default(), document.instead)
    # One file of settings may be what several workflows find fault with.
    return list(dict.fromkeys([*nested.check(document).problems, *nested.errors]))


def validate_nested(
    ref: str, folder: Path, registry: Registry, above: Chain, instead: Mapping[Path, Document]
) -> Workflow:
    """The workflow that a node names at run time, as ``validate`` gives the others. ``above`` are those it is in.

    ``instead`` are the documents that stand for files.

    Raises:
        InvalidWorkflow: it cannot be run there; problems of its own have the place in its file, others none.
    """
    nested = Nested(_check, registry, instead, above)
    workflow, wrong = nested.child(folder, ref)
    return _sound(Checked(workflow, wrong), nested)


def _sound(checked: Checked, nested: Nested) -> Workflow:
    if checked.workflow is None or any(problem.severity == "error" for problem in checked.problems):
        raise InvalidWorkflow(dict.fromkeys([*checked.problems, *nested.errors]))
    return checked.workflow


def _check(document: Document, nested: Nested) -> Checked:
    faults = structure_problems(document)
    sound = document if not faults else mended(document) if len(faults) <= MOST_PROBLEMS else None
    meaning: Iterator[Problem] = iter(())
    room, workflow = Room(), None
    if sound is not None:
        workflow = build_workflow(sound)
        children, wrong = nested.children_of(workflow)
        workflow = replace(workflow, children=children)
        here, graph = nested.registry.at(document.folder), Graph.of(workflow)
        told = replace(workflow, document=replace(sound, room=room))
        meaning = chain(wrong, reference_problems(told, here, graph), dataflow_problems(told, here, graph))
    problems = sorted(first_problems(chain(faults, meaning), document.text, document.file, room), key=in_file_order)
    if workflow is None or any(problem.severity == "error" for problem in problems):
        return Checked(None, problems, None if faults else workflow)
    return Checked(replace(workflow, warnings=tuple(problems)), problems, workflow)
