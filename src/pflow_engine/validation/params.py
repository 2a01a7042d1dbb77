"""The params of nodes, held against what their types take, to problems."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.errors import Problem, Severity, did_you_mean
from pflow_engine.nodes.node import Interface
from pflow_engine.nodes.registry import Registry
from pflow_engine.templates import TemplateResolver
from pflow_engine.validation.schema_params import schema_param_problems
from pflow_engine.value_types import coerce, is_of_type, type_name


def param_problems(workflow: Workflow, registry: Registry, nodes: Collection[int] | None = None) -> Iterator[Problem]:
    """A literal of a wrong type is an error; a parameter that is missing or unknown a warning.

    Only a warning, since nodes of older files took what was missing from the store, and ignored the rest. ``nodes``
    are the indices of those that are looked at; None: of all.
    """
    for index in range(len(workflow.nodes)) if nodes is None else nodes:
        node = workflow.nodes[index]
        kind = registry.get(node.type)
        if kind is not None and kind.interface.schema is not None:
            yield from schema_param_problems(workflow, index, node, kind.interface.schema)
        elif kind is not None:
            yield from _missing(workflow, index, node, kind.interface)
            yield from _given(workflow, index, node, kind.interface)


def _missing(workflow: Workflow, index: int, node: NodeIR, interface: Interface) -> Iterator[Problem]:
    for name, param in interface.params.items():
        if param.required and node.params.get(name) is None:
            message = f"'{node.id}' ({node.type}) has no parameter '{name}', which it needs"
            hint = f"add {name} ({param.type}) to its params"
            path = ("nodes", index, "params")
            # Nothing else can say which workflow a node is to run.
            severity: Severity = "error" if interface.nests else "warning"
            yield workflow.document.problem("missing-param", message, path, hint=hint, severity=severity)


def _given(workflow: Workflow, index: int, node: NodeIR, interface: Interface) -> Iterator[Problem]:
    for name, value in node.params.items():
        path = ("nodes", index, "params", name)
        if name in interface.params:
            word = interface.params[name].type
            if not _may_be(value, word):
                message = f"parameter '{name}' of '{node.id}' ({node.type}) takes {word}, not {type_name(value)}"
                yield workflow.document.problem("param-type", message, path, hint=f"give it a value of type {word}")
        elif not interface.open_params:
            message = f"'{node.id}' ({node.type}) takes no parameter '{name}'"
            hint = partial(did_you_mean, name, interface.params, otherwise="its parameters: ")
            yield workflow.document.problem("unknown-param", message, path, hint=hint, key=True, severity="warning")


def _may_be(value: Any, word: str) -> bool:
    if value is None or is_of_type(value, word) or not isinstance(value, str):
        return value is None or is_of_type(value, word)
    return TemplateResolver.has_templates(value) or (word in ("array", "object") and _is_json_of(value, word))


def _is_json_of(text: str, word: str) -> bool:
    # As of a template that leads to JSON text, the JSON is what the node gets.
    try:
        coerce(text, word)
    except ValueError:
        return False
    return True
