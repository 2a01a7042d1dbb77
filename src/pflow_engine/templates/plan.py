"""Values with templates to a plan that resolves them.

A value is compiled to closures once; resolving runs no regular expression and scans no resolved text again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pflow_engine.copying import copy_data
from pflow_engine.errors import Problem, Unhealable
from pflow_engine.templates.explain import explain
from pflow_engine.templates.grammar import Reference, Template, parse
from pflow_engine.templates.lookup import MISSING, NOT_THERE, Resolve, Scope, lookup, reference_resolver


class Unresolved(Unhealable):
    """Templates that lead nowhere. ``names`` are the paths, in order."""

    def __init__(self, problems: Iterable[Problem] | Problem, names: tuple[str, ...] = ()) -> None:
        super().__init__(problems)
        self.names = names


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled value. ``resolve(scope)`` gives the value; maps and lists as written are fresh each time."""

    value: Any
    references: tuple[Reference, ...]
    _resolve: Resolve
    permissive: bool = False

    def resolve(self, scope: Scope) -> Any:
        """The value with its templates filled in. A template alone gives the very object it leads to.

        Raises:
            Unresolved: in strict mode, naming every template that leads nowhere.
        """
        try:
            return self._resolve(scope)
        except NOT_THERE:
            missing = self.missing(scope)
            if not missing:
                raise
            if self.permissive:
                return _fill(self.value, scope)
            raise Unresolved([explain(reference, scope) for reference in missing], _names(missing)) from None

    def missing(self, scope: Scope) -> tuple[Reference, ...]:
        """The references that resolve to nothing in this scope."""
        return tuple(reference for reference in self.references if lookup(reference, scope) is MISSING)


def compile_value(value: Any, *, permissive: bool = False) -> Plan:
    """Compile a value: text, or any nesting of maps and lists with text in it."""
    references: list[Reference] = []
    resolve = _compile(value, references)
    return Plan(value, tuple(references), resolve, permissive)


def _compile(value: Any, references: list[Reference]) -> Resolve:
    if isinstance(value, str):
        return _compile_text(parse(value), references)
    if isinstance(value, dict):
        return _compile_map(value, references)
    if isinstance(value, list):
        return _compile_list(value, references)
    return lambda _: value


def _compile_text(template: Template, references: list[Reference]) -> Resolve:
    references.extend(template.references)
    if template.exact is not None:
        return reference_resolver(template.exact)
    if not template.references:
        text = "".join(part for part in template.parts if isinstance(part, str))
        return lambda _: text
    pieces = [_constant(part) if isinstance(part, str) else _as_text(part) for part in template.parts]
    return lambda scope: "".join([piece(scope) for piece in pieces])


def _compile_map(value: dict[str, Any], references: list[Reference]) -> Resolve:
    before = len(references)
    entries = [(key, _compile(item, references)) for key, item in value.items()]
    if len(references) == before:
        return _constant_data(_fill(value, {}))
    if len(entries) == 1:
        ((only, resolve),) = entries
        return lambda scope: {only: resolve(scope)}
    return lambda scope: {key: resolve(scope) for key, resolve in entries}


def _compile_list(value: list[Any], references: list[Reference]) -> Resolve:
    before = len(references)
    entries = [_compile(item, references) for item in value]
    if len(references) == before:
        return _constant_data(_fill(value, {}))
    return lambda scope: [resolve(scope) for resolve in entries]


def _constant(text: str) -> Resolve:
    return lambda _: text


def _constant_data(value: Any) -> Resolve:
    # A copy each time: a node that changes its params must not change the next call's.
    return (lambda _: copy_data(value)) if value else (lambda _: type(value)())


def _as_text(reference: Reference) -> Resolve:
    resolve = reference_resolver(reference)

    def text(scope: Scope) -> str:
        value = resolve(scope)
        return value if type(value) is str else to_text(value)

    return text


def to_text(value: Any) -> str:
    """A value with text around it: None is nothing, maps and lists are JSON, the rest is what str says."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        return _json(value)
    return str(value)


def _json(value: Any) -> str:
    # Nodes written in Python may leave what JSON has no word for: keys that are tuples, lists in themselves.
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _fill(value: Any, scope: Scope) -> Any:
    # Permissive mode, and constants: what resolves is filled in, what does not stays as it is written.
    if isinstance(value, str):
        template = parse(value)
        if template.exact is not None:
            found = lookup(template.exact, scope)
            return value if found is MISSING else found
        return "".join(part if isinstance(part, str) else _fill_part(part, scope) for part in template.parts)
    if isinstance(value, dict):
        return {key: _fill(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, scope) for item in value]
    return value


def _fill_part(reference: Reference, scope: Scope) -> str:
    found = lookup(reference, scope)
    return reference.text if found is MISSING else to_text(found)


def _names(references: tuple[Reference, ...]) -> tuple[str, ...]:
    return tuple(str(path) for reference in references for path in reference.paths())
