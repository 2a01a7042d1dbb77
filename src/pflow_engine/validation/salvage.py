"""A document with small faults of structure to one without them, so that its meaning can be checked too.

All problems are reported at once: a misspelt field must not hide an unknown node type. What cannot be mended
without guessing is left alone, since each guess would make problems the file does not have.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any, Final

from pflow_engine.copying import copy_data
from pflow_engine.document.model import Document
from pflow_engine.document.positions import MOST_PROBLEMS
from pflow_engine.errors import nearest

_WITHOUT_MEANING: Final = frozenset({
    "ir_version", "name", "description", "metadata", "mappings", "purpose", "required", "stdin",
    "error_handling", "parallel", "max_concurrent", "max_retries", "retry_wait", "timeout",
})  # fmt: skip
"""Fields that no template and no edge depends on: a wrong value is left out."""


def salvaged(document: Document, validator: Any) -> Document | None:
    """The document mended, or None where that would take guesses."""
    errors = list(islice(validator.iter_errors(document.ir), MOST_PROBLEMS))
    if len(errors) == MOST_PROBLEMS:
        return None
    ir = copy_data(document.ir)
    for error in errors:
        _mend(ir, error)
    return replace(document, ir=ir) if validator.is_valid(ir) else None


def _mend(ir: Any, error: Any) -> None:
    *above, last = error.absolute_path or ("",)
    if error.validator == "additionalProperties":
        _rename_or_drop(_at(ir, error.absolute_path), list(error.schema["properties"]))
    elif last in _WITHOUT_MEANING or (last == "type" and above[0] in ("inputs", "outputs")):
        _at(ir, above).pop(last, None)
    elif last == "items" and above[-1] == "batch":
        _at(ir, above)[last] = [None]


def _rename_or_drop(found: dict[str, Any], known: list[str]) -> None:
    for name in [name for name in found if name not in known]:
        value = found.pop(name)
        meant = nearest(name, known)
        if meant:
            found.setdefault(meant[0], value)


def _at(ir: Any, path: Any) -> Any:
    for step in path:
        ir = ir[step]
    return ir
