"""Thread-safety stress, measured: what is found and how soon, what is accused, what the engine stands, what it costs.

``python tests/benchmarks/stress.py [--quick] [kinds|sound|engine|cost ...]`` prints a table for each; it ends with 1 if a
broken kind was not found within 200 schedules, or a sound one was accused. ``--quick`` tries less of everything.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import stress_rivals as rivals

sys.path.append(str(rivals.ZOO))

from engine_twins import PLANTED, SOUND, planted  # found by the line above
from nodes import Counting, flow_of  # as above
from zoo import KINDS  # as above

from pflow_testkit.stress import Plan, explore  # as above
from pflow_testkit.stress.exploring import explored  # as above
from pflow_testkit.stress.flows import explore_flow  # as above
from pflow_testkit.stress.hammer import hammer  # as above
from pflow_testkit.stress.running import Setting  # as above

MOST = 200
ROUND = 1.0
"""Seconds until a round of plain threads counts as stuck."""
NOTHING = "-"
_PLANTED_IN = 400
"""Schedules within which a planted bug is to be found."""


def kinds(seeds: int, _schedules: int) -> Iterator[tuple[str, ...]]:
    """Schedules needed to find each kind: the median and the most over all seeds."""
    yield ("kind", "pct + hints", "pct", "random", "threads", *_rivals())
    for name, module in KINDS.items():
        fn = module.broken
        yield (
            name,
            _needed(fn, seeds),
            _needed(fn, seeds, hints=False),
            _needed(fn, seeds, strategy="random"),
            _hammered(fn),
            *(run(name) for run in _rivals().values()),
        )


def sound(_seeds: int, schedules: int) -> Iterator[tuple[str, ...]]:
    """Sound twins accused, in so many schedules each."""
    yield "sound kind", "schedules", "accused", "seconds"
    for name, module in KINDS.items():
        done = explore(module.sound, schedules=schedules)
        yield name, f"{done.schedules:,}", "ACCUSED" if done.found else NOTHING, f"{done.seconds:.1f}"


def engine(_seeds: int, schedules: int) -> Iterator[tuple[str, ...]]:
    """The engine's own threads by opcodes, and the same with one of its locks left out."""
    yield "part of the engine", "schedules", "found"
    most = schedules * 2 // 5
    for name, run in SOUND.items():
        done = run(most)
        yield name, f"{done.schedules:,}", "ACCUSED" if done.found else NOTHING
    for name in PLANTED:
        with planted(name) as run:
            found = run(max(most, _PLANTED_IN))
        yield (
            f"{name}, with a bug planted",
            str(found.schedules),
            found.found.failure.kind if found.found else "NOT FOUND",
        )


def cost(_seeds: int, schedules: int) -> Iterator[tuple[str, ...]]:
    """What a step and a schedule cost."""
    yield "what", "cost", "goal"
    steps = max(schedules * 4, 2000)
    for strategy, goal in (("pct", "20 µs"), ("random", "20 µs")):
        yield f"an opcode step, {strategy}", f"{_step(steps, strategy) * 1e6:.2f} µs", goal
    for workers in (4, 8):
        flow, plan = flow_of(Counting, 8, max_concurrent=workers), Plan(schedules // 5)
        for granularity, goal in (("hook", "1.5 ms"), ("opcode", "")):
            done = explore_flow(flow, plan=plan, granularity=granularity)
            each = done.seconds / done.schedules * 1e3
            yield f"a schedule of 8 items by {workers} workers, {granularity}", f"{each:.2f} ms", goal


def _step(steps: int, strategy: str) -> float:
    counts = {"n": 0}

    def loop() -> None:
        for _ in range(steps):
            counts["n"]

    def fn() -> None:
        threads = [threading.Thread(target=loop) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    setting = Setting(fn)
    alone = _timed(loop) * 2
    done = explored(setting, Plan(5, strategy, hints=False))
    return (done.seconds / (done.schedules + 1) - alone) / done.points


def _timed(act: Callable[[], Any]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started


def _needed(fn: Callable[[], Any], seeds: int, *, strategy: Any = "pct", hints: bool = True) -> str:
    needed = []
    for seed in range(seeds):
        done = explored(Setting(fn), Plan(MOST, strategy, seed=seed, hints=hints))
        needed.append(done.schedules if done.found else MOST + 1)
    lost = sum(count > MOST for count in needed)
    text = f"{median(needed):g} (most {max(needed)})"
    return text if not lost else f"{seeds - lost} of {seeds} seeds" if lost < seeds else NOTHING


def _hammered(fn: Callable[[], Any]) -> str:
    done = hammer(Setting(fn), Plan(MOST, "threads"), patience=ROUND)
    return str(done.schedules) if done.found else NOTHING


def _rivals() -> dict[str, Callable[[str], str]]:
    found: dict[str, Callable[[str], str]] = {}
    for package, run in (("pytest-run-parallel", rivals.run_parallel), ("frontrun", rivals.frontrun)):
        version = rivals.installed(package)
        name = f"{package} {version}" if version else f"{package} (not installed)"
        found[name] = partial(run, runs=MOST) if version else lambda _kind: ""  # type: ignore[assignment]  # by name
    return found


def _printed(rows: Iterable[tuple[str, ...]]) -> bool:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in table]
    lines.insert(1, f"| {' | '.join('-' * width for width in widths)} |")
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
    return not any("ACCUSED" in cell or "NOT FOUND" in cell for row in table for cell in row)


def main() -> int:
    """Print the tables asked for."""
    tables = {"kinds": kinds, "sound": sound, "engine": engine, "cost": cost}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="try less of everything")
    parser.add_argument("tables", nargs="*", choices=[*tables, []], default=[*tables])
    asked = parser.parse_args()
    seeds, schedules = (3, 50) if asked.quick else (21, 5000)
    well = [_printed(tables[name](seeds, schedules)) for name in asked.tables]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parent))
    raise SystemExit(main())
