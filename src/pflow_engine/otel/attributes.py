"""What happened to attributes of spans: the semantic conventions' where they have one, else ``pflow.…``.

The names of ``gen_ai`` are written out here, since OpenTelemetry's package has them in a module that may change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pflow_engine.trace import Redactor, strict_json

_COUNTS: Final = {
    "gen_ai.usage.input_tokens": ("input_tokens", "prompt_tokens"),
    "gen_ai.usage.output_tokens": ("output_tokens", "completion_tokens"),
    "gen_ai.usage.cache_creation.input_tokens": ("cache_creation_input_tokens",),
    "gen_ai.usage.cache_read.input_tokens": ("cache_read_input_tokens",),
    "pflow.llm.cost_usd": ("total_cost_usd", "cost_usd"),
}
"""Attributes and what nodes call it in their ``llm_usage``, the first that is there."""

Attributes = dict[str, str | int | float | bool]


def of_usage(usage: Mapping[str, Any], redact: Redactor) -> Attributes:
    """Those of a call of a model."""
    found: Attributes = {"gen_ai.operation.name": "chat"}
    model = redact(strict_json(usage.get("model")))
    if isinstance(model, str):
        found |= {"gen_ai.request.model": model}
    return found | dict(_counted(usage))


def of_batch(ends: Counter[str], total: int) -> Attributes:
    """Those of a node with a batch: what became of its items."""
    started = ends["completed"] + ends["failed"]
    return {
        "pflow.batch.count": total,
        "pflow.batch.completed": ends["completed"],
        "pflow.batch.failed": ends["failed"],
        "pflow.batch.cancelled": total - started,
        "pflow.batch.retried": ends["retried"],
    }


def _counted(usage: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    for attribute, names in _COUNTS.items():
        value = next((usage[name] for name in names if name in usage), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield attribute, value
