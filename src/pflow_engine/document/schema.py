"""The JSON Schemas of a workflow, as data. `additionalProperties` is false at every level of ours."""

from __future__ import annotations

from typing import Any

TYPES = ("string", "number", "integer", "boolean", "array", "object", "any")

NOT_YET = ("retry", "loop", "cache", "prompt_cache", "prewarm", "approval")
"""Node fields of newer pflow files that we do not run yet: told apart from typos."""

ALIAS_PATTERN = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
ONE_TEMPLATE_PATTERN = r"^\s*\$\{(?:[^${}]|\$\{[^{}]*\})*\}\s*$"

BATCH_CONFIG_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Runs the node once for each item.",
    "additionalProperties": False,
    "required": ["items"],
    "properties": {
        "items": {
            "description": "One template that resolves to a list (or a JSON array as text), or an inline array.",
            "type": ["string", "array"],
            "pattern": ONE_TEMPLATE_PATTERN,
            "minItems": 1,
        },
        "as": {
            "description": "The name an item goes by in templates.",
            "type": "string",
            "pattern": ALIAS_PATTERN,
            "default": "item",
        },
        "error_handling": {"enum": ["fail_fast", "continue"], "default": "fail_fast"},
        "parallel": {"type": "boolean", "default": False},
        "max_concurrent": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
        "max_retries": {
            "description": "All attempts are counted: 1 tries once.",
            "type": "integer",
            "minimum": 1,
            "maximum": 10,
            "default": 1,
        },
        "retry_wait": {
            "description": "Seconds between attempts.",
            "type": "number",
            "minimum": 0,
            "default": 0,
        },
        "timeout": {"description": "Seconds an attempt may take.", "type": "number", "exclusiveMinimum": 0},
    },
}

_NODE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "purpose": {"type": "string"},
        "params": {"type": "object"},
        "batch": BATCH_CONFIG_SCHEMA,
    },
}

_EDGE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["from", "to"],
    "properties": {
        "from": {"type": "string"},
        "to": {"type": "string"},
        "action": {"type": "string", "minLength": 1, "default": "default"},
    },
}

_INPUT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string"},
        "required": {"type": "boolean", "default": True},
        "type": {"enum": list(TYPES), "default": "any"},
        "default": {},
        "stdin": {"type": "boolean"},
    },
}

_OUTPUT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string"},
        "type": {"enum": list(TYPES), "default": "any"},
        "source": {"type": "string"},
    },
}

_NAMES = {"pattern": r"^[A-Za-z_][\w-]*$"}

FLOW_IR_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "pflow workflow",
    "type": "object",
    "additionalProperties": False,
    "required": ["nodes"],
    "properties": {
        "ir_version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "metadata": {"type": "object"},
        "nodes": {"type": "array", "minItems": 1, "items": _NODE},
        "edges": {"type": "array", "items": _EDGE},
        "start_node": {"type": "string"},
        "inputs": {"type": "object", "propertyNames": _NAMES, "additionalProperties": _INPUT},
        "outputs": {"type": "object", "propertyNames": _NAMES, "additionalProperties": _OUTPUT},
        "mappings": {"type": "object"},
        "enable_namespacing": {"type": "boolean", "default": True},
        "template_resolution_mode": {"enum": ["strict", "permissive"], "default": "strict"},
    },
}
