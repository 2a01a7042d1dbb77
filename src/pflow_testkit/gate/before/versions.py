"""The files of workflows to what they mean: as they were, and as they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pflow_engine.document.load import load
from pflow_engine.document.model import Document, Workflow
from pflow_engine.errors import InvalidWorkflow, PflowError, Problem
from pflow_engine.validation import validate
from pflow_testkit.cases import Case, case_file_of
from pflow_testkit.gate.before.baseline import Baseline, is_elsewhere
from pflow_testkit.gate.before.git import InvalidBase
from pflow_testkit.registry import registry_for_cases
from pflow_testkit.snapshots.orphans import written_cases


@dataclass(frozen=True)
class Compared:
    """A workflow file, there or gone. ``document`` and ``cases`` are what it says now, if it was read."""

    path: Path
    base: Baseline
    document: Document | None = None
    cases: tuple[Case, ...] = ()

    @property
    def shown(self) -> str:
        """The file as people name it."""
        return Path(os.path.relpath(self.path)).as_posix()


def at_hand(each: Compared, config: pytest.Config) -> dict[str, Workflow | None]:
    """A workflow as it is, by its file: None where it has errors, nothing where it is gone."""
    if each.document is None and not each.path.is_file():
        return {}
    try:
        document = each.document or load(each.shown)
    except InvalidWorkflow as error:
        return {} if error.code == "no-nodes" else {each.shown: None}
    return {each.shown: _meaning(document, each.path, each.cases, config)}


def as_it_was(each: Compared, folders: Iterable[Path], config: pytest.Config) -> dict[str, Workflow | None]:
    """A workflow as it was, by its file: None where it had errors, nothing where it was not there.

    Raises:
        InvalidBase: its file cannot be had.
    """
    name = each.base.name_of(each.path)
    if name is None or name not in each.base.names:
        return {}
    file = each.base.folder(folders) / name
    if is_elsewhere(file.read_bytes()):
        message = f"'{each.shown}' is kept by Git LFS, and what it was is not here"
        raise InvalidBase(Problem("lfs", message, hint="git lfs fetch, or keep workflows out of LFS"))
    try:
        document = load(file)
    except InvalidWorkflow as error:
        return {} if error.code == "no-nodes" else {each.shown: None}
    workflow = _meaning(document, each.path, _cases(file), config)
    # Seen from its folder it nests what was there then; people know it by the name that it has at hand.
    return {each.shown: workflow and replace(workflow, document=replace(workflow.document, file=each.shown))}


def _cases(file: Path) -> tuple[Case, ...]:
    try:
        return written_cases(file) if case_file_of(file).exists() else ()
    except PflowError:
        return ()


def _meaning(document: Document, path: Path, cases: Iterable[Case], config: pytest.Config) -> Workflow | None:
    # With the node types of today on both sides: a type that is gone is told of the workflow at hand.
    try:
        return validate(document, registry_for_cases(config, path, document, tuple(cases)))
    except PflowError:
        return None
