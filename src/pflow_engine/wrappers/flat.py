"""A call to the same call on the root of the store: the node's own corner is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pflow_engine.store import FlatSharedStore, Store
from pflow_engine.wrappers.layer import Call, Layer


@dataclass(frozen=True, slots=True)
class FlatNodeWrapper:
    """Gives what is below a view that writes at the root, and notes it in ``store[node_id]``."""

    inner: Layer

    def run(self, call: Call, store: Store, params: dict[str, Any]) -> str | None:
        """Run below on the view."""
        return self.inner.run(call, FlatSharedStore(store, call.node_id), params)
