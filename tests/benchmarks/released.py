"""The released pflow over the same numbers, in a virtual environment and a home of its own.

Its cheapest node is ``code``, which it runs inside its own process: one Python text an item. What that text costs
by itself stands beside it. Start-up is left out by measuring two sizes: a figure is the difference by item.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from timing import Absent, Contestant, Entry, timed
from work import CODE, doubled

_NAME = "pflow-cli"
_WORKFLOW = f"""\
# Double numbers

Doubles each number of a range.

## Inputs

### count

How many numbers there are.

- type: integer
- required: true

## Steps

### numbers

Makes the list that the batch runs over.

- type: code
- inputs:
    count: ${{count}}

```python code
count: int

result: list = list(range(count))
```

### batch

Doubles one number, ten at a time.

- type: code
- inputs:
    value: ${{item}}
- batch:
    items: ${{numbers.result}}
    parallel: true
    max_concurrent: 10

```python code
{CODE}```
"""

_Reading = Callable[[float, dict[str, Any]], float]


@contextmanager
def released(venv: Path | None, sizes: tuple[int, int]) -> Iterator[list[Entry]]:
    """The contestants; ``venv`` is a folder that holds its virtual environment, or gets one."""
    program = _program(venv) if venv else f"not installed (pip install {_NAME}, or --venv DIR does it)"
    if isinstance(program, str):
        yield [Absent(_NAME, program)]
        return
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "double.pflow.md").write_text(_WORKFLOW, encoding="utf-8")
        name = f"{_NAME} {_version(program)}"
        yield [
            Contestant(f"{name}, batch of code nodes", lambda: _slope(program, home, sizes, _step)),
            Contestant(f"{name}, the same with all its process does", lambda: _slope(program, home, sizes, _whole)),
            _text_alone(sizes[1]),
        ]


def _program(venv: Path) -> Path | str:
    folder = venv.resolve() / _NAME
    program = folder / "bin" / "pflow"
    if program.exists():
        return program
    for command in (["-m", "venv", str(folder)], ["-m", "pip", "install", "--quiet", _NAME]):
        python = folder / "bin" / "python" if "pip" in command else sys.executable
        done = subprocess.run([python, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"not installed (pip install {_NAME} failed: {done.stderr.strip().splitlines()[-1]})"
    return program


def _version(program: Path) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def _slope(program: Path, home: str, sizes: tuple[int, int], reading: _Reading) -> float:
    few, many = (reading(*_run(program, home, size)) for size in sizes)
    return (many - few) / (sizes[1] - sizes[0])


def _step(_seconds: float, step: dict[str, Any]) -> float:
    return step["duration_ms"] / 1000


def _whole(seconds: float, _step: dict[str, Any]) -> float:
    return seconds


def _run(program: Path, home: str, count: int) -> tuple[float, dict[str, Any]]:
    command = [program, "--print", "--output-format", "json", "double.pflow.md", f"count={count}"]
    started = perf_counter()
    done = subprocess.run(
        command, cwd=home, env={**os.environ, "HOME": home}, capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"pflow failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    step = next(step for step in json.loads(done.stdout)["execution"]["steps"] if step["node_id"] == "batch")
    if step["batch_success"] != count:
        raise AssertionError(f"not the {count} results that were asked for")
    return seconds, step


def _text_alone(count: int) -> Contestant:
    def act() -> list[dict[str, Any]]:
        return [_evaluated(number) for number in range(count)]

    return timed("(compile and exec of that code alone)", act, count, doubled(count))


def _evaluated(number: int) -> dict[str, Any]:
    names: dict[str, Any] = {"value": number}
    exec(compile(CODE, "code", "exec"), names)
    return {"value": names["result"]}
