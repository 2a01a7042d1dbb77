"""Templates of a workflow to problems: what each one names, and whether it is there by then."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Literal

from pflow_engine.document.model import NodeIR, OutputDeclaration, Workflow
from pflow_engine.document.positions import Path as IRPath
from pflow_engine.document.positions import texts_in
from pflow_engine.errors import Problem, did_you_mean, nearest
from pflow_engine.nodes.registry import Registry
from pflow_engine.store import INDEX, LLM_CALLS
from pflow_engine.templates import Path, Template, parse
from pflow_engine.validation.graph import Graph
from pflow_engine.validation.outputs import outputs_of
from pflow_engine.validation.params import param_problems

_SURE_TYPO = 0.8
_SHOWN = 40
"""Characters of a template that are shown."""

_LONGEST = 200
"""Characters of a template that names what is not there: a thousand problems may be about the same megabyte."""

_MOST_NAMES = 20
_MOST_TYPOS = 500
"""Unknown names without declared inputs that are looked up for what they may mean: more are no typos."""

_MOST_AT_HAND = 500
"""Nodes that are looked through for what a name may mean."""

_SHELL_NAME = re.compile(r"\$\{(\w+)")


@dataclass(frozen=True)
class _Place:
    """A text of the workflow: where, of which node (None for an output), and whether items are at hand."""

    path: IRPath
    text: str
    node: NodeIR | None
    in_batch: bool = False

    @cached_property
    def template(self) -> Template:
        return parse(self.text)

    @property
    def own_names(self) -> tuple[str, ...]:
        """The item's, where items are at hand."""
        batch = self.node.batch if self.node is not None else None
        return (batch.alias, INDEX) if self.in_batch and batch is not None else ()


@dataclass(frozen=True)
class _Flow:
    """What templates are held against."""

    workflow: Workflow
    registry: Registry
    graph: Graph

    @cached_property
    def looked_up(self) -> set[tuple[str, str]]:
        """Unknown names, each with its node, that may be typos."""
        return set()

    @cached_property
    def nodes(self) -> Mapping[str, NodeIR]:
        return {node.id: node for node in self.workflow.nodes}

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        return {node.batch.alias: node.id for node in self.workflow.nodes if node.batch}

    @cached_property
    def written(self) -> frozenset[str] | None:
        """Every name a node writes, which without namespacing stands at the root; None: any."""
        outputs = [self.outputs_of(node) for node in self.workflow.nodes]
        return None if None in outputs else frozenset(name for names in outputs if names for name in names)

    def outputs_of(self, node: NodeIR, *, of_item: bool = False) -> Mapping[str, str] | None:
        return outputs_of(node, self.registry, self.workflow.children.get(node.id), of_item=of_item)

    def names(self, place: _Place) -> list[str]:
        """What is at hand at a place; of a very long workflow the nodes that stand closest before it."""
        own = [name for name in place.own_names if name != INDEX]
        return [*own, *self.workflow.inputs, *(name for name in self._around(place) if self.is_before(name, place))]

    def _around(self, place: _Place) -> Iterable[str]:
        if len(self.nodes) <= _MOST_AT_HAND:
            return self.nodes
        end = len(self.nodes) if place.node is None else self.graph.place_of(place.node.id)
        return self._order[max(0, end - _MOST_AT_HAND) : end]

    @cached_property
    def _order(self) -> list[str]:
        return list(self.nodes)

    def is_before(self, node_id: str, place: _Place) -> bool:
        return place.node is None or self.graph.is_upstream(node_id, place.node.id)


def dataflow_problems(workflow: Workflow, registry: Registry, graph: Graph) -> Iterator[Problem]:
    """Every template that is malformed or names what is not there; unused inputs; params of a wrong type."""
    flow = _Flow(workflow, registry, graph)
    places = list(_places(workflow))
    yield from _in_places(flow, places)
    yield from _unused_inputs(workflow, places)
    yield from _sources(flow, workflow.outputs)
    yield from param_problems(workflow, registry)


def dataflow_problems_of(
    workflow: Workflow, registry: Registry, graph: Graph, nodes: Collection[int], outputs: Collection[str]
) -> Iterator[Problem]:
    """Those of some nodes, by index, and of some outputs; unused inputs are not among them."""
    flow = _Flow(workflow, registry, graph)
    declared = {name: workflow.outputs[name] for name in outputs}
    yield from _in_places(flow, _places(replace(workflow, outputs=declared), nodes))
    yield from _sources(flow, declared)
    yield from param_problems(workflow, registry, nodes)


