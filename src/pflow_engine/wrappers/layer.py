"""What travels down the chain, and what a layer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pflow_engine.batch import ExecutorFactory
from pflow_engine.clock import CancelToken, Clock
from pflow_engine.document.model import BatchConfig
from pflow_engine.nodes.node import Interface
from pflow_engine.store import Store
from pflow_engine.trace.recorder import Recorder


class Call(NamedTuple):
    """One run of a node, or one attempt of one item of its batch (then ``index`` is not None).

    Immutable: a layer that wants something else below it hands down another one. A named tuple, since each
    layer makes one for each item.
    """

    node_id: str
    store: Store
    params: dict[str, Any]
    clock: Clock
    cancel: CancelToken
    recorder: Recorder
    executor: ExecutorFactory
    index: int | None = None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int = 1
    alias: str = ""

    def with_params(self, params: dict[str, Any]) -> Call:
        """The same call with other params."""
        return Call(self[0], self[1], params, *self[3:])

    def with_store(self, store: Store) -> Call:
        """The same call on another view of the store."""
        return Call(self[0], store, *self[2:])


class Layer(Protocol):
    """Does its part and calls the layer it holds; gives the action. Holds nothing about a call."""

    def run(self, call: Call) -> str | None:
        """Run the node below; None is the action ``default``."""
        ...


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """What is known of a node when its chain is built."""

    id: str
    type: str
    interface: Interface
    params: dict[str, Any]
    batch: BatchConfig | None = None
    namespacing: bool = True
    permissive: bool = False
