"""A call to a fresh node."""

from __future__ import annotations

from dataclasses import dataclass

from pflow_engine.nodes.node import Run
from pflow_engine.wrappers.layer import Call


@dataclass(frozen=True, slots=True)
class Leaf:
    """The innermost layer: a new node for each call, run on the call's view of the store."""

    node: Run

    def run(self, call: Call) -> str | None:
        """Run prep, exec and post of a node nobody else has."""
        return self.node(call, call.store, call.params)
