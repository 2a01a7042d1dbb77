"""What a node did to what it leaves in the store."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from pflow_engine.nodes.node import Action
from pflow_engine.store import Store

STREAMS: Final[Mapping[str, str]] = {
    "stdout": "string",
    "stderr": "string",
    "stdout_is_binary": "boolean",
    "stderr_is_binary": "boolean",
}
"""What a process wrote, as ``text_output`` leaves it, and its types."""


def text_output(name: str, data: bytes, encoding: str = "utf-8") -> dict[str, Any]:
    """The bytes as text; what is no text as base64, with ``<name>_is_binary``: nothing is lost either way."""
    try:
        return {name: data.decode(encoding)}
    except (UnicodeDecodeError, LookupError):
        return {name: base64.b64encode(data).decode("ascii"), f"{name}_is_binary": True}


def leave(shared: Store, outputs: Mapping[str, Any]) -> Action:
    """Write the outputs; the action is ``error`` when they have one."""
    shared.update(outputs)
    return "error" if "error" in outputs else None
