"""Data and a JSON Schema to problems in words.

jsonschema finds what is wrong; the words, the nearest names and the place are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import jsonschema
import jsonschema.validators

from pflow_engine.document.model import Document
from pflow_engine.document.normalise import IR_VERSION
from pflow_engine.document.positions import MOST_PROBLEMS, Path
from pflow_engine.document.schema import FLOW_IR_SCHEMA, NOT_YET
from pflow_engine.errors import Problem, did_you_mean
from pflow_engine.validation.acceptance import Accepts, accepting, exact
from pflow_engine.validation.salvage import salvaged
from pflow_engine.value_types import coerce, type_name

Place = Callable[..., Problem]
"""``place(code, message, path, *, hint="", key=False)``: a problem at a path of the data."""

_Words = Callable[[Any, Path], tuple[str, str, str]]
"""From a jsonschema ValidationError, whose fields its stubs leave open, to code, message and hint."""


def structure_problems(document: Document) -> list[Problem]:
    """What the IR schema has against a document."""
    return schema_problems(_ir_validator(), document.ir, document.problem)


def mended(document: Document) -> Document | None:
    """The document without its small faults of structure, or None where it has greater ones."""
    return salvaged(document, _ir_validator())


def schema_problems(validator: Any, data: Any, place: Place) -> list[Problem]:
    """The problems a jsonschema validator finds (the first thousand), in words, in the order of the data."""
    errors = sorted(islice(validator.iter_errors(data), MOST_PROBLEMS + 1), key=_in_data_order)
    return list(islice((problem for error in errors for problem in _in_words(error, place)), MOST_PROBLEMS + 1))


def foreign_words(error: Any, path: Path) -> tuple[str, str, str]:
    """Code, message and hint of what a jsonschema validator for a schema of somebody else's found."""
    return (_WORDS[error.validator] if error.validator in _OF_ANY_SCHEMA else _other)(error, path)


def build_validator(schema: Mapping[str, Any]) -> Any:
    """A validator for a schema of ours; building one takes longer than using it."""
    return _Validator(schema)


