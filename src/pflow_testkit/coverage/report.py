"""Coverage to the table that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pflow_testkit.coverage.places import KINDS, Place
from pflow_testkit.coverage.tally import Coverage, Share, missed

_HEADS = ("workflow", "nodes", "edges", "templates", "batches", "errors", "covered")


def table(coverage: Coverage) -> Iterator[str]:
    """A line for each workflow, one for all, then each place that no run reached, with its line."""
    rows = [
        _HEADS,
        *((file, *cells_of(Coverage({file: places}).totals())) for file, places in coverage.files.items()),
        ("all", *cells_of(coverage.totals())),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield from (_row(row, widths) for row in rows)
    lost = [f"  {file}:{place.line}  {place.kind}  {place.text}" for file, place in _missed(coverage)]
    if lost:
        yield from ("", f"reached by no test ({len(lost)}):", *lost)
    if coverage.not_counted:
        yield from ("", "not counted, since they are not sound:", *(f"  {file}" for file in coverage.not_counted))


def _missed(coverage: Coverage) -> Iterator[tuple[str, Place]]:
    return ((file, place) for file, places in coverage.files.items() for place in missed(places))


def cells_of(totals: Mapping[str, Share]) -> list[str]:
    """What a row of the table says of each kind, and of all."""
    shares = [totals[kind] for kind in KINDS]
    return [*(str(each) if each.total else "-" for each in shares), percent(totals["total"])]


def percent(part: Share) -> str:
    """Whole percents, rounded down: 100% is all of it. Of nothing, a dash."""
    return "-" if part.percent is None else f"{int(part.percent)}%"


def told_of_lost(workers: Sequence[str]) -> str:
    """What is missing where some workers of xdist ended early, as a line; "" where none did."""
    if not workers:
        return ""
    who, they = ("workers", "they") if len(workers) > 1 else ("worker", "it")
    return f"the figures lack what {who} {' and '.join(workers)} ran last: {they} ended early"


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = cells
    return "  ".join(
        [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
    )
