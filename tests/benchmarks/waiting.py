"""How many items that wait are waited for at once."""

from __future__ import annotations

from collections.abc import Iterator

from plain import FLOOR, PULL_LOOP, floor, pull_loop
from table import Row
from timing import interleaved, timed
from work import NAP, Sizes, batch_flow, doubled, nap, results_of

_LEAST = 0.95
_OURS = "ours"


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row: our throughput by the pull loop's."""
    count, workers = sizes.naps, sizes.nappers
    flow, numbers, check = batch_flow("nap", parallel=True, workers=workers), list(range(count)), doubled(count)
    ours = timed(_OURS, lambda: flow.run({"numbers": numbers}), count, lambda result: check(results_of(result)))
    figures = interleaved([ours, pull_loop(nap, count, workers), floor(nap, count, workers)], sizes.runs)
    throughput = figures.ratio(PULL_LOOP, _OURS)
    yield Row(
        f"{count:,} items of {NAP * 1000:g} ms, {workers} workers: throughput",
        f"{throughput:.2f} of the pull loop's, {_rate(figures.median(_OURS))}",
        f">= {_LEAST}",
        throughput >= _LEAST,
        tuple(f"{name}: {_rate(figures.median(name))}" for name in (PULL_LOOP, FLOOR)),
    )


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f} items/s"
