"""What counting coverage costs to one table: ``python tests/benchmarks/coverage_cost.py``. Run by hand; no test."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

from table import Row, microseconds, render, times
from timing import Contestant, interleaved, timed

from pflow_engine import Flow, RunResult, compile_ir_to_flow
from pflow_testkit.coverage.tally import Tally

_MOST = 1.03
_ALONE, _COUNTED = "the run", "the run, counted"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Print what counting coverage adds to a run.")
    parser.add_argument("--runs", type=int, default=21, help="rounds in which each contestant runs once (default 21)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    options = parser.parse_args()
    runs, items, nodes = (1, 10, 3) if options.quick else (options.runs, 10_000, 100)
    sys.stdout.write(f"{render(_rows(runs, items, nodes), judged=not options.quick)}\n")


def _rows(runs: int, items: int, nodes: int) -> Iterator[Row]:
    numbers = {"numbers": list(range(items))}
    one = {"text": "${item}"}
    either = {"text": '${item.name ?? "none"}'}
    yield _row(f"a batch of {items:,} items", _batch(one), numbers, items, runs)
    yield _row(f"a batch of {items:,} items with choices", _batch(either), numbers, items, runs)
    yield _row(f"{nodes} nodes", _chain(nodes), {}, nodes, runs)
    yield _row(f"a node that starts a process, {nodes // 10 + 1} times", _shells(nodes // 10 + 1), {}, 1, runs)


def _batch(params: dict[str, Any]) -> Flow:
    node = {"id": "say", "type": "echo", "params": params, "batch": {"items": "${numbers}"}}
    return compile_ir_to_flow({"inputs": {"numbers": {"type": "array"}}, "nodes": [node]})


def _chain(nodes: int) -> Flow:
    said = [{"text": "start"}, *({"text": f"${{n{number}.text}}"} for number in range(nodes - 1))]
    return compile_ir_to_flow(
        {"nodes": [{"id": f"n{number}", "type": "echo", "params": params} for number, params in enumerate(said)]}
    )


def _shells(nodes: int) -> Flow:
    shells = [{"id": f"n{number}", "type": "shell", "params": {"command": "true"}} for number in range(nodes)]
    return compile_ir_to_flow({"nodes": shells})


def _row(name: str, flow: Flow, inputs: dict[str, Any], count: int, runs: int) -> Row:
    def counted() -> RunResult:
        result = flow.run(inputs)
        tally.watch("", result)
        return result

    tally = Tally()
    figures = interleaved(
        [_timed(_ALONE, lambda: flow.run(inputs), count), _timed(_COUNTED, counted, count)],
        runs,
    )
    ratio = figures.ratio(_COUNTED, _ALONE)
    beside = f"{_ALONE}: {microseconds(figures.median(_ALONE))} each"
    return Row(f"counting, {name}", times(ratio), times(_MOST), ratio <= _MOST, (beside,))


def _timed(name: str, act: Callable[[], RunResult], count: int) -> Contestant:
    return timed(name, act, count, RunResult.raise_for_status)


if __name__ == "__main__":
    main()
