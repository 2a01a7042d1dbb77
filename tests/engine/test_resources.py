from __future__ import annotations

import pytest

from pflow_engine.clock import CancelToken
from pflow_engine.errors import Unhealable
from pflow_engine.nodes import Node
from pflow_engine.resources import Resources


class _Thing:
    def __init__(self, name, log):
        self.name, self.log = name, log
        log.append(f"make {name}")

    def close(self):
        self.log.append(f"close {self.name}")


def test_one_of_each():
    """Of each key there is one, and the last that was made is closed first."""
    log, resources = [], Resources(CancelToken())
    for name in ("a", "b", "a"):
        resources.get(name, lambda _, name=name: _Thing(name, log))
    resources.close()
    assert ["make a", "make b", "close b", "close a"] == log


def test_given_token():
    """What is made is given the token of the run."""
    token, given = CancelToken(), []
    resources = Resources(token)
    resources.get("a", lambda cancel: given.append(cancel) or _Thing("a", []))
    assert [token] == given


def test_closed():
    """Once they are closed there is nothing to be had."""
    resources = Resources(CancelToken())
    resources.close()
    with pytest.raises(Unhealable, match="the run has ended"):
        resources.get("a", lambda _: _Thing("a", []))


def test_closed_with_run(registry, flow_of):
    """A run closes what its nodes hold in common, after the last of them."""
    log = []

    class Holder(Node):
        def post(self, _shared, _prepared, _executed):
            self.context.resources.get("thing", lambda _: _Thing("it", log))
            log.append("node")

    registry.register("holder", Holder)
    flow_of([{"id": "a", "type": "holder"}, {"id": "b", "type": "holder"}]).run()
    assert ["make it", "node", "node", "close it"] == log
