"""What the gate found to annotations of GitHub Actions: lines of a job's log that its runner shows at their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pflow_engine.errors import showable
from pflow_testkit.gate.row import Row

_MOST: Final = 10
"""As many of each kind as GitHub shows of one step. The rest it drops without a word."""

_KINDS: Final = {"BREAKING": "error", "BEHAVIOUR": "warning", "COSMETIC": "notice"}


def as_annotations(rows: Iterable[Row]) -> list[str]:
    """``::error file=…,line=…,col=…,title=…::…``; of more than are shown, the last says how many there are."""
    found: dict[str, list[Row]] = {"error": [], "warning": [], "notice": []}
    for row in rows:
        found["notice" if row.approved else _KINDS[row.severity]].append(row)
    return [line for kind, of_kind in found.items() for line in _lines(kind, of_kind)]


def _lines(kind: str, rows: list[Row]) -> Iterator[str]:
    shown = rows if len(rows) <= _MOST else rows[: _MOST - 1]
    yield from (_line(kind, row) for row in shown)
    if len(shown) < len(rows):
        yield f"::{kind} title=pflow gate::and {len(rows) - len(shown)} more of this kind, in the log of this step"


def _line(kind: str, row: Row) -> str:
    at = f",line={row.now.line},col={row.now.column}" if row.now.line else ""
    title = f"{row.rule} ({row.severity}{', approved' * bool(row.approved)})"
    approved = [f"approved: {row.approved}"] if row.approved else []
    said = "\n".join([row.message, *approved, *(f"meets {each}" for each in row.callers)])
    return f"::{kind} file={_value(row.now.file)}{at},title={_value(title)}::{_data(said)}"


def _data(text: str) -> str:
    # A line feed is no harm to a terminal, so it is left to be escaped here.
    return showable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