def _in_places(flow: _Flow, places: Iterable[_Place]) -> Iterator[Problem]:
    for place in places:
        yield from _malformed(flow, place)
        for reference in place.template.references:
            for path in dict.fromkeys(reference.paths()):
                yield from _path(flow, place, path, _cut(reference.text))


def _places(workflow: Workflow, nodes: Collection[int] | None = None) -> Iterator[_Place]:
    for index in range(len(workflow.nodes)) if nodes is None else nodes:
        node = workflow.nodes[index]
        at: IRPath = ("nodes", index)
        for path, text in texts_in(node.params, (*at, "params")):
            yield _Place(path, text, node, node.batch is not None)
        if node.batch is not None:
            for path, text in texts_in(node.batch.items, (*at, "batch", "items")):
                yield _Place(path, text, node)
    for name, declared in workflow.outputs.items():
        if declared.source:
            yield _Place(("outputs", name, "source"), declared.source, None)


def _malformed(flow: _Flow, place: _Place) -> Iterator[Problem]:
    problem = flow.workflow.document.problem
    template = place.template
    for bad in template.malformed:
        message = f"malformed template {_first_words(bad.text)}: {bad.reason}"
        hint = "mend it, or write $${ where no template is meant"
        yield problem("malformed-template", message, place.path, hint=hint, within=bad.text)
    if place.path[-2:] == ("batch", "items") and template.exact is None and not template.malformed:
        message = f"batch items must be exactly one template or an array, not '{_first_words(place.text)}'"
        hint = "one template that leads to a list, ${node.output}, or an inline array"
        yield problem("batch-items", message, place.path, hint=hint)
    yield from _shell(flow, place)


def _shell(flow: _Flow, place: _Place) -> Iterator[Problem]:
    for text in dict.fromkeys(place.template.shell):
        found = _SHELL_NAME.match(text)
        name = found.group(1) if found else ""
        if name in place.own_names or name in flow.workflow.inputs or name in flow.nodes:
            message = f"{_first_words(text)} is left to the shell, though '{name}' is known here"
            hint = f'a template with a default is ${{{name} ?? "…"}}'
            yield flow.workflow.document.problem(
                "shell-expansion", message, place.path, hint=hint, within=text, severity="warning"
            )


