"""A workflow and what it may reach for, to what it would reach for beside that."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.errors import InvalidInput, Problem, Unhealable
from pflow_engine.nodes.registry import Registry
from pflow_engine.wrappers import Layer, NodeSpec


def refuse_effects(workflow: Workflow, registry: Registry, allowed: Collection[str]) -> None:
    """Let a workflow run only what it may.

    Raises:
        InvalidInput: with every node that would reach for more, those of nested workflows among them. One that is
            known only when it runs fails there.
    """
    problems = list(_problems(workflow, registry, allowed))
    if problems:
        raise InvalidInput(problems)
    registry.plug(_Guard(frozenset(allowed)))


def _problems(workflow: Workflow, registry: Registry, allowed: Collection[str]) -> Iterator[Problem]:
    for node in workflow.nodes:
        kind = registry.get(node.type)
        effects = kind.interface.effects if kind else "none"
        if _is_refused(effects, allowed):
            message, hint = _told(node.id, node.type, effects)
            path = (*workflow.node_path(node.id), "type")
            yield workflow.document.problem("not-allowed", message, path, hint=hint)
        if node.id in workflow.children:
            yield from _problems(workflow.children[node.id], registry, allowed)


def _is_refused(effects: str, allowed: Collection[str]) -> bool:
    return effects != "none" and effects not in allowed


def _told(node: str, kind: str, effects: str) -> tuple[str, str]:
    reach = {"files": "for files", "process": "for processes", "network": "for the network", "model": "for a model"}
    return f"node '{node}' ({kind}) reaches {reach[effects]}", f"if it may, add '{effects}' to allow_effects"


@dataclass(frozen=True, slots=True)
class _Guard:
    allowed: frozenset[str]

    def pflow_wrap_node(self, spec: NodeSpec, layer: Layer) -> Layer:
        return _Refused(spec) if _is_refused(spec.interface.effects, self.allowed) else layer


@dataclass(frozen=True, slots=True)
class _Refused:
    spec: NodeSpec

    def run(self, *_: Any) -> str | None:
        message, hint = _told(self.spec.path, self.spec.type, self.spec.interface.effects)
        raise Unhealable(Problem("not-allowed", message, hint=hint))
