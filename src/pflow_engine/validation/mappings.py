"""What a node gives to the workflow it runs, and takes from it, held against what that declares, to problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.errors import Problem, did_you_mean
from pflow_engine.templates import TemplateResolver
from pflow_engine.value_types import coerce, type_name


def mapping_problems(workflow: Workflow, index: int, node: NodeIR, child: Workflow) -> Iterator[Problem]:
    """Inputs that are missing, unknown or of a wrong type; outputs that are unknown, or have one name."""
    at: Path = ("nodes", index, "params")
    given = node.params.get("param_mapping", {})
    if isinstance(given, Mapping):
        yield from _inputs(workflow, (*at, "param_mapping"), given, child, node)
    renamed = node.params.get("output_mapping", {})
    if isinstance(renamed, Mapping):
        yield from _outputs(workflow, (*at, "output_mapping"), renamed, child, node)


def _inputs(workflow: Workflow, at: Path, given: Mapping[str, Any], child: Workflow, node: NodeIR) -> Iterator[Problem]:
    for name, declared in child.inputs.items():
        if name not in given and declared.required and not declared.has_default:
            about = f" ({declared.description})" if declared.description else ""
            message = f"'{_ref(node)}' needs its input '{name}'{about}, and '{node.id}' gives it none"
            yield workflow.document.problem("missing-input", message, at, hint=f"add {name} ({declared.type}) to it")
    for name, value in given.items() if child.inputs else ():
        if name not in child.inputs:
            hint = did_you_mean(name, child.inputs, otherwise="its inputs: ")
            message = f"'{_ref(node)}' has no input '{name}'"
            yield workflow.document.problem("unknown-input", message, (*at, name), hint=hint, key=True)
        elif not _may_be(value, child.inputs[name].type):
            word = child.inputs[name].type
            message = f"input '{name}' of '{_ref(node)}' takes {word}, not {type_name(value)}"
            hint = f"give it a value of type {word}"
            yield workflow.document.problem("input-type", message, (*at, name), hint=hint)


def _may_be(value: Any, word: str) -> bool:
    # What a template leads to is known when it runs, and so is text that one stands in; of a malformed one it is told.
    if isinstance(value, str) and "${" in value:
        return True
    try:
        coerce(value, word)
    except ValueError:
        return False
    return True


def _outputs(
    workflow: Workflow, at: Path, renamed: Mapping[str, Any], child: Workflow, node: NodeIR
) -> Iterator[Problem]:
    for name, target in renamed.items():
        if child.outputs and name not in child.outputs:
            hint = did_you_mean(name, child.outputs, otherwise="its outputs: ")
            message = f"'{_ref(node)}' has no output '{name}'"
            yield workflow.document.problem("unknown-output", message, (*at, name), hint=hint, key=True)
        if not isinstance(target, str) or any(TemplateResolver.has_templates(text) for _, text in texts_in(target, ())):
            message = f"the name for the output '{name}' must be text without templates"
            yield workflow.document.problem("output-name", message, (*at, name), hint="write the name it is to have")
    names = Counter(str(renamed.get(name, name)) for name in {**child.outputs, **renamed})
    for name in [name for name, count in names.items() if count > 1]:
        message = f"two outputs of '{_ref(node)}' would have the name '{name}'"
        yield workflow.document.problem("output-name", message, at, hint="give each a name of its own")


def _ref(node: NodeIR) -> str:
    return str(node.params["workflow_ref"])