def _exact_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not exact(pattern).search(instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _items(validator: Any, items: Mapping[str, Any], instance: Any, _schema: Any) -> Iterator[Any]:
    yield from _not_accepted(validator, items, enumerate(instance) if isinstance(instance, list) else ())


def _additional(validator: Any, others: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if isinstance(others, Mapping) and isinstance(instance, Mapping) and "patternProperties" not in schema:
        known = schema.get("properties", ())
        pairs = [(name, value) for name, value in instance.items() if name not in known]
        yield from _not_accepted(validator, others, pairs)
    else:
        yield from jsonschema.Draft202012Validator.VALIDATORS["additionalProperties"](
            validator, others, instance, schema
        )


def _not_accepted(validator: Any, schema: Mapping[str, Any], values: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    # Most values are sound, and jsonschema takes its time to find that out.
    _, accepts = _ACCEPTING.get(id(schema)) or _ACCEPTING.setdefault(id(schema), (schema, accepting(schema)))
    for step, value in values:
        if not accepts(value):
            yield from validator.descend(value, schema, path=step)


_ACCEPTING: dict[int, tuple[Mapping[str, Any], Accepts]] = {}
"""By the identity of a schema, which is kept along so that it stays that one's."""

_extend: Callable[..., Any] = jsonschema.validators.extend
_Validator = _extend(
    jsonschema.Draft202012Validator,
    {"pattern": _exact_pattern, "items": _items, "additionalProperties": _additional},
)


def _in_data_order(error: Any) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in error.absolute_path]


@cache
def _ir_validator() -> Any:
    return build_validator(FLOW_IR_SCHEMA)


def _in_words(error: Any, place: Place) -> Iterator[Problem]:
    path: Path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_fields(error, path, place)
    elif error.validator == "required":
        yield from _missing_fields(error, path, place)
    else:
        code, message, hint = _WORDS.get(str(error.validator), _other)(error, path)
        is_name = "propertyNames" in error.absolute_schema_path
        yield place(code, message, (*path, error.instance) if is_name else path, hint=hint, key=is_name)


def _unknown_fields(error: Any, path: Path, place: Place) -> Iterator[Problem]:
    assert isinstance(error.instance, Mapping)
    known = list(error.schema.get("properties", ()))
    for name in [name for name in error.instance if name not in known]:
        at = (*path, name)
        if name in NOT_YET and _may_hold_newer_fields(path):
            message = f"'{name}' is known to pflow, not supported here yet"
            yield place("not-supported", message, at, hint="take it out to run this workflow here", key=True)
            continue
        hint = did_you_mean(str(name), known)
        yield place("unknown-field", f"unknown field '{name}'{_where(path)}", at, hint=hint, key=True)


def _may_hold_newer_fields(path: Path) -> bool:
    return not path or (path[0] == "nodes" and len(path) == 2)  # noqa: PLR2004  # "nodes" and the index


def _missing_fields(error: Any, path: Path, place: Place) -> Iterator[Problem]:
    # jsonschema reports each missing field by itself; the name is the one that is not there.
    name = next(name for name in error.schema["required"] if error.message.startswith(f"{name!r} "))
    yield place("missing-field", f"'{name}' is missing{_where(path)}", path, hint=f"add '{name}'")


_VERSION_HINT = f'the current one is "{IR_VERSION}"'


def _type(error: Any, path: Path) -> tuple[str, str, str]:
    wanted = error.validator_value
    words = " or ".join(wanted) if isinstance(wanted, list) else str(wanted)
    message = f"{_name(path)} must be {_article(words)}, not {_shown(error.instance)}"
    hint = _VERSION_HINT if path[-1:] == ("ir_version",) else _type_hint(error.instance, words)
    return "wrong-type", message, hint


def _type_hint(value: Any, words: str) -> str:
    if words == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return f"write {value.lower()} without quotes"
    if value is None:
        return f"take it out, or give it {_article(words)}"
    if words in ("integer", "number") and isinstance(value, str):
        return "write the number without quotes" if _is_number(value) else f"give it {_article(words)}"
    if words == "string" and isinstance(value, bool | int | float):
        return "put it in quotes"
    return "put it in [ ]" if words == "array" else f"give it {_article(words)}"


def _is_number(text: str) -> bool:
    try:
        coerce(text, "number")
    except ValueError:
        return False
    return True


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _enum(error: Any, path: Path) -> tuple[str, str, str]:
    known = [str(value) for value in error.validator_value]
    return (
        "wrong-value",
        f"{_name(path)} cannot be {_shown(error.instance)}",
        did_you_mean(str(error.instance), known, otherwise="one of: "),
    )


def _pattern(error: Any, path: Path) -> tuple[str, str, str]:
    shown = _shown(error.instance)
    if path[-2:] == ("batch", "items"):
        hint = "one template that leads to a list, ${node.output}, or an inline array"
        return "batch-items", f"batch items must be exactly one template or an array, not {shown}", hint
    if path and path[-1] == "ir_version":
        return "wrong-value", f"'ir_version' must be x.y.z, not {shown}", _VERSION_HINT
    if path[-2:] == ("batch", "as"):
        hint = "an alias starts with a letter or _ and goes on with letters, digits and _"
        return "bad-name", f"the batch alias {shown} is not a name", hint
    hint = "a name starts with a letter or _ and goes on with letters, digits, _ and -"
    return "bad-name", f"{shown} is not a name", hint


def _bound(error: Any, path: Path) -> tuple[str, str, str]:
    words = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[str(error.validator)]
    limits = [error.schema[name] for name in ("minimum", "maximum") if name in error.schema]
    bounds = f"from {limits[0]} to {limits[1]}" if len(limits) > 1 else f"{words} {error.validator_value}"
    message = f"{_name(path)} must be {words} {error.validator_value}, not {error.instance}"
    return "out-of-range", message, f"give it a number {bounds}"


def _too_few(_error: Any, path: Path) -> tuple[str, str, str]:
    if path and path[-1] == "nodes":
        return "empty-field", "the workflow has no nodes", "add at least one"
    return "empty-field", f"{_name(path)} must not be empty", "give it at least one"


def _repeated(error: Any, path: Path) -> tuple[str, str, str]:
    twice = next(item for index, item in enumerate(error.instance) if item in error.instance[:index])
    return "duplicate", f"{_name(path)} has {_shown(twice)} twice", "take one of them out"


def _constant(error: Any, path: Path) -> tuple[str, str, str]:
    message = f"{_name(path)} must be {_shown(error.validator_value)}, not {_shown(error.instance)}"
    return "wrong-value", message, ""


def _choice(error: Any, path: Path) -> tuple[str, str, str]:
    wanted = " or ".join(f"'{name}'" for option in error.validator_value for name in option.get("required", ()))
    many = len([option for option in error.validator_value if set(option.get("required", ())) <= set(error.instance)])
    said = "only one of" if many > 1 else "one of"
    return "missing-field", f"{_name(path)} must have {said} {wanted}", ""


def _other(error: Any, _path: Path) -> tuple[str, str, str]:
    return "invalid", error.message, ""


_WORDS: dict[str, _Words] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _bound,
    "maximum": _bound,
    "exclusiveMinimum": _bound,
    "uniqueItems": _repeated,
    "const": _constant,
    "oneOf": _choice,
    "minItems": _too_few,
    "minLength": _too_few,
}


_OF_ANY_SCHEMA = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "const")
"""The words that hold for other schemas than ours."""


def _name(path: Path) -> str:
    if not path:
        return "the file"
    return f"'{path[-1]}'" if isinstance(path[-1], str) else f"'{path[-2]}[{path[-1]}]'"


def _where(path: Path) -> str:
    return f" in {_name(path)}" if path else ""


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")  # noqa: PLR2004  # one line of a terminal
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{type_name(value)} {value}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else type_name(value)
