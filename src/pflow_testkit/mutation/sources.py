"""The workflows of a session that are mutated, each with its cases, to those that nest one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest

from pflow_engine.document.load import real
from pflow_engine.document.model import Document
from pflow_engine.nodes import Registry
from pflow_engine.validation import absolute
from pflow_testkit.cases import Case
from pflow_testkit.nested import files_below
from pflow_testkit.runner import Ready, Setting, prepare_case
from pflow_testkit.watching import Watch

SOURCES: Final[pytest.StashKey[list[Source]]] = pytest.StashKey()
"""Those that a process collected."""


@dataclass(frozen=True)
class Source:
    """A workflow as it is, its cases, its case file if there is one, and what cases are run with."""

    document: Document
    cases: tuple[Case, ...]
    beside: Document | None
    registry: Callable[[], Registry]
    setting: Callable[[pytest.FixtureRequest, Case], Setting]

    @cached_property
    def file(self) -> Path:
        """Where it is, as it is told from others."""
        return absolute(self.document)

    @cached_property
    def below(self) -> frozenset[Path]:
        """The files of the workflows that it nests."""
        return frozenset(map(real, files_below(self.document)))

    def ready(self, request: pytest.FixtureRequest, document: Document, case: Case, folder: Path) -> Ready:
        """One of its cases, ready to run on a document that stands for its own.

        Raises:
            PflowError: the case does not fit the document.
        """
        setting = replace(self.setting(request, case), watch=Watch())
        return prepare_case(document, case, self.registry(), folder, request.getfixturevalue, setting)

    def with_mutant(self, mutant: Document) -> Document:
        """Its document, with a mutant of it, or of a workflow that it nests, in place of what is in the file."""
        file = absolute(mutant)
        return mutant if file == self.file else replace(self.document, instead={file: mutant})


def callers_of(source: Source, config: pytest.Config) -> Iterator[Source]:
    """Those that nest a workflow, directly or through others."""
    return (other for other in config.stash[SOURCES] if source.file in other.below)
