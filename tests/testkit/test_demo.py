"""What our own tools say of our own demo. How many mutants its cases notice is asked in .ci/run, since it takes long."""

import json
import shutil
from pathlib import Path

DEMO = Path(__file__).parents[1] / "workflows"


def test_nodes_and_edges_reached(project):
    """The demo's cases reach every node and every edge of its workflows."""
    shutil.copytree(DEMO, project.flows, dirs_exist_ok=True)
    assert 0 == project.run("--pflow-cov=json").ret
    totals = json.loads((project.pytester.path / "pflow-coverage.json").read_text())["totals"]
    assert [100.0, 100.0] == [totals[kind]["percent"] for kind in ("node", "edge")]
    assert totals["node"]["total"] > 60
