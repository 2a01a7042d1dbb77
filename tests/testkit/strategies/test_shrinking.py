"""What the strategies shrink to: bugs are planted, and the simplest example of each is what a person would write."""

from collections.abc import Callable
from typing import Any

from hypothesis import Phase, find, settings

from pflow_engine import Registry, compile_ir_to_flow, node, validate_ir
from pflow_engine.wrappers import batch as engine
from pflow_testkit.faults import Faults
from pflow_testkit.strategies import batch_configs, faults_for, inputs_for, workflows
from pflow_testkit.stubs import CallLog, StandIns

SIMPLEST = settings(
    max_examples=500, database=None, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink]
)


def simplest(strategy, is_broken: Callable[[Any], bool]) -> Any:
    """The simplest example that a planted bug shows itself with."""
    return find(strategy, is_broken, settings=SIMPLEST)


def test_validator_of_one_batch():
    """A validator that breaks at two batches: one item, and a second batch over what came of it."""

    def is_refused(ir):
        validate_ir(ir)
        return sum("batch" in each for each in ir["nodes"]) > 1

    first = {"id": "n0", "type": "echo", "batch": {"items": [None]}}
    second = {"id": "n1", "type": "echo", "batch": {"items": "${n0.results}"}}
    assert {"nodes": [first, second]} == simplest(workflows(), is_refused)


def test_falsy_items_dropped(monkeypatch):
    """An engine that takes items by their truth: one item, which is nothing."""
    real = engine.resolve_items
    monkeypatch.setattr(engine, "resolve_items", lambda plan, store: [item for item in real(plan, store) if item])

    def loses(config):
        ir = {"nodes": [{"id": "b", "type": "echo", "batch": config}]}
        return len(config["items"]) != compile_ir_to_flow(ir).run().store["b"]["count"]

    assert {"items": [None]} == simplest(batch_configs(), loses)


def test_text_around_template():
    """A resolver that breaks at text around a template: one input, one param, one letter on each side."""

    def is_broken(ir):
        return any("<${" in str(each.get("params")) for each in ir["nodes"])

    expected = {"inputs": {"x0": {}}, "nodes": [{"id": "n0", "type": "echo", "params": {"a": "<${x0}>"}}]}
    assert expected == simplest(workflows(max_nodes=1, batches=False), is_broken)


def test_error_edge_refused():
    """A validator that knows no error edges: the fewest nodes that one can skip one of."""
    chain = [{"from": "n0", "to": "n1"}, {"from": "n1", "to": "n2"}, {"from": "n0", "to": "n2", "action": "error"}]
    found = simplest(workflows(), lambda ir: any("action" in edge for edge in ir.get("edges", ())))
    assert {"nodes": [{"id": f"n{at}", "type": "echo"} for at in range(3)], "edges": chain} == found


def test_empty_input_crashes():
    """A node that takes the first letter of what has none: the input it needs, empty, and none that it does not."""

    @node("initial")
    def initial(name: str, greeting: str = "") -> dict:
        return {"letter": greeting + name[0]}

    registry = Registry()
    registry.register("initial", initial)
    declared = {"name": {"type": "string"}, "greeting": {"type": "string", "default": "Hello"}}
    params = {"name": "${name}", "greeting": "${greeting}"}
    flow = compile_ir_to_flow(
        {"inputs": declared, "nodes": [{"id": "n", "type": "initial", "params": params}]}, registry
    )
    found = simplest(inputs_for(flow.workflow), lambda inputs: flow.run(inputs).status == "failed")
    assert {"name": ""} == found


def test_reported_error_lost():
    """A layer that loses what nodes report: a fault that reports, for all items and attempts."""

    class Deaf:
        def pflow_wrap_node(self, layer):
            class Loses:
                def run(self, call, store, params):
                    layer.run(call, store, params)
                    store.pop("error", None)

            return Loses()

    ir = {"nodes": [{"id": "b", "type": "echo", "batch": {"items": [1, 2], "max_retries": 2}}]}
    workflow = compile_ir_to_flow(ir).workflow

    def is_lost(written):
        registry, faults = Registry.default(), Faults.of(written)
        registry.plug(StandIns({}, False, CallLog(), workflow.document, faults))
        registry.plug(Deaf())
        result = compile_ir_to_flow(ir, registry).run()
        return result.status == "success" and any(each.kind == "error" for each in faults.met)

    assert [{"node": "b", "error": "it failed"}] == simplest(faults_for(workflow), is_lost)


def test_batch_of_two_fields():
    """A bug that needs two fields of a batch is shown with these two."""
    found = simplest(batch_configs(), lambda batch: batch.get("parallel") and batch.get("max_retries", 1) > 1)
    assert {"items": [None], "parallel": True, "max_retries": 2} == found
