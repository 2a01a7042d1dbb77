"""A flow, one of its nodes and what is known, to a flow of that node alone and what it stands on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pflow_engine.cli.earlier import Known
from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.errors import InvalidInput, Problem, did_you_mean
from pflow_engine.flow import Flow
from pflow_engine.nodes.registry import Registry
from pflow_engine.templates import Literal, Reference, parse
from pflow_engine.templates import Path as Name
from pflow_engine.validation.outputs import outputs_of
from pflow_engine.value_types import coerce

_EXAMPLES: Final = {
    "string": "TEXT", "integer": "0", "number": "0.0", "boolean": "true", "array": "[]", "object": "{}", "any": "VALUE",
}  # fmt: skip


def node_alone(flow: Flow, node_id: str) -> Flow:
    """The flow from that node to its end. Which inputs it needs ``Missing`` knows."""
    optional = {name: replace(declared, required=False) for name, declared in flow.workflow.inputs.items()}
    return replace(flow, workflow=replace(flow.workflow, start=node_id, inputs=optional, outputs={}), edges={})


def no_node(workflow: Workflow, node_id: str) -> Problem | None:
    """What is wrong with the name of a node, if anything is."""
    ids = [node.id for node in workflow.nodes]
    if node_id in ids:
        return None
    head, _, rest = node_id.partition("/")
    child = workflow.children.get(head)
    hint = f"run its file: {child.document.file} --only {rest}" if child else did_you_mean(node_id, ids)
    return Problem("unknown-node", f"there is no node '{node_id}'", hint=hint, file=workflow.document.file)


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the nodes of a workflow are known to give, and how it is told on a command line."""

    workflow: Workflow
    registry: Registry

    def value(self, word: str, text: str) -> Any:
        """The value of ``fetch.response=…``: of the type that its node declares; JSON arrays and objects elsewhere.

        Raises:
            InvalidInput: with what is wrong with the word.
        """
        node_id, _, name = word.partition(".")
        ids = [node.id for node in self.workflow.nodes]
        if node_id not in ids:
            raise _refused("unknown-node", f"there is no node '{node_id}'", did_you_mean(node_id, ids))
        declared = self.outputs(node_id)
        if declared is not None and name not in declared:
            hint = did_you_mean(name, declared)
            raise _refused("unknown-output", f"node '{node_id}' has no output '{name}'", hint)
        kind = (declared or {}).get(name, "any")
        try:
            return _container(text) if kind == "any" else coerce(text, kind)
        except ValueError:
            raise _refused("input-type", f"'{word}' takes {kind}", f"give it a value of type {kind}") from None

    def outputs(self, node_id: str) -> Mapping[str, str] | None:
        """The outputs of a node and their types; None where any is possible."""
        return outputs_of(self.workflow.node(node_id), self.registry, self.workflow.children.get(node_id))

    def example(self, word: str) -> str:
        """The word as it may be pasted, with a value of its type."""
        node_id, dot, name = word.partition(".")
        if not dot:
            declared = self.workflow.inputs.get(word)
            return _pasted(word, declared.type if declared else "any")
        return _pasted(word, (self.outputs(node_id) or {}).get(name, "any"))


def missing(upstream: Upstream, node_id: str, known: Known) -> list[Problem]:
    """What the node's templates name and nobody gave; the last problem's hint is all of it, to paste."""
    scope = _Scope(upstream, upstream.workflow.node(node_id), known)
    found: dict[str, tuple[Path, Reference]] = {}
    for path, reference in _references(upstream.workflow, node_id):
        for word in scope.lacking(reference):
            found.setdefault(word, (path, reference))
    problems = [scope.problem(word, *place) for word, place in found.items()]
    if problems:
        words = " ".join(upstream.example(word) for word in found)
        problems[-1] = replace(problems[-1], hint=f"add {words}, or --from the trace of an earlier run")
    return problems


def _references(workflow: Workflow, node_id: str) -> Iterator[tuple[Path, Reference]]:
    node, at = workflow.node(node_id), workflow.node_path(node_id)
    places = [*texts_in(node.params, (*at, "params"))]
    places += texts_in(node.batch.items, (*at, "batch", "items")) if node.batch else []
    for path, text in places:
        yield from ((path, reference) for reference in parse(text).references)


@dataclass(frozen=True, slots=True)
class _Scope:
    upstream: Upstream
    node: NodeIR
    known: Known

    def lacking(self, reference: Reference) -> list[str]:
        """The words that the first choice lacks; none where any choice has all it needs."""
        choices = [[] if isinstance(choice, Literal) else self._lacked(choice) for choice in reference.choices]
        return choices[0] if all(choices) else []

    def problem(self, word: str, path: Path, reference: Reference) -> Problem:
        """That it is not there, and if it is known, why."""
        message = f"node '{self.node.id}' needs {reference.text}, and nothing gives '{word}'"
        lost = self.known.lost.get(word)
        message = f"{message}: {lost}" if lost else message
        return self.upstream.workflow.document.problem("missing-upstream", message, path, within=reference.text)

    def _lacked(self, path: Name) -> list[str]:
        return [word for each in path.paths() for word in self._words(each)]

    def _words(self, path: Name) -> list[str]:
        workflow, root = self.upstream.workflow, path.root
        if root.startswith("__") or (self.node.batch and root == self.node.batch.alias):
            return []
        if root == self.node.id or root not in {node.id for node in workflow.nodes}:
            return [] if self._is_given(root) else [self._giver(root)]
        given = self.known.outputs.get(root)
        first = path.steps[0] if path.steps else None
        if isinstance(first, str):
            return [] if given is not None and first in given else [f"{root}.{first}"]
        return (
            [] if given else [f"{root}.{name}" for name in self.upstream.outputs(root) or ["NAME"] if name != "error"]
        )

    def _giver(self, name: str) -> str:
        # Without namespaces the outputs of all nodes stand where inputs do.
        workflow = self.upstream.workflow
        if workflow.namespacing or name in workflow.inputs:
            return name
        givers = [node.id for node in workflow.nodes if name in (self.upstream.outputs(node.id) or ())]
        return f"{givers[0]}.{name}" if givers else name

    def _is_given(self, name: str) -> bool:
        if name in self.known.inputs:
            return True
        if not self.upstream.workflow.namespacing and any(name in given for given in self.known.outputs.values()):
            return True
        declared = self.upstream.workflow.inputs.get(name)
        spare = declared is not None and (declared.has_default or not declared.required)
        return (spare and name not in self.known.lost) or name == self.node.id


def _container(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list | dict) else text


def _refused(code: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput(Problem(code, message, hint=hint))


def _pasted(word: str, kind: str) -> str:
    return shlex.quote(f"{word}={_EXAMPLES[kind]}")
