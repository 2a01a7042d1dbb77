"""A flow and the words of a command line to what is run, or to all that is wrong with the words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pflow_engine.cli.earlier import Known, read_trace
from pflow_engine.cli.given import Words, read_words
from pflow_engine.cli.only import Upstream, missing, no_node, node_alone
from pflow_engine.document.model import Workflow
from pflow_engine.document.positions import path_text
from pflow_engine.errors import InvalidInput, Problem
from pflow_engine.flow import Flow
from pflow_engine.inputs import bind_inputs
from pflow_engine.nodes.registry import Registry


@dataclass(frozen=True, slots=True)
class Prepared:
    """A flow that is ready to run."""

    flow: Flow
    inputs: Mapping[str, Any]
    upstream: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def prepare(flow: Flow, values: Iterable[str]) -> Prepared:
    """The whole workflow with its inputs.

    Raises:
        InvalidInput: every word that is none, does not fit, or is missing.
    """
    words = read_words(flow.workflow, values)
    of_nodes = [_of_node(name) for name in words.texts if _names_output(flow.workflow, name)]
    inputs = {name: text for name, text in words.texts.items() if not _names_output(flow.workflow, name)}
    _refuse([*words.problems.values(), *of_nodes, *_misfits(flow.workflow, inputs, words.problems)])
    return Prepared(flow, inputs)


def prepare_node(flow: Flow, values: Iterable[str], node_id: str, earlier: str | None, registry: Registry) -> Prepared:
    """One node with the inputs and the outputs of others that it needs, as given, else as in an earlier trace.

    Raises:
        InvalidInput: as above, and what the node needs that is not there.
    """
    unknown = no_node(flow.workflow, node_id)
    _refuse([unknown] if unknown else [])
    alone, upstream = node_alone(flow, node_id), Upstream(flow.workflow, registry)
    words = read_words(flow.workflow, values)
    outputs, problems = _outputs(upstream, words)
    known = _known(flow.workflow, node_id, words, outputs, read_trace(earlier) if earlier else Known())
    problems += [*words.problems.values(), *_misfits(alone.workflow, known.inputs, words.problems)]
    # What was given and is wrong is not missing, too.
    given = {*words.problems, *words.texts}
    problems += missing(upstream, node_id, _with(known, given))
    _refuse(problems)
    return Prepared(alone, known.inputs, known.outputs)


def _names_output(workflow: Workflow, name: str) -> bool:
    node_id, dot, _ = name.partition(".")
    return bool(dot) and any(node.id == node_id for node in workflow.nodes)


def _of_node(name: str) -> Problem:
    message = f"'{name}' is an output of a node, which the run makes itself"
    return Problem("input-name", message, hint="outputs are given to a node that runs alone, with --only")


def _misfits(workflow: Workflow, inputs: Mapping[str, Any], wrong: Collection[str]) -> list[Problem]:
    told = {path_text(("inputs", name)) for name in wrong}
    try:
        bind_inputs(workflow, inputs)
    except InvalidInput as error:
        return [each for each in error.problems if each.code != "missing-input" or each.path not in told]
    return []


def _outputs(upstream: Upstream, words: Words) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    outputs: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for word, text in words.texts.items():
        node_id, dot, name = word.partition(".")
        if not dot:
            continue
        try:
            outputs.setdefault(node_id, {})[name] = upstream.value(word, text)
        except InvalidInput as error:
            problems += error.problems
    return outputs, problems


def _known(
    workflow: Workflow, node_id: str, words: Words, outputs: Mapping[str, Mapping[str, Any]], trace: Known
) -> Known:
    taken = {name: value for name, value in trace.inputs.items() if value is not None and _takes(workflow, name)}
    inputs = taken | {name: text for name, text in words.texts.items() if "." not in name}
    nodes = dict.fromkeys([*trace.outputs, *outputs])
    both = {node: {**trace.outputs.get(node, {}), **outputs.get(node, {})} for node in nodes if node != node_id}
    return Known(inputs, both, trace.lost)


def _takes(workflow: Workflow, name: str) -> bool:
    return not workflow.inputs or name in workflow.inputs


def _with(known: Known, given: Iterable[str]) -> Known:
    inputs, outputs = dict(known.inputs), {node: dict(fields) for node, fields in known.outputs.items()}
    for word in given:
        node_id, dot, name = word.partition(".")
        if dot:
            outputs.setdefault(node_id, {}).setdefault(name, None)
        else:
            inputs.setdefault(word, None)
    return Known(inputs, outputs, known.lost)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems)
