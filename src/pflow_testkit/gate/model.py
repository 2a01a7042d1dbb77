"""A change that the gate found: which rule it falls under, where it is, and whom it meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pflow_engine.document.positions import Path
from pflow_engine.errors import Position
from pflow_testkit.changes import Severity
from pflow_testkit.gate.catalogue import RULES, Rule

__all__ = ["RULES", "Caller", "Finding", "Rule", "Side"]

Side = Literal["base", "head"]
"""The version that was, and the version at hand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A node that is met by a change, at its place in the version that ``side`` names.

    ``through`` is the workflow that it runs and that is met itself, "" for a node that runs what changed.
    """

    file: str
    position: Position | None
    node: str
    side: Side
    through: str = ""

    def __str__(self) -> str:
        at = f":{self.position.line}:{self.position.column}" if self.position else ""
        return f"{self.file}{at} {self.words}"

    @property
    def words(self) -> str:
        """``node 'sub' (through sub/other.json)``."""
        return f"node '{self.node}'{f' (through {self.through})' * bool(self.through)}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One change between two versions of a workflow.

    ``file``, ``path`` and ``position`` are a place in the version that ``side`` names: of what is gone that is the
    base. ``base`` and ``head`` are what stood and what stands there, MISSING for nothing; a secret is ``[redacted]``.
    ``node`` is "" for the workflow itself. ``callers`` are those who nest the workflow and are met by the
    change, direct ones first; as text they are ``flows/report.yaml:14:18 node 'sub'``.
    """

    rule: Rule
    message: str
    file: str
    path: Path
    position: Position | None
    side: Side
    base: Any
    head: Any
    node: str = ""
    callers: tuple[Caller, ...] = ()

    @property
    def severity(self) -> Severity:
        """The class of its rule."""
        return self.rule.severity
