"""A workflow to who uses which output of a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import Path
from pflow_engine.templates import Path as TemplatePath
from pflow_engine.templates import compile_value
from pflow_testkit.changes.values import Difference

_Steps = tuple[str | int | None, ...]
"""Of a reference, from its root on; None where a step is looked up at run time."""

_OF_ITEMS: Mapping[str, tuple[str, ...]] = {
    "status": ("results", "errors", "success_count", "error_count"),
    "error": ("results", "errors"),
    "error_type": ("errors",),
    "attempts": ("errors", "batch_metadata"),
    "errors": ("errors",),
}
"""Where in the outputs of a batch something of an item is told."""


@dataclass(frozen=True, slots=True)
class Users:
    """Who refers to what; nobody, without a workflow."""

    references: tuple[tuple[str, _Steps], ...] = ()
    namespaced: bool = True

    @classmethod
    def of(cls, workflow: Workflow | None, *traces: Mapping[str, Any]) -> Users:
        """Those of a workflow. The traces tell which node an output without a source was taken from."""
        if workflow is None:
            return cls()
        found = [(node.id, steps) for node in workflow.nodes for steps in _of_node(node)]
        for name, declared in workflow.outputs.items():
            sources = _paths(declared.source) if declared.source else _last_to_write(name, traces)
            found += [(f"output '{name}'", steps) for steps in sources]
        return cls(tuple(found), workflow.namespacing)

    def using(self, node: str, path: Path) -> list[str]:
        """Who uses this place of a node's outputs, what is in it, or what it is in."""
        whole = (node, *path)
        wanted = [whole] if self.namespaced or not path else [whole, path]
        return [user for user, steps in self.references if any(_meet(steps, place) for place in wanted)]

    def of_difference(self, node: str, difference: Difference) -> Iterator[str]:
        """Who uses what changed in a run of a node."""
        for path in _outputs(difference):
            yield from self.using(node, path)


def _outputs(difference: Difference) -> Iterator[Path]:
    match difference.path:
        case ("outputs", *path):
            yield tuple(path)
        case ("batch_metadata", *_) as path:
            yield path
        case ("batch",) if difference.kind in ("removed", "added"):
            yield ()
        case ("items", int()):
            yield from (("results",), ("count",), ("success_count",), ("error_count",), ("errors",))
        case ("items", int(index), "outputs", *path):
            yield ("results", index, *path)
        case ("items", int(index), "item", *path):
            yield ("results", index, "item", *path)
        case ("items", int(index), str(step), *_):
            places = _OF_ITEMS.get(step, ())
            yield from (("results", index) if name == "results" else (name,) for name in places)


def _of_node(node: NodeIR) -> Iterator[_Steps]:
    yield from _paths(dict(node.params))
    if node.batch is not None:
        yield from _paths(node.batch.items)


def _paths(value: Any) -> Iterator[_Steps]:
    for reference in compile_value(value).references:
        yield from map(_steps, reference.paths())


def _steps(path: TemplatePath) -> _Steps:
    return (path.root, *(None if isinstance(step, TemplatePath) else step for step in path.steps))


def _last_to_write(name: str, traces: Iterable[Mapping[str, Any]]) -> Iterator[_Steps]:
    for trace in traces:
        writers = [
            run["id"] for run in trace["nodes"] if isinstance(run.get("outputs"), dict) and name in run["outputs"]
        ]
        yield from ((writer, name) for writer in writers[-1:])


def _meet(reference: _Steps, place: _Steps) -> bool:
    # A key that is all digits may be written as an index.
    return all(step is None or str(step) == str(there) for step, there in zip(reference, place, strict=False))
