"""What the plugin costs to one table: ``python tests/benchmarks/plugin.py``. Run by hand; nothing here is a test."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from table import Row, render, times
from timing import Contestant, Figures, interleaved

_MOST_SNAPSHOTS = 1.5
_MOST_LINEAR = 1.3
_MOST_START = 15.0
_OTHERS_OFF = ("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:anyio", "-p", "no:cacheprovider")
"""Other plugins' start-up is not what is measured."""

_FLOW = {
    "inputs": {"number": {"type": "integer"}},
    "nodes": [
        {"id": "say", "type": "echo", "params": {"text": "case ${number}", "number": "${number}"}},
        {
            "id": "many",
            "type": "echo",
            "batch": {"items": [1, 2, 3, 4, 5], "parallel": True},
            "params": {"text": "${item} of ${say.number}"},
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many cases, and in how many rounds each contestant runs once."""

    runs: int
    cases: int


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Print what snapshots cost, and what unrelated runs pay.")
    parser.add_argument("--runs", type=int, help="rounds in which each contestant runs once (default 5, start-up 15)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    options = parser.parse_args()
    sizes = Sizes(options.runs or 1, 8) if options.quick else Sizes(options.runs or 5, 1000)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            *_snapshot_rows(Path(folder), sizes),
            *_start_rows(Path(folder), 1 if options.quick else 3 * sizes.runs),
        ]
    sys.stdout.write(f"{render(rows, judged=not options.quick)}\n")


def _snapshot_rows(folder: Path, sizes: Sizes) -> Iterator[Row]:
    """Two rows: what comparing snapshots adds to the run, and whether four times as many cost four times as much."""
    quarter = sizes.cases // 4
    kinds = {
        (cases, kept): _project(folder, cases, kept=kept) for cases in (quarter, sizes.cases) for kept in (True, False)
    }
    figures = interleaved(
        [Contestant(_name(cases, kept=kept), lambda path=path: _pytest(path)) for (cases, kept), path in kinds.items()],
        sizes.runs,
    )
    all_kept, all_plain = (_name(sizes.cases, kept=kept) for kept in (True, False))
    ratio = figures.ratio(all_kept, all_plain)
    each = (figures.median(all_kept) - figures.median(all_plain)) / sizes.cases
    yield Row(
        f"verify {sizes.cases} trace snapshots in one folder",
        f"{times(ratio)} the run without",
        f"<= {times(_MOST_SNAPSHOTS)}",
        ratio <= _MOST_SNAPSHOTS,
        (f"{all_kept}: {figures.median(all_kept):.2f} s", f"{all_plain}: {figures.median(all_plain):.2f} s"),
    )
    linear = _growth(figures, quarter, sizes.cases)
    yield Row(
        f"what a snapshot adds at {sizes.cases} against {quarter}",
        f"{times(linear)}, {each * 1e3:.2f} ms a snapshot",
        f"<= {times(_MOST_LINEAR)}",
        linear <= _MOST_LINEAR,
    )


def _growth(figures: Figures, quarter: int, cases: int) -> float:
    # What a snapshot adds to a case, at the one size against the other.
    few, many = (
        (figures.median(_name(count, kept=True)) - figures.median(_name(count, kept=False))) / count
        for count in (quarter, cases)
    )
    return many / few


def _start_rows(folder: Path, runs: int) -> Iterator[Row]:
    """One row: pytest over one test of somebody else's, with the plugin and without."""
    path = folder / "unrelated"
    path.mkdir()
    (path / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    ours, without = "with the plugin", "with -p no:pflow_testkit"
    figures = interleaved(
        [
            Contestant(ours, lambda: _timed(path, *_OTHERS_OFF)),
            Contestant(without, lambda: _timed(path, *_OTHERS_OFF, "-p", "no:pflow_testkit")),
        ],
        runs,
    )
    pairs = zip(figures.rounds[ours], figures.rounds[without], strict=True)
    more = sorted((one - other) * 1000 for one, other in pairs)[runs // 2]
    yield Row(
        "what an unrelated run pays for the plugin",
        f"{more:.1f} ms",
        f"<= {_MOST_START:g} ms",
        more <= _MOST_START,
        tuple(f"{name}: {figures.median(name) * 1000:.0f} ms" for name in (ours, without)),
    )


def _name(cases: int, *, kept: bool) -> str:
    return f"{cases} cases with{'' if kept else 'out'} snapshots"


def _project(folder: Path, cases: int, *, kept: bool) -> Path:
    path = folder / f"{cases}-{kept}"
    path.mkdir()
    (path / "flow.json").write_text(json.dumps(_FLOW), encoding="utf-8")
    snapshot = "\n    snapshot: [trace]" if kept else ""
    written = [f"  - name: case {number}\n    inputs: {{number: {number}}}{snapshot}\n" for number in range(cases)]
    (path / "flow.test.yaml").write_text("cases:\n" + "".join(written), encoding="utf-8")
    if kept:
        _timed(path, *_workflows(), "--snapshot-update")
    return path


def _pytest(path: Path) -> float:
    return _timed(path, *_workflows())


def _workflows() -> tuple[str, ...]:
    return (*_OTHERS_OFF, "--pflow-workflows=.")


def _timed(path: Path, *arguments: str) -> float:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--basetemp={path.parent / 'tmp'}",
        f"--rootdir={path}",
        *arguments,
    ]
    # As everywhere but on some build machines, compiled modules are kept: to compile them is no part of a start.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = perf_counter()
    done = subprocess.run(command, cwd=path, env=env, capture_output=True, text=True, check=False)
    elapsed = perf_counter() - started
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"pytest failed in {path}")
    return elapsed


if __name__ == "__main__":
    main()
