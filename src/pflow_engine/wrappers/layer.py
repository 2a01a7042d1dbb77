"""What travels down the chain, and what a layer is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pflow_engine.batch import ExecutorFactory
from pflow_engine.clock import CancelToken, Clock
from pflow_engine.document.model import BatchConfig
from pflow_engine.nodes.node import Interface
from pflow_engine.resources import Resources
from pflow_engine.store import Store
from pflow_engine.trace.recorder import Recorder


class Level(NamedTuple):
    """A node that runs a workflow, and for which item and attempt of it."""

    node_id: str
    index: int | None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int


class Call(NamedTuple):
    """One run of a node, or one attempt of one item of its batch (then ``index`` is not None).

    Immutable, and the ``context`` of the node at its end. A named tuple, since one is made for each item.
    ``resources`` are those of the whole run. ``above`` are the nodes whose workflows it is in, the outermost first;
    ``timed``: ``cancel`` is asked when its time is up, too, and whoever waited for it has gone on.
    """

    node_id: str
    clock: Clock
    cancel: CancelToken
    recorder: Recorder
    executor: ExecutorFactory
    resources: Resources
    index: int | None = None  # type: ignore[assignment]  # nobody asks this tuple for tuple.index
    attempt: int = 1
    alias: str = ""
    above: tuple[Level, ...] = ()
    timed: bool = False

    def keep_secret(self, values: Iterable[str], /) -> None:
        """Texts that must not be seen in the trace."""
        self.recorder.keep_secret(values)


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
    """What is known of a node when its chain is built. ``above`` are the nodes whose workflows it is in."""

    id: str
    type: str
    interface: Interface
    params: dict[str, Any]
    batch: BatchConfig | None = None
    namespacing: bool = True
    permissive: bool = False
    above: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """What the node is called from outside: ``sub/fetch`` is ``fetch`` in the workflow that ``sub`` runs."""
        return "/".join((*self.above, self.id))
