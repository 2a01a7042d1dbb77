"""What it takes to compare versions of workflows to one table: ``python tests/benchmarks/comparing.py``. Run by hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from table import Row, microseconds, render
from timing import interleaved, timed

from pflow_engine import Workflow, validate
from pflow_engine.document.load import from_data
from pflow_testkit.gate import Finding, compare, compare_sets

_MOST = 10e-3
"""Seconds a pair: a hundred pairs in well under a second."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many pairs of how many nodes, in how many rounds."""

    runs: int
    pairs: int
    nodes: int


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Print what comparing two versions of workflows costs.")
    parser.add_argument("--runs", type=int, help="rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    options = parser.parse_args()
    sizes = Sizes(options.runs or 1, 2, 3) if options.quick else Sizes(options.runs or 5, 1000, 20)
    sys.stdout.write(f"{render(_rows(sizes), judged=not options.quick)}\n")


def _rows(sizes: Sizes) -> Iterator[Row]:
    bases, heads, renamed = ([_workflow(sizes.nodes, name) for _ in range(sizes.pairs)] for name in ("n", "n", "m"))

    def each(others: list[Workflow]) -> list[tuple[Finding, ...]]:
        return [compare(base, head) for base, head in zip(bases, others, strict=True)]

    contestants = [
        timed("equal pairs", lambda: each(heads), sizes.pairs, lambda found: _check(found, 0)),
        timed("as one folder", lambda: compare_sets(_folder(bases), _folder(heads)), sizes.pairs, _check_none),
        timed("all nodes renamed", lambda: each(renamed), sizes.pairs, lambda found: _check(found, sizes.nodes)),
    ]
    figures = interleaved(contestants, sizes.runs)
    for contestant in contestants:
        figure = figures.median(contestant.name)
        name = f"{contestant.name}, {sizes.pairs} pairs of {sizes.nodes} nodes, a pair"
        yield Row(name, microseconds(figure), f"<= {microseconds(_MOST)}", figure <= _MOST)


def _folder(workflows: list[Workflow]) -> dict[str, Workflow | None]:
    return {f"{number}.json": workflow for number, workflow in enumerate(workflows)}


def _check(found: list[tuple[Finding, ...]], count: int) -> None:
    assert all(len(findings) == count for findings in found), "not what changed"


def _check_none(found: tuple[Finding, ...]) -> None:
    assert found == (), "nothing changed"


def _workflow(nodes: int, name: str) -> Workflow:
    return validate(
        from_data(
            {
                "inputs": {"since": {"type": "string"}},
                "nodes": [_node(number, name) for number in range(nodes)],
                "outputs": {"text": {"source": f"${{{name}{nodes - 1}.text}}"}},
            }
        )
    )


def _node(number: int, name: str) -> dict[str, Any]:
    text = f"${{{name}{number - 1}.text}} and {number}" if number else "${since}"
    return {"id": f"{name}{number}", "type": "echo", "params": {"text": text, "more": {"a": [1, 2, 3], "b": "x"}}}


if __name__ == "__main__":
    main()
