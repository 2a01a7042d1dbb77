"""A call to the same call on the node's own corner of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pflow_engine.store import Store, visit
from pflow_engine.wrappers.layer import Call, Layer


@dataclass(frozen=True, slots=True)
class NamespacedNodeWrapper:
    """Gives what is below a view that writes to ``store[node_id]``."""

    inner: Layer

    def run(self, call: Call, store: Store, params: dict[str, Any]) -> str | None:
        """Run below on the view."""
        return self.inner.run(call, visit(store, call.node_id), params)
