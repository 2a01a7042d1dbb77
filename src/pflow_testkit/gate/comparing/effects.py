"""A change of a workflow, and a node that runs that workflow, to the place in the node's workflow that it meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path
from pflow_engine.templates import Path as TemplatePath
from pflow_engine.value_types import coerce
from pflow_testkit.changes import Severity
from pflow_testkit.gate.comparing.meaning import is_template, paths_in
from pflow_testkit.gate.model import Finding

_Given = Mapping[str, Any] | None
"""What a node gives to the workflow that it runs; None where a template says so at run time."""

_ITEM_FIELD: Final = 2
"""Of a batch, ``results[0].name``: the steps before the name."""


class Spot(NamedTuple):
    """A path in a workflow, and the words of its value that are meant."""

    path: Path
    within: str = ""


def spot_met(finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    """Where ``node`` of ``workflow``, which runs the workflow that the finding is about, is met by it; None if not."""
    if finding.severity is Severity.COSMETIC:
        return None
    find = _FINDERS.get(finding.rule.code, _whatever)
    return find(finding, workflow, node)


def _whatever(_finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    return Spot((*workflow.node_path(node.id), "params", "workflow_ref"))


def _nobody(_finding: Finding, _workflow: Workflow, _node: NodeIR) -> Spot | None:
    return None


def _if_given(finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    given, name = _given(node), finding.path[1]
    at = (*workflow.node_path(node.id), "params", "param_mapping")
    if given is None:
        return Spot(at)
    return Spot((*at, name)) if name in given else None


def _if_refused(finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    at, given = _if_given(finding, workflow, node), _given(node)
    if at is None or given is None:
        return at
    value = given[str(finding.path[1])]
    is_sure = not (isinstance(value, str) and is_template(value))
    return None if is_sure and _fits(value, finding.head) else at


def _if_left_out(finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    given = _given(node)
    is_given = given is not None and finding.path[1] in given
    return None if is_given else Spot((*workflow.node_path(node.id), "params", "param_mapping"))


def _if_read(finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    return next(_readers(workflow, node, str(finding.path[1])), None)


def _if_any_read(_finding: Finding, workflow: Workflow, node: NodeIR) -> Spot | None:
    return next(_readers(workflow, node, None), None)


_FINDERS: Final[Mapping[str, Callable[[Finding, Workflow, NodeIR], Spot | None]]] = {
    "input-removed": _if_given,
    "input-type-narrowed": _if_refused,
    "input-type-changed": _if_given,
    "input-type-widened": _if_given,
    "input-declared": _if_given,
    "input-required-added": _if_left_out,
    "input-made-required": _if_left_out,
    "input-default-removed": _if_left_out,
    "input-default-changed": _if_left_out,
    "input-optional-added": _nobody,
    "input-made-optional": _nobody,
    "input-stdin-removed": _nobody,
    "input-stdin-added": _nobody,
    "output-added": _nobody,
    "output-removed": _if_read,
    "output-type-changed": _if_read,
    "output-type-widened": _if_read,
    "output-type-narrowed": _if_read,
    "output-source-changed": _if_read,
    "outputs-first-declared": _if_any_read,
    "last-outputs-changed": _if_any_read,
    "node-renamed": _nobody,
    "workflow-renamed": _nobody,
}
"""Of what changes at the border of a workflow, who is met; any other change meets whoever runs it."""


def _given(node: NodeIR) -> _Given:
    given = node.params.get("param_mapping", {})
    return given if isinstance(given, Mapping) else None


def _fits(value: Any, word: Any) -> bool:
    try:
        coerce(value, str(word))
    except ValueError:
        return False
    return True


def _readers(workflow: Workflow, node: NodeIR, output: str | None) -> Iterator[Spot]:
    at = (*workflow.node_path(node.id), "params", "output_mapping")
    renamed = node.params.get("output_mapping", {})
    renamed = renamed if isinstance(renamed, Mapping) else {}
    if output is not None and output in renamed:
        yield Spot((*at, output))
    name = None if output is None else str(renamed.get(output, output))
    for where, template, path in paths_in(workflow):
        if path.root == node.id and (name is None or _reads(path, name, is_batch=node.batch is not None)):
            yield Spot(where, template)
    yield from _taken(workflow, node, name)


def _reads(path: TemplatePath, name: str, *, is_batch: bool) -> bool:
    steps = path.steps
    if is_batch:
        if steps[:1] not in ((), ("results",)):
            return False
        steps = steps[_ITEM_FIELD:]
    return not steps or isinstance(steps[0], TemplatePath) or str(steps[0]) == name


def _taken(workflow: Workflow, node: NodeIR, name: str | None) -> Iterator[Spot]:
    # What has no source is the last node's: that of a node with such an output, or all of them.
    if node.batch is not None:
        return
    if not workflow.outputs and all(edge.source != node.id or edge.action != "default" for edge in workflow.edges):
        yield Spot(workflow.node_path(node.id))
    for other, declared in workflow.outputs.items():
        if not declared.source and other == name:
            yield Spot(("outputs", other))
