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

    Immutable, and the ``context`` of the node at its end. A named tuple, since one is made for each item.
    """

    node_id: str
    clock: Clock
    cancel: CancelToken
    recorder: Recorder
    executor: ExecutorFactory
    index: int | None = None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int = 1
    alias: str = ""


class Layer(Protocol):
    """Does its part and calls the layer it holds; gives the action. Holds nothing about a call.

    ``store`` is the view that what is below works on, ``params`` its params as far as they are resolved: a
    layer that wants others below it hands others down. They are no part of the call because each layer would
    have to make a new one for each item.
    """

    def run(self, call: Call, store: Store, params: dict[str, Any], /) -> str | None:
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
