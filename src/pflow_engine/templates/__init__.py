"""Templates: parsed once, resolved often."""

from pflow_engine.templates.grammar import Literal, Malformed, Path, Reference, Template, parse
from pflow_engine.templates.lookup import MISSING, Scope, lookup
from pflow_engine.templates.plan import Plan, Unresolved, compile_value
from pflow_engine.templates.resolver import TemplateResolver

__all__ = [
    "MISSING",
    "Literal",
    "Malformed",
    "Path",
    "Plan",
    "Reference",
    "Scope",
    "Template",
    "TemplateResolver",
    "Unresolved",
    "compile_value",
    "lookup",
    "parse",
]
