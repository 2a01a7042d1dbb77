"""Two versions of workflows to what changed for those who use them."""

from pflow_testkit.gate.comparing.callers import Callers, Nest, Nesting
from pflow_testkit.gate.comparing.compare import compare, compare_sets
from pflow_testkit.gate.model import RULES, Caller, Finding, Rule, Side

__all__ = ["RULES", "Caller", "Callers", "Finding", "Nest", "Nesting", "Rule", "Side", "compare", "compare_sets"]
