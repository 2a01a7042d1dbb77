"""Document to Workflow; the only way to one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from pflow_engine.document.load import from_data
from pflow_engine.document.model import Document, Workflow
from pflow_engine.document.positions import first_problems, in_file_order
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation.build import build_workflow
from pflow_engine.validation.dataflow import dataflow_problems
from pflow_engine.validation.references import reference_problems
from pflow_engine.validation.structure import mended, structure_problems


def validate(document: Document, registry: Registry | None = None) -> Workflow:
    """The workflow a document means; its ``warnings`` are the problems that do not stop it.

    Raises:
        InvalidWorkflow: with every problem of the document, warnings among them.
    """
    problems = find_problems(document, registry)
    if any(problem.severity == "error" for problem in problems):
        raise InvalidWorkflow(problems)
    return build_workflow(document, tuple(problems))


def validate_ir(ir: Mapping[str, Any] | str, registry: Registry | None = None) -> None:
    """Check an IR at hand, a dict or JSON text.

    Raises:
        InvalidWorkflow: with every problem.
    """
    validate(from_data(ir), registry)


def find_problems(document: Document, registry: Registry | None = None) -> list[Problem]:
    """Every problem of a document, in the order of the file; empty when it is sound.

    Where its structure is too broken to tell what is meant (a node without an id has no edges), that is all
    that is reported.
    """
    faults = structure_problems(document)
    sound = mended(document) if faults else document
    meaning = _meaning_problems(sound, registry or Registry.default()) if sound is not None else ()
    return sorted(first_problems(chain(faults, meaning), document.text, document.file), key=in_file_order)


def _meaning_problems(document: Document, registry: Registry) -> Iterator[Problem]:
    workflow = build_workflow(document)
    yield from reference_problems(workflow, registry)
    yield from dataflow_problems(workflow, registry)
