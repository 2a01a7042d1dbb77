"""A node class and params to the action and the outputs of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pflow_engine.clock import CancelToken, Clock, RealClock
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
