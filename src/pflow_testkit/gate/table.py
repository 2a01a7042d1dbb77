"""Rows to the lines of a table on the terminal: class, rule, place, message."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pflow_engine.document.model import Document
from pflow_testkit.gate.model import RULES
from pflow_testkit.gate.row import Row

_MOST_CALLERS = 5


def table(rows: Iterable[Row]) -> list[str]:
    """The worst first. Below a row stand those whom it meets, and why it may be."""
    ordered = sorted(rows, key=lambda row: row.order)
    columns = [(row.severity, row.rule, row.place) for row in ordered]
    widths = [max((len(each[at]) for each in columns), default=0) for at in range(3)]
    lines = []
    for row, cells in zip(ordered, columns, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append("  ".join([*padded, row.message]))
        lines += [f"{' ' * (widths[0] + 2)}{said}" for said in _below(row)]
    return lines


def counted(rows: Iterable[Row]) -> str:
    """How many there are of each class: ``1 BREAKING (approved), 2 COSMETIC``."""
    counts: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row.order):
        kind = f"{row.severity} (approved)" if row.approved else row.severity
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def refusal(rows: Iterable[Row], base: str, document: Document | None) -> str:
    """What fails of a workflow, and how it is mended or approved; "" where nothing does.

    ``document`` is the workflow as it is now, None where it is gone.
    """
    failing = sorted((row for row in rows if row.fails), key=lambda row: row.order)
    if not failing:
        return ""
    fixes = dict.fromkeys(f"{row.rule}: {RULES[row.rule].fix}" for row in failing)
    head = f"{failing[0].workflow} breaks those who use it, compared with {base}:"
    return "\n".join([head, *table(failing), "", *fixes, "", *_how_to_approve(failing, document)])


def _how_to_approve(rows: list[Row], document: Document | None) -> list[str]:
    if document is None:
        entries = [f"{row.workflow}::{row.rule}{f'[{row.path}]' * bool(row.path)}: …" for row in rows]
        written = f"pflow_gate_allow = {json.dumps(entries, ensure_ascii=False)}"
        return ["to approve it, say why in the ini file:", f"    {written}"]
    given = [{"rule": row.rule, **({"path": row.path} if row.path else {}), "reason": "…"} for row in rows]
    allow = json.dumps({"allow": given}, ensure_ascii=False)
    in_frontmatter = document.form == "markdown"
    written = f"pflow_gate: {allow}" if in_frontmatter else f'"metadata": {{"pflow_gate": {allow}}}'
    where = "in the frontmatter of the workflow" if in_frontmatter else "in the workflow"
    return [f"to approve it, say why {where}:", f"    {written}"]


def _below(row: Row) -> Iterable[str]:
    shown = ", ".join(map(str, row.callers[:_MOST_CALLERS]))
    more = f" and {len(row.callers) - _MOST_CALLERS} more" if len(row.callers) > _MOST_CALLERS else ""
    if row.callers:
        yield f"meets {shown}{more}"
    if row.approved:
        yield f"approved: {row.approved}"
