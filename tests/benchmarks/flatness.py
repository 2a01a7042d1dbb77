"""Whether an item costs the same whatever else is in the workflow and the store.

Measured by the batch node's own duration in the trace: what the other nodes and the inputs cost is not an item's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from table import Row, microseconds, times
from timing import Contestant, interleaved
from work import Sizes, batch_flow, doubled, results_of

from pflow_engine import Flow

_MOST = 1.3
_PLAIN = "plain"
_MODES = {"parallel": True, "sequential": False}


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row for each thing that must not matter."""
    names = [f"key{number}" for number in range(sizes.keys)]
    texts = [f"{number:01000d}" for number in range(sizes.texts)]
    loads: dict[str, tuple[int, dict[str, Any]]] = {
        _PLAIN: (0, {}),
        f"{sizes.following} nodes follow": (sizes.following, {}),
        f"the store has {sizes.keys:,} keys": (0, dict.fromkeys(names, "value")),
        f"an input has {sizes.texts / 1000:g} MB": (0, {"heavy": texts}),
    }
    figures = interleaved(
        [
            _batch(f"{load}, {mode}", sizes.items, parallel=parallel, following=following, inputs=inputs)
            for load, (following, inputs) in loads.items()
            for mode, parallel in _MODES.items()
        ],
        sizes.runs,
    )
    plain = tuple(f"{_PLAIN}, {mode}: {microseconds(figures.median(f'{_PLAIN}, {mode}'))}" for mode in _MODES)
    for load in [*loads][1:]:
        ratios = {mode: figures.ratio(f"{load}, {mode}", f"{_PLAIN}, {mode}") for mode in _MODES}
        ours = ", ".join(f"{times(ratio)} {mode}" for mode, ratio in ratios.items())
        yield Row(
            f"an item's cost when {load}",
            ours,
            f"<= {_MOST}x plain",
            max(ratios.values()) <= _MOST,
            plain,
        )


def _batch(name: str, count: int, *, parallel: bool, following: int, inputs: dict[str, Any]) -> Contestant:
    flow: Flow = batch_flow(parallel=parallel, inputs=[*inputs], following=following)
    given, check = {"numbers": list(range(count)), **inputs}, doubled(count)

    def measure() -> float:
        result = flow.run(given)
        check(results_of(result))
        return result.trace.nodes[0].duration_ms / 1000 / count

    return Contestant(name, measure)