def _first_words(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _cut(template: str) -> str:
    return template if len(template) <= _LONGEST else f"{template[:_LONGEST]}…"


def _path(flow: _Flow, place: _Place, path: Path, text: str) -> Iterator[Problem]:
    if path.root in (*place.own_names, LLM_CALLS) or path.root in flow.workflow.inputs:
        return
    if path.root in flow.nodes and (flow.workflow.namespacing or flow.nodes[path.root].batch):
        problem = _node_reference(flow, place, path)
    else:
        problem = _other_name(flow, place, path)
    if problem is not None:
        code, message, hint, severity = problem
        if place.node is None and code in ("unknown-name", "unknown-output"):
            code = "output-source"
        if flow.workflow.permissive:
            severity = "warning"  # there it stays as it is written, and the trace says so
        yield flow.workflow.document.problem(
            code, f"{text}: {message}", place.path, hint=hint, within=text.removesuffix("…"), severity=severity
        )


_Found = tuple[str, str, str, Literal["error", "warning"]]


def _node_reference(flow: _Flow, place: _Place, path: Path) -> _Found | None:
    node = flow.nodes[path.root]
    if not flow.is_before(node.id, place):
        own = place.node is not None and place.node.id == node.id
        message = f"'{node.id}' is this very node" if own else f"'{node.id}' does not run before this node"
        names = ", ".join(sorted(flow.names(place))[:_MOST_NAMES])
        return "not-upstream", message, f"at hand here: {names}" if names else "nothing runs before it", "error"
    outputs = flow.outputs_of(node)
    if outputs is None or not path.steps or path.steps[0] in outputs or isinstance(path.steps[0], Path):
        return None if outputs is None else _result_reference(flow, node, path)
    kind = f"a batch of {node.type}" if node.batch else node.type
    message = f"node '{node.id}' ({kind}) has no output '{path.steps[0]}'"
    return "unknown-output", message, _output_hint(flow, node, str(path.steps[0]), outputs), "error"


def _result_reference(flow: _Flow, node: NodeIR, path: Path) -> _Found | None:
    # ${batch.results[0].field}: the field is an output of the node type, or the item.
    if node.batch is None or len(path.steps) < 3 or path.steps[0] != "results":  # noqa: PLR2004  # results, index, field
        return None
    outputs = flow.outputs_of(node, of_item=True)
    field = path.steps[2]
    if outputs is None or not isinstance(field, str) or field in outputs:
        return None
    message = f"an item of '{node.id}' ({node.type}) has no output '{field}'"
    return "unknown-output", message, did_you_mean(field, outputs, otherwise="it has: "), "error"


def _output_hint(flow: _Flow, node: NodeIR, name: str, outputs: Mapping[str, str]) -> str:
    of_item = flow.outputs_of(node, of_item=True) if node.batch else None
    if of_item and name in of_item:
        return f"a batch has it per item: ${{{node.id}.results[0].{name}}}"
    close = nearest(name, outputs)
    there = ", ".join(f"{output} ({kind})" for output, kind in sorted(outputs.items())) or "nothing"
    return f"did you mean '{close[0]}'? it has: {there}" if close else f"it has: {there}"


def _other_name(flow: _Flow, place: _Place, path: Path) -> _Found | None:
    if path.root in (*flow.aliases, INDEX):
        return _alias_outside(flow, place, path.root)
    if not flow.workflow.namespacing and (flow.written is None or path.root in flow.written):
        return None
    if flow.workflow.inputs or path.steps or _is_typo(flow, place, path.root):
        hint = did_you_mean(path.root, flow.names(place), otherwise="at hand here: ")
        if path.root.isupper():
            hint = f"for the shell's variable write $${{{path.root}}}; {hint}".removesuffix("; ")
        return "unknown-name", f"there is no node or input '{path.root}'", hint, "error"
    # Without declared inputs any name may be given at run time; strict mode fails there if it is not.
    message = f"'{path.root}' is no node: it has to be given as an input"
    return "undeclared-input", message, f"declare it under 'inputs': {path.root}", "warning"


def _alias_outside(flow: _Flow, place: _Place, name: str) -> _Found:
    owner = flow.aliases.get(name)
    if owner is None or name == INDEX:
        message, hint = f"'{INDEX}' is known only in the params of a batch node", "give this node a batch block"
        return "alias-outside", message, hint, "error"
    message = f"'{name}' is the item of batch '{owner}', known only in its params"
    if place.node is not None and place.node.id == owner:
        return "alias-outside", message, "its items come from before: a node's output or an input", "error"
    return "alias-outside", message, "use the batch's results: ${" + owner + ".results}", "error"


def _is_typo(flow: _Flow, place: _Place, name: str) -> bool:
    if len(flow.looked_up) == _MOST_TYPOS:
        return False
    flow.looked_up.add((place.node.id if place.node else "", name))
    close = nearest(name, flow.names(place))
    return bool(close) and SequenceMatcher(None, name, close[0]).ratio() >= _SURE_TYPO


def _unused_inputs(workflow: Workflow, places: list[_Place]) -> Iterator[Problem]:
    references = [reference for place in places for reference in place.template.references]
    used = {path.root for reference in references for path in reference.paths()}
    for name in workflow.inputs:
        if name not in used:
            message = f"input '{name}' is never used"
            hint = f"use it as ${{{name}}}, or take it out"
            path = ("inputs", name)
            yield workflow.document.problem("unused-input", message, path, hint=hint, key=True, severity="warning")


def _sources(flow: _Flow, outputs: Mapping[str, OutputDeclaration]) -> Iterator[Problem]:
    for name, declared in outputs.items():
        path = ("outputs", name, "source")
        if parse(f"${{{declared.source}}}").exact and declared.source.partition(".")[0] in flow.nodes:
            message = f"output '{name}' is the text '{declared.source}', not what it leads to"
            hint = f"write ${{{declared.source}}}"
            yield flow.workflow.document.problem("output-source", message, path, hint=hint)
        if not declared.source and flow.written is not None and name not in flow.written:
            message = f"output '{name}' has no source, and no node has an output of that name"
            hint = "give it a source: ${node.output}"
            yield flow.workflow.document.problem(
                "output-source", message, ("outputs", name), hint=hint, key=True, severity="warning"
            )
