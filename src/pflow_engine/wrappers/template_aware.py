"""Params as written to params with values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.node import Param
from pflow_engine.store import Store
from pflow_engine.templates import Plan, Scope, compile_value, lookup
from pflow_engine.trace import named_secrets
from pflow_engine.value_types import PYTHON_TYPES, is_of_type, type_name
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec


@dataclass(frozen=True, slots=True)
class TemplateAwareNodeWrapper:
    """Resolves the node's params against the call's view of the store.

    ``typed`` are the params whose value could miss the declared type, each with the Python types that values
    of it mostly have. ``watched``: a batch's items are looked at one by one, since a name may not resolve or
    a param's name looks like a secret's.
    """

    plan: Plan
    typed: tuple[tuple[str, Param, tuple[type, ...]], ...]
    watched: bool
    inner: Layer

    @classmethod
    def of(cls, spec: NodeSpec, inner: Layer) -> TemplateAwareNodeWrapper:
        """Compile the params once."""
        plan = compile_value(spec.params, permissive=spec.permissive)
        declared = spec.interface.params
        typed = tuple(
            (name, declared[name], PYTHON_TYPES[declared[name].type])
            for name, value in spec.params.items()
            if name in declared and declared[name].type != "any" and _could_miss(value, declared[name])
        )
        return cls(plan, typed, spec.permissive or any(named_secrets(spec.params)), inner)

    def run(self, call: Call, store: Store, _as_written: dict[str, Any], /) -> str | None:
        """Run below with the resolved params."""
        scope = getattr(store, "scope", store)
        params = self.plan.resolve(scope)
        if self.plan.permissive:
            call.recorder.unresolved(reference.text for reference in self.plan.missing(scope))
        for name, declared, usual in self.typed:
            if type(params[name]) not in usual and not _fits(params[name], declared):
                params[name] = _from_json(name, params[name], declared.type)
        if call.index is None or self.watched:
            _note(call, self.plan, params, scope)
        return self.inner.run(call, store, params)


def _could_miss(value: Any, declared: Param) -> bool:
    # Text without a template is told apart first: most params are that, and to compile them twice takes a while.
    if isinstance(value, str) and "${" not in value:
        return not _fits(value, declared)
    return bool(compile_value(value).references) or not _fits(value, declared)


def _fits(value: Any, declared: Param) -> bool:
    # For a param that may be left out, null is as good as that: ${token} where the input has no value.
    return is_of_type(value, declared.type) or (value is None and not declared.required)


def _note(call: Call, plan: Plan, params: dict[str, Any], scope: Scope) -> None:
    # Of an item's params only what must not be lost: they are many, and the batch records its items.
    call.recorder.keep_secret(named_secrets(params))
    if call.index is None:
        call.recorder.note(params=params, templates=_templates(plan, scope))


def _from_json(name: str, value: Any, word: str) -> Any:
    # Shells print lists and maps as text: a parameter declared one takes the JSON of it.
    if isinstance(value, str) and word in ("array", "object"):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        if is_of_type(parsed, word):
            return parsed
    message = f"parameter '{name}' takes {word}, got {type_name(value)}"
    raise Unhealable(Problem("param-type", message, hint=f"give it a value of type {word}"))


def _templates(plan: Plan, scope: Scope) -> dict[str, Any]:
    missing = plan.missing(scope) if plan.permissive else ()
    return {reference.text: lookup(reference, scope) for reference in plan.references if reference not in missing}
