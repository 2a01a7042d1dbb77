"""A finding to a row: plain data, which goes from xdist's workers to where it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pflow_engine.document.positions import path_text
from pflow_testkit.changes import Severity
from pflow_testkit.gate.model import Finding


@dataclass(frozen=True, slots=True)
class Row:
    """One finding about the workflow ``workflow``. ``approved`` is the reason why it may be, "" where nobody said."""

    workflow: str
    severity: str
    rule: str
    place: str
    path: str
    side: str
    message: str
    approved: str = ""
    callers: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, str, str]:
        """What rows are sorted by: the worst first."""
        return list(Severity).index(Severity(self.severity)), self.workflow, self.place

    @property
    def fails(self) -> bool:
        """Whether the gate is shut."""
        return self.severity == Severity.BREAKING and not self.approved

    def plain(self) -> dict[str, Any]:
        """Data that xdist can send."""
        return {**asdict(self), "callers": list(self.callers)}


def row_of(finding: Finding, workflow: str, approved: str) -> Row:
    """The row of a finding."""
    at = finding.position
    return Row(
        workflow=workflow,
        severity=str(finding.severity),
        rule=finding.rule.code,
        place=f"{finding.file}:{at.line}:{at.column}" if at else finding.file,
        path=path_text(finding.path),
        side=finding.side,
        message=finding.message,
        approved=approved,
        callers=finding.callers,
    )


def row_from(data: dict[str, Any]) -> Row:
    """The row that ``plain`` made data of."""
    return Row(**{**data, "callers": tuple(data["callers"])})
