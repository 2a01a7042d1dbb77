"""Two versions of workflows to what changed for those who use them."""

from pflow_testkit.gate.model import RULES, Finding, Rule, Side

__all__ = ["RULES", "Finding", "Rule", "Side"]
