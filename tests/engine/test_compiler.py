"""Workflow to Flow."""

import json

import pytest

from pflow_engine import Flow, InvalidWorkflow, Registry, compile_ir_to_flow, validate
from pflow_engine.document.load import from_data

IR = {"nodes": [{"id": "n", "type": "double", "params": {"value": 21}}]}


@pytest.mark.parametrize(
    "form",
    [
        lambda _: IR,
        lambda _: json.dumps(IR),
        lambda _: from_data(IR),
        lambda registry: validate(from_data(IR), registry),
    ],
    ids=["dict", "text", "Document", "Workflow"],
)
def test_forms(registry, form):
    """A dict, JSON text, a Document and a Workflow are the same flow."""
    flow = compile_ir_to_flow(form(registry), registry)
    assert isinstance(flow, Flow)
    assert flow.run().outputs == {"value": 42}


def test_invalid(registry):
    """Every problem is raised at once."""
    nodes = [{"id": "n", "type": "duble"}, {"id": "n", "type": "nope"}]
    with pytest.raises(InvalidWorkflow) as caught:
        compile_ir_to_flow({"nodes": nodes}, registry)
    assert len(caught.value.problems) >= 3


def test_other_registry(registry):
    """A Workflow compiled with a registry that lacks its types is an error that says so."""
    with pytest.raises(InvalidWorkflow, match="no node type 'double' in this registry"):
        compile_ir_to_flow(validate(from_data(IR), registry), Registry())


def test_default_registry():
    """Without a registry it is the default one."""
    assert compile_ir_to_flow({"nodes": [{"id": "n", "type": "echo", "params": {"x": 1}}]}).run().outputs == {"x": 1}


def test_ir_may_change(registry):
    """What is done to a dict after it was compiled does not reach the flow."""
    ir = json.loads(json.dumps({"nodes": [{"id": "n", "type": "emit", "params": {"box": {"k": [1]}}}]}))
    flow = compile_ir_to_flow(ir, registry)
    ir["nodes"][0]["params"]["box"]["k"].append(2)
    assert flow.run().outputs == {"box": {"k": [1]}}


def test_edges_by_action(flow_of):
    """Edges are looked up by node and action."""
    nodes = [{"id": "a", "type": "act"}, {"id": "b", "type": "emit"}]
    edges = [{"from": "a", "to": "b"}, {"from": "a", "to": "b", "action": "error"}]
    assert flow_of(nodes, edges=edges).edges == {("a", "default"): "b", ("a", "error"): "b"}
