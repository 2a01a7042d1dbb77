"""Changes of params: what a node is given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from pflow_engine.document.positions import Path
from pflow_engine.templates import parse
from pflow_testkit.mutation.model import DROP, Edits, Idea, Subject, nodes_at
from pflow_testkit.mutation.operators.harmless import is_executed
from pflow_testkit.mutation.operators.values import in_line

_NESTING = ("workflow_ref", "param_mapping", "output_mapping")
"""Params that say what is run and how: operators of their own change them."""


def _params(subject: Subject) -> Iterator[tuple[Path, str, Any]]:
    for path, node in nodes_at(subject):
        interface = subject.interface(node)
        for name, value in node.get("params", {}).items():
            if not is_executed(interface, name) and not (interface.nests and name in _NESTING):
                yield (*path, "params", name), node["id"], value


def drop_param(subject: Subject) -> Iterator[Idea]:
    """A param is left out that the node can do without."""
    for path, node, value in _params(subject):
        interface = subject.interface(subject.nodes[int(path[1])])
        if not (declared := interface.params.get(str(path[-1]))) or not declared.required:
            yield Idea(path, in_line(value), "left out", ((path, DROP),), node)


def swap_params(subject: Subject) -> Iterator[Idea]:
    """Two params of a node have each other's value."""
    for (path, node, one), (second, other_node, other) in combinations(_params(subject), 2):
        if node == other_node and type(one) is type(other) and one != other:
            edits: Edits = ((path, other), (second, one))
            yield Idea(path, in_line(one), f"{in_line(other)}, the value of {second[-1]}", edits, node)


def _values(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _values(item, (*path, step))


def _literals(subject: Subject) -> Iterator[tuple[Path, str, Any]]:
    for path, node, value in _params(subject):
        yield from ((at, node, each) for at, each in _values(value, path))


def change_number(subject: Subject) -> Iterator[Idea]:
    """A number is one more."""
    for path, node, value in _literals(subject):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Idea(path, in_line(value), in_line(value + 1), ((path, value + 1),), node)


def flip_boolean(subject: Subject) -> Iterator[Idea]:
    """True is false, false is true."""
    for path, node, value in _literals(subject):
        if isinstance(value, bool):
            yield Idea(path, in_line(value), in_line(not value), ((path, not value),), node)


def change_text(subject: Subject) -> Iterator[Idea]:
    """A text without templates has one character more."""
    for path, node, value in _literals(subject):
        if isinstance(value, str) and not parse(value).references:
            yield Idea(path, in_line(value), in_line(f"{value}x"), ((path, f"{value}x"),), node)


def shorten_list(subject: Subject) -> Iterator[Idea]:
    """A list lacks its last item."""
    for path, node, value in _literals(subject):
        if isinstance(value, list) and value:
            yield Idea(path, in_line(value), in_line(value[:-1]), ((path, value[:-1]),), node)
