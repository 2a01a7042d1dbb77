"""The shared store, and the views of it that a node and an item get.

Only the flow writes to the root store, between nodes; a node writes to its view. An item's view keeps what
is written to itself, so items run at the same time without a lock and without a copy of the store.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

LLM_CALLS = "__llm_calls__"
INDEX = "__index__"

Store = MutableMapping[str, Any]

_NOTHING: Final = object()
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class View(MutableMapping[str, Any]):
    """A node's view of the store: a mapping with what a dict has beside it, for nodes written for a dict.

    ``scope`` is what templates are looked up in: the root, where a node's own id leads to what it wrote when
    it ran last. A node's own outputs never stand in for an input or another node of the same name.
    """

    __slots__ = ("_namespace", "_own", "_root", "scope")

    def __init__(self, root: Store, namespace: str, before: Mapping[str, Any] = _NONE) -> None:
        self._root = root
        self._namespace = namespace
        self._own = _namespace_of(root, namespace)
        self.scope: Mapping[str, Any] = ChainMap({namespace: before}, root) if before else root

    @property
    def outputs(self) -> dict[str, Any]:
        """What the node wrote in this run of it."""
        return self._own

    def pop(self, key: str, default: Any = _NOTHING) -> Any:
        """As a dict's; but what stands at the root stays there."""
        value = self[key] if default is _NOTHING else self.get(key, default)
        with suppress(KeyError):
            del self[key]
        return value

    def copy(self) -> dict[str, Any]:
        """A dict of all that is seen."""
        return dict(self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._namespace!r}: {list(self._own)})"


class NamespacedSharedStore(View):
    """A node's view: it writes into its own namespace, reads there first and then at the root.

    ``keys()`` is the union of both, without the namespace itself. Names like ``__llm_calls__`` always live
    at the root. ``before`` is what the node wrote when it ran last, in a loop: it reads that after its own.
    """

    __slots__ = ("_before",)

    def __init__(
        self, root: Store, namespace: str, before: Mapping[str, Any] = _NONE, own: dict[str, Any] | None = None
    ) -> None:
        # One is made for each item, so all is done here and now. ``own`` is the namespace, where it is at hand.
        self._root = root
        self._namespace = namespace
        self._own = _namespace_of(root, namespace) if own is None else own
        self._before = before
        self.scope = ChainMap({namespace: before}, root) if before else root

    def __getitem__(self, key: str) -> Any:
        if key in self._own:
            return self._own[key]
        return self._before[key] if key in self._before else self._root[key]

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._before or key in self._root

    def __setitem__(self, key: str, value: Any) -> None:
        if key[:2] == "__" and _is_reserved(key):
            self._root[key] = value
        else:
            self._own[key] = value

    def __delitem__(self, key: str) -> None:
        del (self._root if _is_reserved(key) else self._own)[key]

    def __iter__(self) -> Iterator[str]:
        return (key for key in {**self._own, **self._before, **dict.fromkeys(self._root)} if key != self._namespace)


class FlatSharedStore(View):
    """A node's view where namespacing is off: it reads and writes at the root.

    What it writes is noted under its id as well: there the trace, ``outputs`` and batches look for it.
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        return self._root[key]

    def __contains__(self, key: object) -> bool:
        return key in self._root

    def __setitem__(self, key: str, value: Any) -> None:
        if not _is_reserved(key):
            self._own[key] = value
        if key != self._namespace:
            self._root[key] = value

    def __delitem__(self, key: str) -> None:
        del self._root[key]
        self._own.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._root if key != self._namespace)


class ItemStore(dict[str, Any]):
    """An attempt's view of the root: it reads through, and keeps what it writes to itself.

    The same as a shallow copy of the root with the batch node's namespace emptied, without the cost of
    one: an item costs the same whether the store has ten keys or ten thousand. As a dict it holds what was
    written, which the interpreter finds without a call; what looks at more than one key sees the root, too.
    """

    __slots__ = ("root",)

    root: Mapping[str, Any]

    def __missing__(self, key: str) -> Any:
        return self.root[key]

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or key in self.root

    def __iter__(self) -> Iterator[str]:
        yield from dict.__iter__(self)
        for key in self.root:
            if not dict.__contains__(self, key):
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict's, over both."""
        return self[key] if dict.__contains__(self, key) else self.root.get(key, default)

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # a dict's own views see only what was written
        """As a dict's, over both."""
        return KeysView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]  # as above
        """As a dict's, over both."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # as above
        """As a dict's, over both."""
        return ItemsView(self)


def visit(root: Store, namespace: str) -> NamespacedSharedStore:
    """A node's view for one run of it: an empty namespace, so that its outputs are those of this run alone."""
    before = root.get(namespace)
    if not before or not isinstance(before, dict):
        return NamespacedSharedStore(root, namespace, _NONE, before if type(before) is dict else None)
    root[namespace] = {}
    return NamespacedSharedStore(root, namespace, before)


def item_store(  # noqa: PLR0913  # an attempt has that many parts
    root: Mapping[str, Any], node_id: str, own: dict[str, Any], alias: str, item: Any, index: int, calls: list[Any]
) -> ItemStore:
    """The store of one attempt of one item: the alias and ``__index__`` at the root, ``own`` as its namespace.

    ``calls`` is the attempt's own ``__llm_calls__``. The batch joins them in index order: a list that all
    items append to would have another order in each run, and take what an abandoned attempt writes late.
    """
    store = ItemStore()
    store.root = root
    store[node_id] = own
    store[alias] = item
    store[INDEX] = index
    store[LLM_CALLS] = calls
    return store


def _namespace_of(root: Store, namespace: str) -> dict[str, Any]:
    own = root.get(namespace)
    if not isinstance(own, dict):
        own = root[namespace] = {}
    return own


def _is_reserved(key: str) -> bool:
    return key.startswith("__") and key.endswith("__")
