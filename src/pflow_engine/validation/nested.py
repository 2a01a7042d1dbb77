"""Workflows that nodes run, each read and validated once, to Workflows; and to problems of who names them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pflow_engine.document.load import load_nested, real
from pflow_engine.document.model import NO_FILES, Document, NodeIR, Workflow
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation.mappings import mapping_problems

MOST_LEVELS = 10
"""How deep workflows may be nested below the outermost."""

MOST_NODES = 10_000
"""How many nodes a workflow may come to with those of all that it nests, each counted as often as it is nested."""

Chain = tuple[Path, ...]
"""The files from the outermost workflow down to the one at hand, absolute."""


class Checked(NamedTuple):
    """A document that was looked at: None for the workflow where it has errors.

    ``declares`` is what tells its inputs and outputs, even so; None where its structure is not sound.
    """

    workflow: Workflow | None
    problems: list[Problem]
    declares: Workflow | None = None


@dataclass(frozen=True, slots=True)
class _Child:
    workflow: Workflow | None
    declares: Workflow | None = None
    levels: int = 0
    nodes: int = 0
    errors: int = 0


class Nested:
    """What one validation knows of nested workflows. ``errors`` are theirs, in the order they were read.

    ``check`` looks at a document and is called for each file once, however many nodes name it. ``instead`` are the
    documents that stand for files.
    """

    def __init__(
        self,
        check: Callable[[Document, Nested], Checked],
        registry: Registry,
        instead: Mapping[Path, Document],
        above: Chain = (),
    ) -> None:
        self.errors: list[Problem] = []
        self._check, self.registry, self._instead, self._chain = check, registry, instead, above
        self._children: dict[Path, _Child] = {}

    def check(self, document: Document) -> Checked:
        """Look at a document, which is the next in the chain while its nodes are looked at."""
        before = self._chain
        self._chain = (*before, absolute(document))
        try:
            return self._check(document, self)
        finally:
            self._chain = before

    def children_of(self, workflow: Workflow) -> tuple[dict[str, Workflow], list[Problem]]:
        """The sound ones among the workflows that its nodes run, by node; and what is wrong with how they do."""
        children: dict[str, Workflow] = {}
        problems: list[Problem] = []
        total = len(workflow.nodes)
        for index, node in enumerate(workflow.nodes):
            ref = self._ref(node)
            if ref is None:
                continue
            child, wrong = self.child(workflow.document.folder, ref, total)
            path = ("nodes", index, "params", "workflow_ref")
            problems += [
                workflow.document.problem(each.code, each.message, path, hint=each.hint, within=ref) for each in wrong
            ]
            if child is not None and not wrong:
                children[node.id] = child
                total += self._children[absolute(child.document)].nodes
            declares = self._declares(workflow.document.folder, ref)
            if declares is not None:
                problems += mapping_problems(workflow, index, node, declares)
        return children, problems

    def child(self, folder: Path, ref: str, beside: int = 0) -> tuple[Workflow | None, list[Problem]]:
        """The workflow that ``ref`` names, as seen from ``folder``; and why it cannot be run there.

        ``beside`` are the nodes that count beside its own.
        """
        target = Path(os.path.normpath(folder / ref))
        key = real(target)
        if key in self._chain:
            named = " -> ".join(self._names([*self._chain[self._chain.index(key) :], key]))
            hint = "a workflow cannot run itself: let a loop of edges do again what has to be done again"
            return None, [Problem("nested-loop", f"'{ref}' nests itself: {named}", hint=hint)]
        if len(self._chain) > MOST_LEVELS:
            return None, [self._too_deep(ref, key)]
        if key not in self._children:
            try:
                self._children[key] = self._read(target)
            except InvalidWorkflow as error:
                return None, [_unreadable(ref, problem) for problem in error.problems]
        found = self._children[key]
        return found.workflow, list(self._wrong(ref, key, found, beside))

    def _ref(self, node: NodeIR) -> str | None:
        kind = self.registry.get(node.type)
        ref = node.params.get("workflow_ref")
        if kind is None or not kind.interface.nests or not isinstance(ref, str):
            return None
        return None if "${" in ref else ref

    def _read(self, target: Path) -> _Child:
        try:
            document = load_nested(target, self._instead)
        except InvalidWorkflow as error:
            if all(problem.position is None for problem in error.problems):
                raise
            self.errors += error.problems
            return _Child(None, errors=len(error.problems))
        at = len(self.errors)
        checked = self.check(document)
        errors = [problem for problem in checked.problems if problem.severity == "error"]
        # Before those of its own children, which were looked at on the way.
        self.errors[at:at] = errors
        below = self._below(checked.workflow)
        return _Child(checked.workflow, checked.declares, *below, errors=len(errors))

    def _declares(self, folder: Path, ref: str) -> Workflow | None:
        found = self._children.get(real(Path(os.path.normpath(folder / ref))))
        return found.declares if found else None

    def _below(self, workflow: Workflow | None) -> tuple[int, int]:
        if workflow is None:
            return 0, 0
        children = [self._children[absolute(child.document)] for child in workflow.children.values()]
        levels = max((child.levels + 1 for child in children), default=0)
        return levels, len(workflow.nodes) + sum(child.nodes for child in children)

    def _wrong(self, ref: str, key: Path, child: _Child, beside: int) -> Iterator[Problem]:
        if child.workflow is None:
            many = f"{child.errors} errors" if child.errors > 1 else "an error"
            yield Problem("nested-workflow", f"the workflow '{ref}' has {many} itself", hint="mend that file first")
        elif len(self._chain) + child.levels > MOST_LEVELS:
            yield self._too_deep(ref, key)
        elif beside + child.nodes > MOST_NODES:
            message = (
                f"with those of '{ref}' the workflow comes to {beside + child.nodes} nodes, more than {MOST_NODES}"
            )
            yield Problem("nested-nodes", message, hint="a batch runs one node many times")

    def _too_deep(self, ref: str, key: Path) -> Problem:
        named = " -> ".join(self._names([*self._chain, key]))
        message = f"'{ref}' is nested too deep, more than {MOST_LEVELS} workflows: {named}"
        return Problem("nested-depth", message, hint="let one of them do what those below it do")

    def _names(self, files: list[Path]) -> list[str]:
        folder = self._chain[0].parent
        return [Path(os.path.relpath(file, folder)).as_posix() for file in files]


def absolute(document: Document) -> Path:
    """The file of a document, as it is told from others."""
    return Path.cwd() / document.file if document.file in NO_FILES else real(Path(document.file))


def _unreadable(ref: str, problem: Problem) -> Problem:
    return Problem("nested-workflow", f"the workflow '{ref}': {problem.message}", hint=problem.hint)
