"""What the gate costs to one table: ``python tests/benchmarks/gate.py``. Run by hand; nothing here is a test.

A repository of many workflows, each with a case and a snapshot, of which a few changed.
"""

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

_ALONE, _GATE, _BY_NAME, _ALL = "the changed ones alone", "the gate and the changed ones", "with -k", "all of them"
_MOST_OVERHEAD, _MOST_BESIDE = 5.0, 1.5
_OTHERS_OFF = ("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:anyio", "-p", "no:cacheprovider")
_CASE = "cases:\n  - {name: it, inputs: {name: Ada}, snapshot: [trace]}\n"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many workflows there are, how many changed, and in how many rounds each contestant runs once."""

    runs: int
    workflows: int
    changed: int


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Print what the gate costs beside the tests that it selects.")
    parser.add_argument("--runs", type=int, help="rounds in which each contestant runs once (default 5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works, not how fast")
    options = parser.parse_args()
    sizes = Sizes(options.runs or 1, 8, 2) if options.quick else Sizes(options.runs or 5, 1000, 20)
    with tempfile.TemporaryDirectory() as folder:
        rows = list(_rows(_repository(Path(folder) / "all", sizes), _alone(Path(folder) / "alone", sizes), sizes))
    sys.stdout.write(f"{render(rows, judged=not options.quick)}\n")


def _rows(everything: Path, alone: Path, sizes: Sizes) -> Iterator[Row]:
    names = " or ".join(f"flow{number:04}" for number in range(sizes.changed))
    figures = interleaved(
        [
            Contestant(_ALONE, lambda: _timed(alone)),
            Contestant(_GATE, lambda: _timed(everything, "--pflow-against=HEAD", "--pflow-changed")),
            Contestant(_BY_NAME, lambda: _timed(everything, "-k", names)),
            Contestant(_ALL, lambda: _timed(everything)),
        ],
        sizes.runs,
    )
    about = f"{sizes.changed} of {sizes.workflows} workflows changed: the gate, and their tests"
    yield _row(about, figures, _ALONE, _MOST_OVERHEAD)
    yield _row("the same beside naming the changed ones by hand", figures, _BY_NAME, _MOST_BESIDE)
    yield _row("the same beside running everything without it", figures, _ALL, 1.0)


def _row(name: str, figures: Figures, other: str, most: float) -> Row:
    ratio = figures.ratio(_GATE, other)
    beside = tuple(f"{each}: {figures.median(each):.2f} s" for each in (_GATE, other))
    return Row(name, f"{times(ratio)} {other}", f"<= {times(most)}", ratio <= most, beside)


def _repository(top: Path, sizes: Sizes) -> Path:
    for number in range(sizes.workflows):
        _write(top, number, "hi")
    _timed(top, "--snapshot-update")
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
        subprocess.run(["git", *who, *args], cwd=top, check=True, stdout=subprocess.DEVNULL)
    for number in range(sizes.changed):
        _write(top, number, "hello")
    _timed(top, "--snapshot-update")
    return top


def _alone(top: Path, sizes: Sizes) -> Path:
    for number in range(sizes.changed):
        _write(top, number, "hello")
    _timed(top, "--snapshot-update")
    return top


def _write(top: Path, number: int, word: str) -> None:
    folder = top / "flows"
    folder.mkdir(parents=True, exist_ok=True)
    say = [{"id": f"say{at}", "type": "echo", "params": {"text": f"{word} ${{name}} {at}"}} for at in range(8)]
    flow = {
        "inputs": {"name": {"type": "string"}},
        "nodes": say,
        "outputs": {"text": {"source": "${say7.text}", "description": f"What flow {number} says."}},
    }
    (folder / f"flow{number:04}.json").write_text(json.dumps(flow, indent=2), encoding="utf-8")
    (folder / f"flow{number:04}.test.yaml").write_text(_CASE, encoding="utf-8")


def _timed(top: Path, *arguments: str) -> float:
    own = ("-q", f"--basetemp={top.parent / 'tmp'}", f"--rootdir={top}", "--pflow-workflows=flows")
    # As everywhere but on some build machines, compiled modules are kept: to compile them is no part of a start.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "pytest", *own, *_OTHERS_OFF, *arguments]
    started = perf_counter()
    done = subprocess.run(command, cwd=top, env=env, capture_output=True, text=True, check=False)
    elapsed = perf_counter() - started
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"pytest failed in {top}")
    return elapsed


if __name__ == "__main__":
    main()
