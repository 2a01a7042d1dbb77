"""The run of one node, whatever it was made from."""

import pytest


@pytest.fixture
def run(registry, flow_of):
    """``run(source, params, **inputs)``: the run of one node of that source."""

    def run_one(source, params=None, **inputs):
        registry.register("source", source)
        return flow_of([{"id": "n", "type": "source", "params": params or {}}]).run(inputs)

    return run_one
