"""Findings to rows: plain data, which goes from xdist's workers to where it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pflow_engine.document.model import Document
from pflow_engine.document.positions import Path, path_text
from pflow_engine.errors import Position
from pflow_testkit.changes import Severity
from pflow_testkit.gate.approvals import Approval
from pflow_testkit.gate.model import Caller, Finding


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, with what is to be said of it. Line and column are 0 where there is only the file.

    ``side`` is the version that line and column are those of.
    """

    file: str
    line: int = 0
    column: int = 0
    words: str = ""
    side: str = "head"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place} {self.words}" if self.words else place


@dataclass(frozen=True, slots=True)
class Row:
    """One finding about the workflow ``workflow``.

    ``approved`` is the reason why it may be, "" where nobody said; ``approved_at`` is where that is written.

    ``spot`` is its place, of what is gone in the base; ``now`` is the closest one at hand, which is what other programs
    are pointed to: they have no other version. ``node`` is "" for the workflow itself, ``below`` the path
    in the node, or in the workflow.
    """

    workflow: str
    severity: str
    rule: str
    spot: Spot
    path: str
    message: str
    now: Spot
    node: str = ""
    below: str = ""
    approved: str = ""
    approved_at: Spot = Spot("")
    callers: tuple[Spot, ...] = ()

    @property
    def place(self) -> str:
        """``flows/triage.json:12:15``."""
        return str(self.spot)

    @property
    def order(self) -> tuple[int, str, str]:
        """What rows are sorted by: the worst first."""
        return list(Severity).index(Severity(self.severity)), self.workflow, self.place

    @property
    def fails(self) -> bool:
        """Whether the gate is shut."""
        return self.severity == Severity.BREAKING and not self.approved


@dataclass(frozen=True, slots=True)
class Judged:
    """What an item ``gate`` found of the workflow ``file``; ``chart`` is its graph, "" where none was asked for."""

    file: str
    rows: tuple[Row, ...]
    chart: str = ""

    def plain(self) -> dict[str, Any]:
        """Data that xdist can send."""
        rows = [{**asdict(row), "callers": [asdict(each) for each in row.callers]} for row in self.rows]
        return {"file": self.file, "rows": rows, "chart": self.chart}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Judged:
        """What ``plain`` made data of."""
        return cls(data["file"], tuple(_row_from(row) for row in data["rows"]), data["chart"])

    def named(self, name: Callable[[str], str]) -> Judged:
        """The same with every file by another name."""
        return replace(self, file=name(self.file), rows=tuple(_named(row, name) for row in self.rows))


def row_of(finding: Finding, workflow: str, approval: Approval | None, document: Document | None) -> Row:
    """The row of a finding; ``document`` is the workflow as it is at hand, None where it is gone."""
    where = approval.where if approval is not None else None
    spot = _spot(finding.file, finding.position, finding.side)
    return Row(
        workflow=workflow,
        severity=str(finding.severity),
        rule=finding.rule.code,
        spot=spot,
        path=path_text(finding.path),
        message=finding.message,
        now=spot if finding.side == "head" and spot.line else _at_hand(finding, workflow, document),
        node=finding.node,
        below=path_text(_below(finding.path)),
        approved=approval.reason if approval is not None else "",
        approved_at=_spot(where.file, where.position, "head") if where is not None else Spot(""),
        callers=tuple(_of_caller(each) for each in finding.callers),
    )


def _row_from(data: dict[str, Any]) -> Row:
    spots = {name: Spot(**data[name]) for name in ("spot", "now", "approved_at")}
    return Row(**{**data, **spots, "callers": tuple(Spot(**each) for each in data["callers"])})


def _named(row: Row, name: Callable[[str], str]) -> Row:
    def renamed(spot: Spot) -> Spot:
        return replace(spot, file=name(spot.file)) if spot.file else spot

    return replace(
        row,
        workflow=name(row.workflow),
        spot=renamed(row.spot),
        now=renamed(row.now),
        approved_at=renamed(row.approved_at),
        callers=tuple(map(renamed, row.callers)),
    )


def _spot(file: str, at: Position | None, side: str, words: str = "") -> Spot:
    return Spot(file, *((at.line, at.column) if at else (0, 0)), words, side)


def _of_caller(caller: Caller) -> Spot:
    return _spot(caller.file, caller.position, caller.side, caller.words)


def _at_hand(finding: Finding, workflow: str, document: Document | None) -> Spot:
    if document is None:
        return Spot(workflow)
    path = _path_now(finding, document.ir.get("nodes")) if finding.side == "base" else finding.path
    return _spot(workflow, document.problem("", "", path).position, "head")


def _path_now(finding: Finding, nodes: Any) -> Path:
    # The numbers in a path are those of the other version: of a node's its id is known, of an edge's nothing.
    match finding.path:
        case ("nodes", int(), *below):
            index = _index_of(finding.node, nodes)
            return ("nodes",) if index is None else ("nodes", index, *below)
        case (area, int(), *_):
            return (area,)
        case path:
            return path


def _index_of(node: str, nodes: Any) -> int | None:
    listed = nodes if isinstance(nodes, Sequence) else ()
    ids = (each.get("id") if isinstance(each, Mapping) else None for each in listed)
    return next((index for index, name in enumerate(ids) if name == node), None)


def _below(path: Path) -> Path:
    match path:
        case ("nodes", int(), *below):
            return tuple(below)
        case (area, int(), *_):
            return (area,)
        case _:
            return path
