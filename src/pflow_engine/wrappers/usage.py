"""What a node told of its model calls to entries of ``__llm_calls__``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def untold(usage: Any, calls: list[Any]) -> bool:
    """Whether an output ``llm_usage`` is of a call that the last entry does not tell of, in as many words or more."""
    if not isinstance(usage, dict):
        return False
    last = calls[-1] if calls else None
    return not (isinstance(last, dict) and usage.items() <= last.items())


def attributed(call: Any, place: Mapping[str, Any]) -> Any:
    """An entry that says where the call was made; one that does is of a workflow below, and knows better."""
    return {**place, **call} if isinstance(call, dict) else call
