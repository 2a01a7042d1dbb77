"""What a trivial item costs, trace on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from plain import FLOOR, floor, pull_loop
from released import released
from rivals import rivals, sequential_rivals
from table import Row, beside, microseconds, times
from timing import Contestant, Figures, interleaved, timed
from work import CODE, Sizes, batch_flow, double, doubled, results_of

_MOST_OF_FLOOR = 0.5
_MOST_SEQUENTIAL = 10e-6


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row for each mode, of one contest."""
    count = sizes.items
    with released(sizes.venv, sizes.released) as pflow, tempfile.TemporaryDirectory() as folder:
        ours = _ours("ours, parallel", count, parallel=True)
        written = _ours("ours, its trace written to a file too", count, parallel=True, file=Path(folder) / "trace.json")
        one_by_one = _ours("ours, sequential", count, parallel=False)
        bare = [floor(double, count), pull_loop(double, count)]
        others = [*rivals(count, sizes.sent), *pflow, _processes(sizes.processes)]
        parallel, sequential = [*bare, written, *others], sequential_rivals(count)
        figures = interleaved([ours, one_by_one, *parallel, *sequential], sizes.runs)
    yield Row(
        f"parallel batch, {count:,} trivial items, 10 workers",
        _text(figures, ours),
        f"<= {_MOST_OF_FLOOR}x floor",
        figures.ratio(ours.name, FLOOR) <= _MOST_OF_FLOOR,
        beside(parallel, figures, FLOOR),
    )
    yield Row(
        f"sequential batch, {count:,} trivial items",
        _text(figures, one_by_one),
        f"<= {microseconds(_MOST_SEQUENTIAL)}",
        figures.median(one_by_one.name) <= _MOST_SEQUENTIAL,
        beside(sequential, figures, FLOOR),
    )


def _ours(name: str, count: int, *, parallel: bool, file: Path | None = None) -> Contestant:
    flow, numbers, check = batch_flow(parallel=parallel), list(range(count)), doubled(count)
    return timed(
        name,
        lambda: flow.run({"numbers": numbers}, trace_file=file),
        count,
        lambda result: check(results_of(result)),
    )


def _processes(count: int) -> Contestant:
    # Beside the released pflow's code nodes: what ours takes for a process of its own.
    flow = batch_flow("code", {"code": CODE, "inputs": {"value": "${item}"}}, parallel=True)
    check = doubled(count)
    return timed(
        f"ours, code nodes, each a process of its own, of {count:,} items",
        lambda: flow.run({"numbers": list(range(count))}),
        count,
        lambda result: check([{"value": entry["result"]} for entry in results_of(result)]),
    )


def _text(figures: Figures, ours: Contestant) -> str:
    return f"{microseconds(figures.median(ours.name))}, {times(figures.ratio(ours.name, FLOOR))} floor"
