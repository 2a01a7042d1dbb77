"""The rules to the table of them that people read, with a place to link to for each."""

from __future__ import annotations

from pflow_testkit.gate.catalogue import RULES, Rule


def anchor_of(rule: Rule) -> str:
    """What stands behind ``#`` in a link to a rule."""
    return f"gate-{rule.code}"


def rules_table() -> str:
    """Every rule in Markdown, a row each, in the order of their codes."""
    return "\n".join(("| Rule | Class | What happened | What to do |", "|---|---|---|---|", *map(_row, RULES.values())))


def _row(rule: Rule) -> str:
    name = f'<a id="{anchor_of(rule)}"></a>`{rule.code}`'
    return f"| {name} | {rule.severity} | {rule.sentence} | {rule.fix} |"
