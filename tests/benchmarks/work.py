"""The work that all contestants do, and our flows of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pflow_engine import Flow, Registry, RunResult, compile_ir_to_flow, node

NAP = 0.005
CODE = "value: int\n\nresult: int = value * 2\n"
"""The trivial item as a text of Python, for the node types that run one."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each; ``runs`` rounds. ``venv`` is where the released pflow lives or may be installed."""

    runs: int = 5
    items: int = 10_000
    sent: int = 1_000
    processes: int = 100
    released: tuple[int, int] = (500, 2_500)
    following: int = 500
    keys: int = 1_000
    texts: int = 10_000
    naps: int = 2_000
    nappers: int = 100
    kilobytes: int = 100_000
    nodes: int = 100
    lookups: int = 200_000
    tasks: int = 1_000
    local: bool = False
    venv: Path | None = None


@node("double", outputs={"value": int})
def double(value: int) -> dict[str, Any]:
    """The trivial item."""
    return {"value": value * 2}


@node("nap", outputs={"value": int})
def nap(value: int) -> dict[str, Any]:
    """The item that waits, as for an answer."""
    time.sleep(NAP)
    return {"value": value * 2}


@node("fill", outputs={"text": str})
def fill(value: int) -> dict[str, Any]:
    """The item that leaves a text of 1,000 characters, its own."""
    return {"text": f"{value:01000d}"}


def registry() -> Registry:
    """The built-in types and those above."""
    types = Registry.default()
    for name, function in (("double", double), ("nap", nap), ("fill", fill)):
        types.register(name, function)
    return types


def batch_flow(  # noqa: PLR0913  # what may differ from contest to contest
    kind: str = "double",
    params: Mapping[str, Any] = MappingProxyType({"value": "${item}"}),
    *,
    parallel: bool,
    workers: int = 10,
    inputs: Sequence[str] = (),
    following: int = 0,
) -> Flow:
    """A batch over the input ``numbers``, maybe with further inputs, maybe with a chain of nodes after it."""
    batch = {"items": "${numbers}", "parallel": parallel, "max_concurrent": workers}
    nodes: list[dict[str, Any]] = [{"id": "batch", "type": kind, "batch": batch, "params": dict(params)}]
    nodes += [{"id": f"after{number}", "type": "double", "params": {"value": 1}} for number in range(following)]
    ids = [each["id"] for each in nodes]
    ir = {
        "inputs": {"numbers": {"type": "array"}, **{name: {"type": "any"} for name in inputs}},
        "nodes": nodes,
        "edges": [{"from": source, "to": target} for source, target in pairwise(ids)],
    }
    return compile_ir_to_flow(ir, registry())


def results_of(result: RunResult) -> list[dict[str, Any]]:
    """What our batch left."""
    result.raise_for_status()
    return result.store["batch"]["results"]


def doubled(count: int) -> Callable[[Sequence[dict[str, Any]]], None]:
    """A check that all of ``count`` numbers were doubled, in order."""
    expected = [number * 2 for number in range(count)]

    def check(results: Sequence[dict[str, Any]]) -> None:
        if expected != [result["value"] for result in results]:
            raise AssertionError(f"not the {count} results that were asked for")

    return check
