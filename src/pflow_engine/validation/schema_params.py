"""The params of a node, held against the JSON Schema of its type, to problems.

Values with templates in them are not judged: what they come to is known when the node runs.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry as Schemas
from referencing.exceptions import Unresolvable

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.errors import Problem, did_you_mean
from pflow_engine.templates import TemplateResolver
from pflow_engine.validation.structure import foreign_words
from pflow_engine.value_types import coerce

_ALWAYS: Final = ("required", "additionalProperties")
"""What is wrong whatever the templates in the value come to."""


def schema_param_problems(workflow: Workflow, index: int, node: NodeIR, schema: Mapping[str, Any]) -> Iterator[Problem]:
    """What is missing, unknown or of a wrong type. A name that the schema only does not speak of is a warning."""
    at: Path = ("nodes", index, "params")
    who = f"'{node.id}' ({node.type})"
    for error in _errors(schema, _as_given(node.params, schema)):
        for code, message, path, hint in _in_words(error):
            key = code == "unknown-param"
            yield workflow.document.problem(code, f"{who}: {message}", (*at, *path), hint=hint, key=key)
    for name in _unspoken(node.params, schema):
        message, path = f"{who} takes no parameter '{name}'", (*at, name)
        near = partial(did_you_mean, name, schema["properties"], otherwise="its parameters: ")
        yield workflow.document.problem("unknown-param", message, path, hint=near, key=True, severity="warning")


def _in_words(error: Any) -> Iterator[tuple[str, str, Path, str]]:
    path: Path = tuple(error.absolute_path)
    where = f" in '{path[-1]}'" if path else ""
    known = error.schema.get("properties", {})
    if error.validator == "required":
        # jsonschema reports each one by itself; the name is the one that is not there.
        name = next(name for name in error.validator_value if error.message.startswith(f"{name!r} "))
        kind = known.get(name, {}).get("type", "") if isinstance(known.get(name), Mapping) else ""
        yield "missing-param", f"it needs '{name}'{where}", path, f"add {name}{f' ({kind})' if kind else ''}"
    elif error.validator == "additionalProperties" and error.validator_value is False:
        for name in [name for name in error.instance if name not in known]:
            hint = did_you_mean(name, known, otherwise="its parameters: ")
            yield "unknown-param", f"it takes no '{name}'{where}", (*path, name), hint
    else:
        _, message, hint = foreign_words(error, path)
        yield "param-type", message, path, hint


def _unspoken(params: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    properties = schema.get("properties", {})
    speaks = {"additionalProperties", "patternProperties", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "$ref"}
    return [] if speaks & schema.keys() else [name for name in params if name not in properties]


def _as_given(params: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    # As the node would get them: null is nothing, and the JSON text of a list or a map is the list or the map.
    properties, required = schema.get("properties", {}), schema.get("required", ())
    given = {name: value for name, value in params.items() if value is not None or name in required}
    for name, value in given.items():
        declared = properties.get(name)
        word = declared.get("type") if isinstance(declared, Mapping) else None
        if isinstance(value, str) and word in ("array", "object"):
            with contextlib.suppress(ValueError):
                given[name] = coerce(value, word)
    return given


def _errors(schema: Mapping[str, Any], params: Any) -> list[Any]:
    # With no registry to look in: nothing is fetched for a schema that points elsewhere.
    validator: Any = validator_for(schema, default=Draft202012Validator)(schema, registry=Schemas())
    try:
        return [error for error in validator.iter_errors(params) if _is_judged(error)]
    except (Unresolvable, re.error, RecursionError):  # another language's pattern, or a schema of several files
        return []


def _is_judged(error: Any) -> bool:
    if error.validator in _ALWAYS:
        return True
    return not any(TemplateResolver.has_templates(text) for _, text in texts_in(error.instance, ()))
