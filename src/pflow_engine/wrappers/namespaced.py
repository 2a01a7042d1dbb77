"""A call to the same call on the node's own corner of the store."""

from __future__ import annotations

from dataclasses import dataclass

from pflow_engine.store import visit
from pflow_engine.wrappers.layer import Call, Layer


@dataclass(frozen=True, slots=True)
class NamespacedNodeWrapper:
    """Gives what is below a view that writes to ``store[node_id]``."""

    inner: Layer

    def run(self, call: Call) -> str | None:
        """Run below on the view."""
        return self.inner.run(call.with_store(visit(call.store, call.node_id)))
