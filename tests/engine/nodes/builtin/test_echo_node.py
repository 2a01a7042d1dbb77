from __future__ import annotations

from pflow_engine.nodes.builtin.echo_node import Echo


def test_params_come_back(run):
    """Whatever is given comes back, and the action is the default one."""
    given = {"text": "a", "none": None, "error": "an output like any other", "items": [1, {"b": 2}]}
    assert (None, given) == run(Echo, **given)
