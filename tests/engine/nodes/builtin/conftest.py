"""A node class and params to the action and the outputs of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pflow_engine import compile_ir_to_flow
from pflow_engine.clock import CancelToken, Clock, RealClock
from pflow_engine.nodes.builtin.llm_node import Llm
from pflow_engine.nodes.node import Node, node_type

Outcome = tuple[str | None, dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """What a node may ask of its run."""

    clock: Clock = field(default_factory=RealClock)
    cancel: CancelToken = field(default_factory=CancelToken)
    secrets: set[str] = field(default_factory=set)

    def keep_secret(self, values: Iterable[str]) -> None:
        """Note what the trace must not show."""
        self.secrets.update(values)


@pytest.fixture
def settings() -> Settings:
    """The context of the run, with a token to cancel it."""
    return Settings()


@pytest.fixture
def run(settings: Settings) -> Callable[..., Outcome]:
    """Run a class once, as the engine does; gives the action and the outputs."""

    def run_once(source: type[Node], **params: Any) -> Outcome:
        store: dict[str, Any] = {}
        action = node_type("tested", source).run(settings, store, params)
        return action, store

    return run_once


@pytest.fixture
def ask(model_server, settings):
    """Run an llm node once; gives its action, its outputs and the calls it told of."""

    def run_once(**params):
        node = Llm()
        node.params, node.context = {"prompt": "hello", "model": "says", **params}, settings
        store = {"__llm_calls__": []}
        action = node.run(store)
        calls = store.pop("__llm_calls__")
        return action, store, calls

    return run_once


@pytest.fixture
def llm_flow():
    """``llm_flow(batch, edges, more, **params)``: compile an llm node ``ask``, and more after it."""

    def build(batch=None, edges=(), more=(), **params):
        node = {"id": "ask", "type": "llm", "params": {"prompt": "hello", **params}} | (
            {"batch": batch} if batch else {}
        )
        return compile_ir_to_flow({"nodes": [node, *more]} | ({"edges": list(edges)} if edges else {}))

    return build


@pytest.fixture
def plug(model_server):
    """Plug a provider into the library, as a package does; gives how to."""
    import llm  # noqa: PLC0415  # only where the extra is

    plugged = []

    def plug_in(*pieces, usage=None, raises=None):
        class Other(llm.Model):
            model_id = "other"

            def execute(self, _prompt, stream, response, conversation):
                yield from pieces
                if raises:
                    raise raises
                if usage:
                    response.set_usage(**usage)

        class Plugin:
            @llm.hookimpl
            def register_models(self, register):
                register(Other())

        plugged.append(Plugin())
        llm.plugins.pm.register(plugged[-1])

    yield plug_in
    for each in plugged:
        llm.plugins.pm.unregister(each)
