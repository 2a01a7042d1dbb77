"""The start of a name to node types that are known only where a workflow stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pflow_engine.errors import Problem
from pflow_engine.nodes.node import NodeType


@dataclass(frozen=True, slots=True)
class Found:
    """A type that was looked for; None where there is none.

    ``problems`` of files have their own place, others are about the name of the type.
    """

    kind: NodeType | None
    problems: tuple[Problem, ...] = ()


class Family(Protocol):
    """Types whose names start with ``prefix``, each of them looked up from the folder of a workflow."""

    prefix: str

    def outline(self, name: str) -> NodeType:
        """What all of them have in common: enough for a stub to stand in."""
        ...

    def find(self, name: str, folder: Path, *, ask_outside: bool) -> Found:
        """The type. ``ask_outside``: it may start processes and use the network to know more."""
        ...
