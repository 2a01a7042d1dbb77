"""The batch goals to one table: ``python tests/benchmarks/batch.py``. Run by hand; nothing here is a test."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster
import compiling
import flatness
import memory
import overhead
import waiting
from table import Row, render
from work import Sizes

_RUNS = 5
_GROUPS: dict[str, Callable[[Sizes], Iterator[Row]]] = {
    "overhead": overhead.rows,
    "flatness": flatness.rows,
    "waiting": waiting.rows,
    "memory": memory.rows,
    "compile": compiling.compile_rows,
    "resolve": compiling.resolve_rows,
    "dask": cluster.rows,
}


def main() -> None:
    """Measure what was asked for and print the table."""
    options = _options()
    sizes = _tiny(options.runs or 1, options.venv) if options.quick else Sizes(options.runs or _RUNS, venv=options.venv)
    rows = []
    for name in options.only or _GROUPS:
        sys.stderr.write(f"measuring: {name}\n")
        rows += _GROUPS[name](sizes)
    sys.stdout.write(f"{_where(sizes)}\n\n{render(rows, judged=not options.quick)}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Print how the batch goals stand, and others beside them.")
    parser.add_argument("--runs", type=int, help=f"rounds in which each contestant runs once (default {_RUNS})")
    parser.add_argument("--only", action="append", choices=[*_GROUPS], help="these rows; may be repeated")
    parser.add_argument("--venv", type=Path, help="folder for the virtual environment of the released pflow")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    return parser.parse_args()


def _tiny(runs: int, venv: Path | None) -> Sizes:
    return Sizes(
        runs,
        items=50,
        sent=20,
        processes=2,
        released=(10, 60),
        following=5,
        keys=10,
        texts=10,
        naps=20,
        nappers=10,
        kilobytes=100,
        nodes=8,
        lookups=100,
        tasks=20,
        local=True,
        venv=venv,
    )


def _where(sizes: Sizes) -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores; medians of {sizes.runs} interleaved runs, times an item"


if __name__ == "__main__":
    main()
