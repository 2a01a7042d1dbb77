"""Two versions of a workflow to one Mermaid chart: the head's, with marks on what changed and with what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pflow_engine.document.model import Edge, Workflow
from pflow_engine.formatting.mermaid import arrow, box, mermaid, names_in
from pflow_testkit.changes import Severity
from pflow_testkit.gate.comparing.alignment import same_nodes
from pflow_testkit.gate.model import Finding

_STYLES: Final = {
    "added": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "changed": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "removed": "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:5 5",
}
_LINES: Final = {"added": "stroke:#1a7f37,stroke-width:3px", "removed": "stroke:#cf222e,stroke-dasharray:5 5"}

_LARGEST, _MOST_LINKS = 50_000, 500
"""Characters and arrows that Mermaid draws unless it is told to take more."""


class _Step(NamedTuple):
    source: str
    target: str
    action: str


def chart_of(base: Workflow, head: Workflow, findings: Iterable[Finding]) -> str:
    """The chart; "" of workflows that are too large to be drawn. ``findings`` are those about them."""
    same = same_nodes(base, head)
    names = names_in(head) | {node: f"was_{name}" for node, name in names_in(base).items() if node not in same}
    was, now = _steps(base.edges, same), _steps(head.edges, {})
    drawn = mermaid(head)
    gone = [_line(step, names) for step in was if step not in set(now)]
    boxes = [f"    {box(node, names[node.id])}" for node in base.nodes if node.id not in same]
    lines = [*drawn.splitlines(), *boxes, *gone]
    links = [line for line in lines if "-->" in line]
    new = {_line(step, names) for step in now if step not in set(was)}
    numbers = {
        "added": [number for number, line in enumerate(links) if line in new],
        "removed": list(range(len(links) - len(gone), len(links))),
    }
    text = "\n".join([*lines, *_classes(base, head, same, findings), *_links(numbers)]) + "\n"
    return text if len(text) <= _LARGEST and len(links) <= _MOST_LINKS else ""


def _steps(edges: Iterable[Edge], names: dict[str, str]) -> list[_Step]:
    ends = ((names.get(edge.source, edge.source), names.get(edge.target, edge.target), edge.action) for edge in edges)
    return [_Step(*step) for step in dict.fromkeys(ends)]


def _line(step: _Step, names: dict[str, str]) -> str:
    return f"    {names[step.source]} {arrow(step.action)} {names[step.target]}"


def _classes(base: Workflow, head: Workflow, same: dict[str, str], findings: Iterable[Finding]) -> Iterator[str]:
    now, was, known = names_in(head), names_in(base), set(same.values())
    touched = {finding.node for finding in findings if finding.severity is not Severity.COSMETIC}
    found = {
        "added": [name for node, name in now.items() if node not in known],
        "changed": [name for node, name in now.items() if node in touched & known],
        "removed": [f"was_{name}" for node, name in was.items() if node not in same],
    }
    for kind, names in found.items():
        if names:
            yield f"    classDef {kind} {_STYLES[kind]}"
            yield f"    class {','.join(names)} {kind}"


def _links(numbers: dict[str, list[int]]) -> Iterator[str]:
    for kind, of_kind in numbers.items():
        if of_kind:
            yield f"    linkStyle {','.join(map(str, of_kind))} {_LINES[kind]}"
