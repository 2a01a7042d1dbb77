"""The JSON Schemas of what the tools take and give, as data."""

from __future__ import annotations

from typing import Any, Final, get_args

from pflow_engine.document.schema import TYPES
from pflow_engine.nodes.node import Effects

FORMS: Final = ("json", "yaml", "markdown")
EFFECTS: Final = tuple(effect for effect in get_args(Effects) if effect != "none")
RUN_SECONDS: Final = 300
TEST_SECONDS: Final = 600

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TEXT_OR_NONE: Final[dict[str, Any]] = {"type": ["string", "null"]}
_NUMBER_OR_NONE: Final[dict[str, Any]] = {"type": ["integer", "null"]}
_PATH: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "description": "A workflow file (*.json, *.yaml, *.yml, *.pflow.md), relative to where the server runs.",
}


def _object(properties: dict[str, Any], *required: str, closed: bool = False) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return schema | {"additionalProperties": False} if closed else schema


def _all(properties: dict[str, Any]) -> dict[str, Any]:
    return _object(properties, *properties)


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _timeout(seconds: int) -> dict[str, Any]:
    told = "Seconds after which it is stopped."
    return {"type": "number", "exclusiveMinimum": 0, "default": seconds, "description": told}


VALIDATE: Final = _object(
    {
        "path": _PATH,
        "text": {"type": "string", "description": "The text of a workflow, in place of a path."},
        "form": {"enum": list(FORMS), "default": "json", "description": "What the text is written in."},
    },
    closed=True,
)
RUN: Final = _object(
    {
        "path": _PATH,
        "inputs": {"type": "object", "description": "The workflow's inputs by name; workflow_describe tells them."},
        "allow_effects": {
            "type": "array",
            "items": {"enum": list(EFFECTS)},
            "default": [],
            "description": "What its nodes may reach for. What is not named is refused before anything runs.",
        },
        "timeout": _timeout(RUN_SECONDS),
    },
    "path",
    closed=True,
)
DESCRIBE: Final = _object({"path": _PATH}, "path", closed=True)
TEST: Final = _object(
    {
        "path": _PATH,
        "case": {"type": "string", "minLength": 1, "description": "The name of one case; all, when left out."},
        "timeout": _timeout(TEST_SECONDS),
    },
    "path",
    closed=True,
)

_PROBLEM: Final = _all(
    {
        "code": _TEXT,
        "severity": {"enum": ["error", "warning"]},
        "message": _TEXT,
        "file": _TEXT,
        "line": _NUMBER_OR_NONE,
        "column": _NUMBER_OR_NONE,
        "path": _TEXT,
        "hint": _TEXT,
    }
)
_STEP: Final = _object(
    {
        "node_id": _TEXT,
        "status": {"enum": ["completed", "failed", "not_executed"]},
        "duration_ms": {"type": ["number", "null"]},
        "is_batch": {"type": "boolean"},
        "batch_total": {"type": "integer"},
        "batch_success": {"type": "integer"},
        "batch_errors": {"type": "integer"},
        "batch_error_details": _list({"type": "object"}),
        "batch_errors_truncated": {"type": "integer"},
        "batch_degraded": {"type": "integer"},
        "nested": _list({"type": "object"}),
    },
    "node_id",
    "status",
    "duration_ms",
)
PROBLEMS: Final = _all({"problems": _list(_PROBLEM)})
RAN: Final = _all(
    {
        "format_version": _TEXT,
        "workflow": _TEXT,
        "file": _TEXT,
        "status": {"enum": ["success", "degraded", "failed"]},
        "duration_ms": {"type": "number"},
        "outputs": {"type": "object"},
        "steps": _list(_STEP),
        "error": _TEXT_OR_NONE,
        "problems": _list(_PROBLEM),
        "warnings": _list(_PROBLEM),
    }
)
DESCRIBED: Final = _all(
    {
        "format_version": _TEXT,
        "name": _TEXT,
        "description": _TEXT,
        "file": _TEXT,
        "inputs": _map(_object({"type": {"enum": list(TYPES)}, "required": {"type": "boolean"}}, "type", "required")),
        "outputs": _map(_all({"type": _TEXT, "source": _TEXT, "description": _TEXT})),
        "start": _TEXT,
        "nodes": _list(_object({"id": _TEXT, "type": _TEXT, "purpose": _TEXT}, "id", "type", "purpose")),
        "edges": _list(_all({"from": _TEXT, "to": _TEXT, "action": _TEXT})),
        "warnings": _list(_PROBLEM),
        "children": _map({"type": "object"}),
        "mermaid": _TEXT,
    }
)
TESTED: Final = _all(
    {
        "passed": {"type": "boolean"},
        "items": _list(
            _all(
                {
                    "id": _TEXT,
                    "outcome": {"enum": ["passed", "failed", "error", "skipped"]},
                    "seconds": {"type": "number"},
                    "text": _TEXT,
                }
            )
        ),
    }
)
