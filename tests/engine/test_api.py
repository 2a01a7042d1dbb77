"""A file or an IR, all the way to a result."""

import json

import pytest

from pflow_engine import InvalidWorkflow, run

IR = {
    "nodes": [{"id": "n", "type": "double", "params": {"value": "${x}"}}],
    "inputs": {"x": {"type": "integer"}},
}


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_file(tmp_path, registry, kind):
    """A path is loaded, validated, compiled and run."""
    path = tmp_path / "double.pflow.json"
    path.write_text(json.dumps(IR))
    assert run(kind(path), {"x": 21}, registry=registry).outputs == {"value": 42}


def test_ir(registry):
    """So is an IR."""
    assert run(IR, {"x": 21}, registry=registry).outputs == {"value": 42}


def test_options(registry, clock):
    """Options are those of Flow.run."""
    result = run(IR, {"x": 1}, registry=registry, clock=clock)
    assert result.trace.started_at == "2026-01-02T03:04:05+00:00"


def test_no_file(tmp_path):
    """A file that is not there is an error of the workflow."""
    with pytest.raises(InvalidWorkflow, match="no such file"):
        run(tmp_path / "nope.json")


def test_default_registry():
    """Without a registry the built-in types are there."""
    assert run({"nodes": [{"id": "n", "type": "echo", "params": {"x": 1}}]}).outputs == {"x": 1}
