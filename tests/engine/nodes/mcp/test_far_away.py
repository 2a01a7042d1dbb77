"""Tools called from processes of a Dask cluster."""

from __future__ import annotations

import os
import time

import pytest

from pflow_engine import DaskExecutor

PATIENCE = 60


def test_worker_connects_itself(box, local_cluster):
    """Each worker has a server of its own for all of a run's items there, and ends it with the run."""
    batch = {"items": list(range(12)), "parallel": True, "max_concurrent": 2}
    flow = box.flow({"id": "b", "type": "mcp-tool-box-pid", "params": {}, "batch": batch})
    with local_cluster(1) as cluster:
        result = flow.run(executor=DaskExecutor(cluster.address))
        assert "success" == result.status
        pids = {each["result"]["result"] for each in result.store["b"]["results"]}
        assert 1 == len(pids)
        _wait_until_gone(pids.pop())


def _wait_until_gone(pid):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("the server outlives the run")
