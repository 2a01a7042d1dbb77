"""Values given at run time to the inputs a workflow declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pflow_engine.copying import copy_data
from pflow_engine.document.model import InputDeclaration, Workflow
from pflow_engine.errors import InvalidInput, Problem, did_you_mean
from pflow_engine.store import INDEX, LLM_CALLS
from pflow_engine.trace.redact import looks_secret
from pflow_engine.value_types import coerce, type_name

_SHOWN = 60
"""Characters of a value that are shown."""

_CONTAINERS: Final = frozenset({"array", "object"})
_OPENING: Final = ("{", "[")


def bind_inputs(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each input: coerced to its type where nothing is lost, or its default.

    A workflow that declares no inputs takes any.

    Raises:
        InvalidInput: every name that is not declared or missing, and every value of a wrong type.
    """
    if not workflow.inputs:
        return _any_inputs(workflow, given)
    problems = _undeclared(workflow, given)
    values: dict[str, Any] = {}
    for name, declared in workflow.inputs.items():
        if name in given:
            problem = _coerced(workflow, name, declared, given[name], values)
        else:
            problem = _defaulted(workflow, name, declared, values)
        problems += [problem] if problem else []
    if problems:
        raise InvalidInput(problems)
    return values


def _any_inputs(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    taken = dict.fromkeys((INDEX, LLM_CALLS), "the engine's")
    taken |= {node.batch.alias: f"the item of batch '{node.id}'" for node in workflow.nodes if node.batch}
    taken |= {node.id: "a node" for node in workflow.nodes}
    problems = [
        Problem("input-name", f"input {name!r} cannot be given: that name is {taken[name]}", hint="choose another name")
        for name in given
        if name in taken
    ]
    if problems:
        raise InvalidInput(problems)
    values: dict[str, Any] = copy_data(dict(given))
    return values


def _undeclared(workflow: Workflow, given: Mapping[str, Any]) -> list[Problem]:
    return [
        workflow.document.problem(
            "unknown-input",
            f"the workflow declares no input '{name}'",
            ("inputs",),
            hint=did_you_mean(name, workflow.inputs, otherwise="its inputs: "),
        )
        for name in given
        if name not in workflow.inputs
    ]


def _coerced(
    workflow: Workflow, name: str, declared: InputDeclaration, value: Any, values: dict[str, Any]
) -> Problem | None:
    try:
        values[name] = copy_data(coerce(value, declared.type))
    except ValueError:
        message = f"input '{name}' takes {declared.type}, got {type_name(value)}{_shown(name, declared, value)}"
        hint = f"give it a value of type {declared.type}"
        return workflow.document.problem("input-type", message, ("inputs", name), hint=hint, key=True)
    return None


def _defaulted(workflow: Workflow, name: str, declared: InputDeclaration, values: dict[str, Any]) -> Problem | None:
    if declared.has_default:
        values[name] = None if declared.default is None else copy_data(coerce(declared.default, declared.type))
    elif declared.required:
        about = f" ({declared.description})" if declared.description else ""
        message = f"required input '{name}' is missing{about}"
        hint = f"give it a value of type {declared.type}, or a default in the workflow"
        return workflow.document.problem("missing-input", message, ("inputs", name), hint=hint, key=True)
    else:
        values[name] = None
    return None


def _shown(name: str, declared: InputDeclaration, value: Any) -> str:
    # Short, no secret, and of a container only that it is one: an input may be megabytes.
    if isinstance(value, str) and value.lstrip()[:1] in _OPENING:
        return _why_no_json(value) if declared.type in _CONTAINERS else ""
    if looks_secret(name) or not isinstance(value, str | int | float) or _is_huge(value):
        return ""
    text = repr(value[:_SHOWN] if isinstance(value, str) else value)
    return f" {text}" if len(text) <= _SHOWN else f" {text[: _SHOWN - 3]}..."


def _why_no_json(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f" that is no JSON: {error.msg[:1].lower()}{error.msg[1:]}, line {error.lineno} column {error.colno}"
    except (ValueError, RecursionError):
        return " that is no JSON we can read"
    return " that is JSON of another type"


def _is_huge(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() > _SHOWN  # Python refuses to write some of them out
