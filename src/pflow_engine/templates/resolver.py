"""The names pflow's users know, over the compiled form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pflow_engine.templates.grammar import Reference, parse
from pflow_engine.templates.lookup import MISSING, lookup
from pflow_engine.templates.plan import compile_value, to_text


class TemplateResolver:
    """Static functions over text with templates. Compile once with ``compile_value`` where speed counts."""

    @staticmethod
    def has_templates(value: Any) -> bool:
        """Whether a value, or anything inside it, holds a template."""
        return bool(compile_value(value).references)

    @staticmethod
    def extract_variables(text: str) -> set[str]:
        """The paths a text refers to, as written: ``{"fetch.response[0].id"}``."""
        return {str(path) for reference in parse(text).references for path in reference.paths()}

    @staticmethod
    def variable_exists(name: str, context: Mapping[str, Any]) -> bool:
        """Whether a path leads to a value, None among them."""
        return TemplateResolver.resolve_value(name, context) is not MISSING

    @staticmethod
    def resolve_value(name: str, context: Mapping[str, Any]) -> Any:
        """The value at a path, with its type; ``MISSING`` where it leads nowhere."""
        exact = parse(f"${{{name}}}").exact
        return MISSING if exact is None else lookup(exact, context)

    @staticmethod
    def resolve_string(text: str, context: Mapping[str, Any]) -> str:
        """A text with its templates filled in as text; what leads nowhere stays as written."""
        found = [(part, _value(part, context)) for part in parse(text).parts]
        return "".join(part if isinstance(part, str) else to_text(value) for part, value in found)

    @staticmethod
    def resolve_nested(value: Any, context: Mapping[str, Any]) -> Any:
        """Any nesting of maps and lists with its templates filled in; what leads nowhere stays as written."""
        return compile_value(value, permissive=True).resolve(context)


def _value(part: str | Reference, context: Mapping[str, Any]) -> Any:
    if isinstance(part, str):
        return part
    found = lookup(part, context)
    return part.text if found is MISSING else found
