"""A workflow to its mutants: those that are valid, each once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pflow_engine.document.model import Document
from pflow_engine.nodes import Registry
from pflow_engine.validation import find_problems
from pflow_testkit.mutation.model import Mutant, Subject, edited
from pflow_testkit.mutation.operators import OPERATORS


def mutants_of(document: Document, registry: Registry) -> Iterator[Mutant]:
    """The mutants of a sound workflow, in a steady order. What would be invalid, equal or twice the same is none."""
    subject = Subject(document.ir, registry)
    seen = {_canonical(document.ir)}
    names: Counter[str] = Counter()
    for name, operator in OPERATORS.items():
        for idea in operator(subject):
            ir = edited(document.ir, idea.edits)
            text = _canonical(ir)
            if text not in seen and _is_valid(replace(document, ir=ir), registry):
                seen.add(text)
                yield _numbered(Mutant(name, idea, ir), names)


def _numbered(mutant: Mutant, names: Counter[str]) -> Mutant:
    # One text may hold several templates: the second change of the same kind at the same place says so.
    names[mutant.name] += 1
    again = names[mutant.name]
    return mutant if again == 1 else replace(mutant, number=again)


def _canonical(ir: Mapping[str, Any]) -> str:
    return json.dumps(ir, sort_keys=True, default=str)


def _is_valid(document: Document, registry: Registry) -> bool:
    return not any(problem.severity == "error" for problem in find_problems(document, registry))
