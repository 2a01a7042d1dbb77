"""What it takes to compile a workflow, once the validator is built, and to resolve one template."""

from __future__ import annotations

import timeit
from collections.abc import Iterator
from typing import Any

from table import Row, microseconds, times
from timing import Contestant, interleaved, timed
from work import Sizes

from pflow_engine import Flow, Registry, compile_ir_to_flow
from pflow_engine.templates import compile_value

_MOST_COMPILE = 10.0
_MOST_RESOLVE = 0.5e-6
_REPEATS = 3


def compile_rows(sizes: Sizes) -> Iterator[Row]:
    """One row: milliseconds a workflow, after the first."""
    ir = _workflow(sizes.nodes)
    names = "ours", "given a registry"
    figures = interleaved([_compile(names[0], ir, None), _compile(names[1], ir, Registry.default())], sizes.runs)
    ours, given = (figures.median(name) * 1000 for name in names)
    yield Row(
        f"compile {sizes.nodes} nodes, built-in registry",
        f"{ours:.2f} ms",
        f"<= {_MOST_COMPILE:g} ms",
        ours <= _MOST_COMPILE,
        (f"{names[1]} that is made already: {given:.2f} ms",),
    )


def resolve_rows(sizes: Sizes) -> Iterator[Row]:
    """One row: a template of three names, compiled before."""
    scope = {"a": {"b": {"c": 1}}}
    plan = compile_value("${a.b.c}")
    ours, plain = "ours", "scope['a']['b']['c']"
    figures = interleaved(
        [
            _statement(ours, "plan.resolve(scope)", sizes.lookups, {"plan": plan, "scope": scope}),
            _statement(plain, plain, sizes.lookups, {"scope": scope}),
        ],
        sizes.runs,
    )
    yield Row(
        "resolve ${a.b.c}",
        microseconds(figures.median(ours)),
        f"<= {microseconds(_MOST_RESOLVE)}",
        figures.median(ours) <= _MOST_RESOLVE,
        (f"{plain}: {microseconds(figures.median(plain))} (ours {times(figures.ratio(ours, plain))})",),
    )


def _compile(name: str, ir: dict[str, Any], registry: Registry | None) -> Contestant:
    def act() -> list[Flow]:
        return [compile_ir_to_flow(ir, registry) for _ in range(_REPEATS)]

    def check(flows: list[Flow]) -> None:
        if any(len(flow.layers) != len(ir["nodes"]) for flow in flows):
            raise AssertionError("not all nodes were compiled")

    return timed(name, act, _REPEATS, check)


def _statement(name: str, statement: str, count: int, names: dict[str, Any]) -> Contestant:
    return Contestant(name, lambda: timeit.timeit(statement, number=count, globals=names) / count)


def _workflow(count: int) -> dict[str, Any]:
    # Four types in turn, each with a template that leads to the node before it.
    nodes = [_node(number) for number in range(count)]
    edges = [{"from": f"n{number}", "to": f"n{number + 1}"} for number in range(count - 1)]
    return {"inputs": {"start": {"type": "string"}}, "nodes": nodes, "edges": edges}


def _node(number: int) -> dict[str, Any]:
    before = [f"${{n{number - 1}.content}}", f"${{n{number - 1}.stdout}}", f"${{n{number - 1}.result}}"]
    kinds = [
        {"type": "read-file", "params": {"file_path": f"${{n{number - 1}.response}}" if number else "${start}"}},
        {"type": "shell", "params": {"command": f"wc -c <<< '{before[0]}'", "timeout": 5}},
        {"type": "code", "params": {"code": "result = size * 2", "inputs": {"size": before[1]}}},
        {"type": "http", "params": {"url": f"https://example.com/{before[2]}", "method": "GET"}},
    ]
    return {"id": f"n{number}", **kinds[number % len(kinds)]}
