"""Peak memory of a batch, by what its results take themselves.

Each figure is the peak that tracemalloc sees in a fresh process, counted from when the flow is compiled and the items
are made; "the results themselves" is the same list of results built by a comprehension, measured in the same way.
Run as a script it is that process: ``memory.py NAME COUNT`` prints the peak in bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from table import Row, times
from timing import Contestant, Figures, interleaved
from work import Sizes, batch_flow, fill, results_of

_MOST = 1.5
_RESULTS = "the results themselves"
_MODES = {"ours, parallel": True, "ours, sequential": False}
_EXECUTOR = "ThreadPoolExecutor.map"


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row for each mode."""
    names = [_RESULTS, _EXECUTOR, *_MODES]
    figures = interleaved([_contestant(name, sizes.kilobytes) for name in names], sizes.runs, warm=False)
    for name in _MODES:
        yield Row(
            f"peak memory, {sizes.kilobytes:,} items of 1 KB, {name.removeprefix('ours, ')}",
            _text(figures, name),
            f"<= {_MOST}x the results",
            figures.ratio(name, _RESULTS) <= _MOST,
            tuple(f"{other}: {_text(figures, other)}" for other in (_RESULTS, _EXECUTOR)),
        )


def _contestant(name: str, count: int) -> Contestant:
    def measure() -> float:
        command = [sys.executable, __file__, name, str(count)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return Contestant(name, measure)


def _text(figures: Figures, name: str) -> str:
    return f"{figures.median(name) / 1e6:,.1f} MB, {times(figures.ratio(name, _RESULTS))}"


def _peak(act: Callable[[list[int]], list[dict[str, Any]]], count: int) -> int:
    act(list(range(10)))  # what is loaded and cached once is nobody's peak
    items = list(range(count))
    tracemalloc.start()
    results = act(items)
    peak = tracemalloc.get_traced_memory()[1]
    if [fill(item)["text"] for item in items[-3:]] != [result["text"] for result in results[-3:]]:
        raise AssertionError(f"not the {count} results that were asked for")
    return peak


def _act(name: str) -> Callable[[list[int]], list[dict[str, Any]]]:
    if name == _RESULTS:
        return lambda items: [_result(item) for item in items]
    if name == _EXECUTOR:
        return _mapped
    flow = batch_flow("fill", parallel=_MODES[name])

    def run(items: list[int]) -> list[dict[str, Any]]:
        result = flow.run({"numbers": items})
        return results_of(result)

    return run


def _mapped(items: list[int]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(_result, items))


def _result(item: int) -> dict[str, Any]:
    return {**fill(item), "item": item}


if __name__ == "__main__":
    sys.stdout.write(f"{_peak(_act(sys.argv[1]), int(sys.argv[2]))}\n")
