"""What the templates of a workflow ask of a name to values that have it: fields, and lists of such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from pflow_engine.document.model import NodeIR, Workflow
from pflow_engine.document.positions import texts_in
from pflow_engine.document.schema import TYPES
from pflow_engine.nodes import Registry
from pflow_engine.templates import Path, parse
from pflow_testkit.strategies.values import values

_MOST: Final = 3
_OFTEN: Final = 5
"""How many values have what is asked of them for one that may not."""


@dataclass
class Shape:
    """What is asked of a value: its type, to have ``fields``, to be a list of values of a shape; of most, nothing."""

    fields: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None
    word: str = "any"

    def field_of(self, name: str) -> Shape:
        """The shape of a field, nothing so far where nobody asked."""
        return self.fields.get(name, Shape())

    def values(self, word: str = "any") -> st.SearchStrategy[Any]:
        """Values that have all that is asked, beside any others of the type, which ``word`` says where it is known."""
        word = self.word if word == "any" else word
        if self.fields and word in ("any", "object"):
            return _mostly(st.fixed_dictionaries({name: each.values() for name, each in self.fields.items()}), word)
        if self.item is not None and word in ("any", "array"):
            return _mostly(st.lists(self.item.values(), max_size=_MOST), word)
        return values(word)

    def at(self, path: Path) -> Shape:
        """The shape at the end of a path's steps, which is asked for by following them."""
        shape = self
        for step in path.steps:
            shape = shape.fields.setdefault(step, Shape()) if isinstance(step, str) else shape.listed()
        return shape

    def listed(self) -> Shape:
        """The shape of its items, which is asked for by that."""
        self.item = self.item or Shape()
        return self.item


def _mostly(asked: st.SearchStrategy[Any], word: str) -> st.SearchStrategy[Any]:
    # Else of a list of maps in a map hardly one in ten would be anything that a workflow can go on with.
    # Of one strategy that is given twice, hypothesis takes but one.
    again = [asked.map(_as_it_is) for _ in range(_OFTEN - 1)]
    return st.one_of(asked, *again, values(word))


def _as_it_is(value: Any) -> Any:
    return value


def needs_workflow(given: object) -> None:
    """Refuse what is no Workflow, which an IR or the path of one is taken for.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(given, Workflow):
        kind = type(given).__name__
        raise TypeError(f"a Workflow is needed, not {kind}: take pflow.load(path), or validate(load(path))")


def shapes_in(workflow: Workflow, registry: Registry | None = None) -> Mapping[str, Shape]:
    """What is asked of each name that templates start with, inputs and node ids among them.

    With the ``registry`` that knows the node types, also the types of the params that are just a template.
    """
    shapes: dict[str, Shape] = {}
    for node in workflow.nodes:
        roots = shapes
        if node.batch is not None and isinstance(node.batch.items, str):
            listed = [shapes.setdefault(path.root, Shape()).at(path).listed() for path in _paths(node.batch.items)]
            roots = {node.batch.alias: listed[0]} if listed else {}
        for path, word in _asked_by(node, registry):
            of_item = node.batch is not None and path.root == node.batch.alias
            asked = (roots if of_item else shapes).setdefault(path.root, Shape()).at(path)
            asked.word = word if word in TYPES else asked.word
    return shapes


def _asked_by(node: NodeIR, registry: Registry | None) -> Iterator[tuple[Path, str]]:
    kind = registry.get(node.type) if registry is not None else None
    params = kind.interface.params if kind is not None else {}
    for name, value in node.params.items():
        is_whole = isinstance(value, str) and parse(value).exact is not None
        word = params[name].type if is_whole and name in params else "any"
        yield from ((path, word) for path in _paths(value))


def _paths(value: Any) -> Iterator[Path]:
    for _, text in texts_in(value, ()):
        for reference in parse(text).references:
            yield from reference.paths()
