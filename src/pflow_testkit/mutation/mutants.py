"""A workflow to its mutants: those that are valid, each once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pflow_engine.document.model import Document
from pflow_engine.nodes import Registry
from pflow_engine.validation import Sound
from pflow_testkit.mutation.model import Mutant, Subject, edited
from pflow_testkit.mutation.operators import OPERATORS


def mutants_of(document: Document, registry: Registry) -> Iterator[Mutant]:
    """The mutants of a workflow, in a steady order. What would be invalid, equal or twice the same is none.

    Raises:
        InvalidWorkflow: the workflow is not sound.
    """
    subject, sound, canonical = Subject(document.ir, registry), Sound(document, registry), _Canonical(document.ir)
    seen = {canonical.digest(document.ir)}
    names: Counter[str] = Counter()
    for name, operator in OPERATORS.items():
        for idea in operator(subject):
            ir = edited(document.ir, idea.edits)
            digest = canonical.digest(ir)
            if digest not in seen and sound.stays_sound(ir):
                seen.add(digest)
                yield _numbered(Mutant(name, idea, ir), names)


def _numbered(mutant: Mutant, names: Counter[str]) -> Mutant:
    # One text may hold several templates: the second change of the same kind at the same place says so.
    names[mutant.name] += 1
    again = names[mutant.name]
    return mutant if again == 1 else replace(mutant, number=again)


class _Canonical:
    """Tells equal IRs. Nodes and edges that an IR shares with the first one are not written out again."""

    def __init__(self, ir: Mapping[str, Any]) -> None:
        self._known = {id(part): _digest(part) for part in (*ir["nodes"], *ir["edges"])}

    def digest(self, ir: Mapping[str, Any]) -> bytes:
        """The same for those that are equal as JSON."""
        rest = {**ir, "nodes": len(ir["nodes"]), "edges": len(ir["edges"])}
        parts = [*ir["nodes"], *ir["edges"]]
        known = map(self._known.get, map(id, parts))
        digests = [found or _digest(part) for found, part in zip(known, parts, strict=True)]
        return hashlib.blake2b(b"".join([_digest(rest), *digests])).digest()


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode()).digest()
