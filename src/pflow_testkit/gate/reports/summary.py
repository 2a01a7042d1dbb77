"""What the gate found to a summary in Markdown: totals, what became of each workflow, and its graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pflow_testkit.gate.catalogue import RULES
from pflow_testkit.gate.reports.markdown_text import code, plain
from pflow_testkit.gate.reports.told import Told, classes_of
from pflow_testkit.gate.row import Judged, Row

_MOST_ROWS: Final = 100
"""Of one workflow, the worst first."""

_LARGEST: Final = 1024 * 1024
"""Bytes: GitHub refuses a step's summary that is larger."""


def summary(told: Told, *, room: int = 0) -> str:
    """As much as fits: without the graphs, or with nothing but the totals, where the whole does not.

    ``room`` is what is taken already, in bytes.
    """
    largest = _LARGEST - room
    whole = _text([*_totals(told), *_workflows(told, charts=True), *_fixes(told.rows)])
    if _size(whole) <= largest:
        return whole
    shorter = _text([*_totals(told), _GRAPHS, "", *_workflows(told, charts=False), *_fixes(told.rows)])
    return shorter if _size(shorter) <= largest else _text([*_totals(told), _ROWS, ""])


def _totals(told: Told) -> Iterator[str]:
    counts = classes_of(told.rows)
    verdict = "breaks those who use it" if counts["breaking"] else "nothing breaks"
    yield from (f"## pflow gate: {verdict if told.whole else 'incomplete'}", "")
    many = "1 workflow" if len(told.judged) == 1 else f"{len(told.judged)} workflows"
    yield from (f"{many} compared with {code(told.against)}.", "")
    yield from ("| BREAKING | BREAKING, approved | BEHAVIOUR | COSMETIC |", "|---:|---:|---:|---:|")
    yield from (f"| {' | '.join(map(str, counts.values()))} |", "")
    for file in told.unjudged:
        yield from (f"{code(file)} could not be compared: see its item `gate`.", "")
    if not told.complete:
        yield from ("The run was stopped before every workflow was compared.", "")


def _workflows(told: Told, *, charts: bool) -> Iterator[str]:
    for each in told.judged:
        if each.rows:
            yield from (f"### {code(each.file)}", "")
            yield from _table(each)
            yield from _approvals(each.rows)
            if charts and each.chart:
                yield from (_LEGEND, "", "```mermaid", each.chart.rstrip("\n"), "```", "")


def _table(each: Judged) -> Iterator[str]:
    rows = sorted(each.rows, key=lambda row: row.order)
    yield from ("| Class | Rule | Place | What changed | Callers it meets |", "|---|---|---|---|---|")
    for row in rows[:_MOST_ROWS]:
        severity = f"**{row.severity}**" if row.fails else f"{row.severity}{', approved' * bool(row.approved)}"
        callers = "<br>".join(code(str(caller)) for caller in row.callers)
        yield f"| {severity} | {code(row.rule)} | {code(row.place)} | {plain(row.message)} | {callers} |"
    if len(rows) > _MOST_ROWS:
        yield f"| | | | and {len(rows) - _MOST_ROWS} more | |"
    yield ""


def _approvals(rows: Iterable[Row]) -> Iterator[str]:
    approved = [row for row in rows if row.approved]
    for row in approved:
        at = f" at {code(row.path)}" if row.path else ""
        yield f"- {code(row.rule)}{at} is approved in {code(str(row.approved_at))}: {plain(row.approved)}"
    if approved:
        yield ""


def _fixes(rows: Iterable[Row]) -> Iterator[str]:
    rules = dict.fromkeys(row.rule for row in rows if row.fails)
    if rules:
        yield from ("### What to do", "")
        yield from (f"- {code(rule)}: {RULES[rule].fix}" for rule in rules)
        yield ""


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _size(text: str) -> int:
    return len(text.encode())


_LEGEND = "Green: new. Yellow: changed. Red, dashed: gone."
_GRAPHS = "The graphs are left out: with them, this would be too large."
_ROWS = "The changes are left out: with them, this would be too large."
