"""A workflow to what may go wrong in its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from pflow_engine.document.model import Workflow
from pflow_engine.nodes import Interface, Registry
from pflow_testkit.nested import Placed, nodes_in
from pflow_testkit.strategies.shapes import needs_workflow
from pflow_testkit.strategies.values import values

_MOST_ITEMS: Final = 3
_KINDS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "raises": st.just("it broke"),
    "error": st.just("it failed"),
    "delay": st.sampled_from([1, 60]),
    "hang": st.just(True),
}
_HALVED: Final = {"corrupt": st.just(True)}


def faults_for(
    workflow: Workflow, *, registry: Registry | None = None, max_faults: int = 2
) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Faults as a case file writes them: ``{"node": id, "item": 0, "attempt": 1, "raises": text}``.

    Each is for one of the nodes, those of nested workflows too; ``item`` for a batch alone. With the ``registry`` that
    knows the node types, ``corrupt`` may put other values of the declared types in place of outputs. Shrinks to none.

    Raises:
        TypeError: it is no Workflow.
    """
    needs_workflow(workflow)
    made = [_fault(placed, _interface(placed, registry)) for placed in nodes_in(workflow)]
    return st.lists(st.one_of(made), max_size=max_faults)


def _interface(placed: Placed, registry: Registry | None) -> Interface:
    kind = registry.get(placed.node.type) if registry is not None else None
    return kind.interface if kind is not None else Interface()


def _fault(placed: Placed, interface: Interface) -> st.SearchStrategy[dict[str, Any]]:
    attempts = placed.node.batch.max_retries if placed.node.batch else 1
    place: dict[str, st.SearchStrategy[int]] = {"attempt": st.integers(1, attempts)}
    if placed.node.batch is not None:
        place["item"] = st.integers(0, _MOST_ITEMS - 1)
    outputs = {name: values(word) for name, word in interface.outputs.items() if name != "error"}
    kinds = [*_KINDS.items(), *_HALVED.items()]
    if outputs:
        spoilt = st.one_of([st.fixed_dictionaries({name: value}) for name, value in outputs.items()])
        kinds.append(("corrupt", spoilt))
    return st.one_of(
        [st.fixed_dictionaries({"node": st.just(placed.path), kind: value}, optional=place) for kind, value in kinds]
    )
