"""Node types to workflows of them that are valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from hypothesis import strategies as st

from pflow_engine.document.schema import TYPES
from pflow_engine.nodes import Interface, Registry
from pflow_testkit.strategies.batches import batch_configs
from pflow_testkit.strategies.values import literal, texts, values

_FIELDS: Final = ("a", "b")
_ALIASES: Final = ("item", "row")
_RESULTS: Final = ("results", "count", "errors", "success_count")
_FORMS: Final[Mapping[str, Callable[[str], Any]]] = {
    "exact": lambda template: template,
    "text": lambda template: f"<{template}>",
    "map": lambda template: {"in": [template]},
}
_FITTING: Final[Mapping[str, Sequence[str]]] = {"any": sorted(_FORMS), "string": ("exact", "text")}
"""The forms that come to a value of a type; of any other, just the template alone."""
_PICKS: Final = st.integers(0, 11)

Fill = Callable[[Sequence[str]], Any]
"""Makes a value once it is known which paths there are to name. What is drawn never depends on what was drawn before:
else taking one thing out would change all others, and little would become simpler."""


def workflows(
    *, types: Sequence[str] = ("echo",), registry: Registry | None = None, max_nodes: int = 4, batches: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Valid IR: what ``validate_ir`` takes without an error, as dicts.

    One to ``max_nodes`` nodes ``n0``, ``n1`` … of these ``types``, which the ``registry`` (by default that of what is
    installed) must know; each leads to the next, and for ``error`` perhaps to a later one. Params are values or
    templates of inputs ``x0`` …, of outputs of the nodes before, and in a batch of its item. Shrinks to one node with
    the params that its type requires.

    Raises:
        ValueError: a type that the registry does not know; no nodes at all.
    """
    if max_nodes < 1:
        raise ValueError(f"a workflow has at least one node, not {max_nodes}")
    there = registry if registry is not None else Registry.default()
    interfaces = {name: kind.interface for name in types if (kind := there.get(name)) is not None}
    unknown = [name for name in types if name not in interfaces]
    if unknown or not types:
        raise ValueError(f"there are no node types {', '.join(unknown) or 'given'}: name some that are registered")
    each = st.one_of([_node(*known, batches=batches) for known in interfaces.items()])
    nodes = st.lists(each, min_size=1, max_size=max_nodes)
    return _workflows(interfaces, st.tuples(_DECLARATIONS, nodes, _SKIPS, _SOURCES))


def _declaration(word: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {} if word == "any" else {"type": st.just(word)},
        optional={"default": values(word), "required": st.booleans(), "description": texts()},
    )


_DECLARATIONS: Final = st.lists(st.one_of([_declaration(word) for word in ("any", *TYPES)]), max_size=2)
_SKIPS: Final = st.lists(st.tuples(_PICKS, _PICKS), max_size=2)
_SOURCES: Final = st.lists(_PICKS, max_size=2)


@st.composite
def _workflows(draw: st.DrawFn, interfaces: Mapping[str, Interface], parts: st.SearchStrategy[Any]) -> dict[str, Any]:
    return _built(interfaces, *draw(parts))


def _node(kind: str, interface: Interface, *, batches: bool) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: _fills(each.type) for name, each in interface.params.items() if each.required}
    optional = {name: _fills("any") for name in _FIELDS if interface.open_params}
    parts = {"type": st.just(kind), "params": st.fixed_dictionaries(required, optional=optional)}
    return st.fixed_dictionaries(parts, optional={"batch": _BATCHES} if batches else {})


def _fills(word: str) -> st.SearchStrategy[Fill]:
    plain = values(word).map(literal).map(lambda value: lambda _paths: value)
    return plain | st.tuples(st.sampled_from(_FITTING.get(word, ["exact"])), _PICKS).map(_template)


def _template(drawn: tuple[str, int]) -> Fill:
    form, pick = drawn
    return lambda paths: _FORMS[form](f"${{{paths[pick % len(paths)]}}}") if paths else None


_BATCHES: Final = batch_configs(
    items=_PICKS | st.lists(_fills("any"), min_size=1, max_size=3), aliases=st.sampled_from(_ALIASES)
)


def _built(
    interfaces: Mapping[str, Interface],
    declared: list[Any],
    drawn: list[dict[str, Any]],
    skips: list[tuple[int, int]],
    sources: list[int],
) -> dict[str, Any]:
    inputs = {f"x{at}": each for at, each in enumerate(declared)}
    paths, lists = [*inputs], [name for name, each in inputs.items() if each.get("type") == "array"]
    nodes = []
    for at, each in enumerate(drawn):
        node = {"id": f"n{at}", **_filled(each, paths, lists)}
        nodes.append(node)
        paths += [f"n{at}.{name}" for name in _outputs(node, interfaces[each["type"]])]
        lists += [f"n{at}.results"] if "batch" in node else []
    of_nodes = paths[len(inputs) :]
    outputs = {
        f"y{at}": {"source": f"${{{of_nodes[pick % len(of_nodes)]}}}"} for at, pick in enumerate(sources) if of_nodes
    }
    parts = {"inputs": inputs, "nodes": nodes, "edges": _edges(len(nodes), skips), "outputs": outputs}
    return {name: part for name, part in parts.items() if part}


def _filled(drawn: dict[str, Any], paths: list[str], lists: list[str]) -> dict[str, Any]:
    node, within = {"type": drawn["type"]}, paths
    if "batch" in drawn:
        node["batch"] = {**drawn["batch"], "items": _items(drawn["batch"]["items"], paths, lists)}
        within = [node["batch"].get("as", "item"), "__index__", *paths]
    params = {name: fill(within) for name, fill in drawn["params"].items()}
    return node | ({"params": params} if params else {})


def _items(drawn: list[Fill] | int, paths: list[str], lists: list[str]) -> Any:
    if isinstance(drawn, list):
        return [fill(paths) for fill in drawn]
    return f"${{{lists[drawn % len(lists)]}}}" if lists else [None]


def _outputs(node: Mapping[str, Any], interface: Interface) -> Sequence[str]:
    if "batch" in node:
        return _RESULTS
    return [*node.get("params", {})] if interface.echoes else [*interface.outputs]


def _edges(count: int, skips: list[tuple[int, int]]) -> list[dict[str, str]]:
    # On an error some nodes skip those behind them; without such a one, document order says it all.
    first = count - 2
    pairs = {at % first: at % first + 2 + to % (first - at % first) for at, to in skips if first > 0}
    on_error = [{"from": f"n{at}", "to": f"n{to}", "action": "error"} for at, to in pairs.items()]
    chain = [{"from": f"n{at}", "to": f"n{to}"} for at, to in pairwise(range(count))]
    return [*chain, *on_error] if on_error else []
