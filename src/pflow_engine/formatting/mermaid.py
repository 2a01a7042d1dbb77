"""A workflow to a Mermaid flowchart.

Every node goes by a number and every label is quoted, with all but letters, digits and blanks in it as character codes:
Mermaid takes ``end``, ``%%``, brackets, Markdown and lines that begin with ``style`` for its own words, even within
quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.errors import showable

_LONGEST_LABEL = 60
_HARMFUL = re.compile(r"(?<=direction) |(?<![^\W_])[-_]|[-_](?![^\W_])|[^\w -]", re.IGNORECASE)
"""A hyphen or a low line within a word is no Markdown; any line with ``direction LR`` in it is a command."""

_PLAIN_ACTION = re.compile(r"[a-z]{1,60}")


def mermaid(workflow: Workflow) -> str:
    """``flowchart TD``: a box for each node, batches with double sides, nested workflows as boxes around theirs.

    An arrow has the action it is taken for, unless that is ``default``. A node that no ``default`` edge leaves leads to
    the end.
    """
    return "\n".join(["flowchart TD", *(f"    {line}" for line in _chart(workflow, ""))]) + "\n"


def names_in(workflow: Workflow, above: str = "") -> dict[str, str]:
    """What each node is called in the chart, by its id."""
    return {node.id: f"n{above}{index}" for index, node in enumerate(workflow.nodes)}


def box(node: NodeIR, name: str) -> str:
    """One node, which goes by ``name``."""
    return f'{name}[["{_label(node)}"]]' if node.batch else f'{name}["{_label(node)}"]'


def arrow(action: str) -> str:
    """What an edge that is taken on ``action`` is drawn as."""
    if action == "default":
        return "-->"
    return f"-->|{action}|" if _PLAIN_ACTION.fullmatch(action) else f'-->|"{_text(action)}"|'


def _chart(workflow: Workflow, above: str) -> Iterator[str]:
    names = names_in(workflow, above)
    yield f"start{above}([start]) --> {names[workflow.start]}"
    for node in workflow.nodes:
        yield from _node(node, names[node.id], workflow.children.get(node.id))
    for edge in workflow.edges:
        yield f"{names[edge.source]} {arrow(edge.action)} {names[edge.target]}"
    lead_on = {edge.source for edge in workflow.edges if edge.action == "default"}
    yield from (f"{names[node.id]} --> finish{above}([end])" for node in workflow.nodes if node.id not in lead_on)


def _node(node: NodeIR, name: str, child: Workflow | None) -> Iterator[str]:
    if child is None:
        yield box(node, name)
        return
    yield f'subgraph {name}["{_label(node)}"]'
    yield from (f"    {line}" for line in _chart(child, f"{name[1:]}_"))
    yield "end"


def _label(node: NodeIR) -> str:
    return "<br/>".join(_text(part) for part in (node.id, node.type, *_batch(node)))


def _batch(node: NodeIR) -> list[str]:
    if node.batch is None:
        return []
    items = node.batch.items[2:-1] if isinstance(node.batch.items, str) else f"{len(node.batch.items)} items"
    return [f"batch of {items}"]


def _text(label: str) -> str:
    line = showable(" ".join(label.split()))
    if len(line) > _LONGEST_LABEL:
        line = line[: _LONGEST_LABEL - 3] + "..."
    return _HARMFUL.sub(lambda found: f"#{ord(found.group())};", line) or "#32;"  # a label may not be empty
