"""A call to a fresh node."""

from __future__ import annotations

from dataclasses import dataclass

from pflow_engine.nodes.node import Run


@dataclass(frozen=True, slots=True)
class Leaf:
    """The innermost layer: ``run`` makes a node nobody else has and runs its prep, exec and post."""

    run: Run
