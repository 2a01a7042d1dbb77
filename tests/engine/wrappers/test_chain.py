"""The order of the layers, by where results land."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields

import pytest

from pflow_engine import Node
from pflow_engine.wrappers import Call
from pflow_engine.wrappers.batch import PflowBatchNode
from pflow_engine.wrappers.flat import FlatNodeWrapper
from pflow_engine.wrappers.instrumented import InstrumentedNodeWrapper
from pflow_engine.wrappers.leaf import Leaf
from pflow_engine.wrappers.namespaced import NamespacedNodeWrapper
from pflow_engine.wrappers.template_aware import TemplateAwareNodeWrapper


def _layers_of(flow, node_id="b"):
    layer, found = flow.layers[node_id], []
    while layer is not None:
        found.append(layer)
        layer = getattr(layer, "inner", None)
    return found


@pytest.fixture
def flow(batch_of):
    """A flow of one parallel batch."""
    return batch_of("double", {"value": "${item}"}, parallel=True)


def test_five_layers(flow):
    """Outside in: Instrumented, Batch, Namespaced, TemplateAware, Leaf."""
    assert [type(layer) for layer in _layers_of(flow)] == [
        InstrumentedNodeWrapper,
        PflowBatchNode,
        NamespacedNodeWrapper,
        TemplateAwareNodeWrapper,
        Leaf,
    ]


def test_no_batch_no_layer(flow_of):
    """A node without a batch block has no batch layer."""
    layers = _layers_of(flow_of([{"id": "b", "type": "emit"}]))
    assert PflowBatchNode not in map(type, layers)


def test_flat_layer(flow_of):
    """Without namespacing the flat layer stands where Namespaced would."""
    layers = _layers_of(flow_of([{"id": "b", "type": "emit"}], enable_namespacing=False))
    assert [InstrumentedNodeWrapper, FlatNodeWrapper, TemplateAwareNodeWrapper, Leaf] == [type(x) for x in layers]


@pytest.mark.parametrize("number", range(5))
def test_frozen(flow, number):
    """Nothing can be set on a layer."""
    layer = _layers_of(flow)[number]
    with pytest.raises(FrozenInstanceError):
        setattr(layer, fields(layer)[-1].name, None)


def test_slotted(flow):
    """Nothing can be left on a layer by the back door either."""
    assert [False] * 5 == [hasattr(layer, "__dict__") for layer in _layers_of(flow)]


def test_flow_frozen(flow):
    """Nothing can be set on a flow."""
    with pytest.raises(FrozenInstanceError):
        flow.layers = {}


def test_call_immutable():
    """A layer cannot change the call it got."""
    call = Call("n", None, None, None, None, None)
    with pytest.raises(AttributeError):
        call.attempt = 2


def test_batch_outside_namespaced(batch_of):
    """The alias lands at the root of the item's store, what the node writes in its namespace."""

    class Report(Node):
        def post(self, shared, _prepared, _executed):
            root = shared._root
            landed.append(("item" in root, "item" in shared._own, dict(root["b"])))
            shared["word"] = self.params["word"]
            landed.append(dict(root["b"]))

    landed = []
    batch_of(Report, {"word": "${item}"}).run({"xs": ["tea"]})
    assert [(True, False, {}), {"word": "tea"}] == landed


def test_templates_inside_namespaced(flow_of):
    """Params are resolved against the node's view: its own names first."""
    flow = flow_of(
        [
            {"id": "a", "type": "act", "params": {"outputs": {"x": "own"}}},
            {"id": "b", "type": "emit", "params": {"x": "${x}"}},
        ]
    )
    assert flow.run({"x": "root"}).store == {"x": "root", "__llm_calls__": [], "a": {"x": "own"}, "b": {"x": "root"}}


def test_instrumented_outside_batch(flow):
    """A batch is one record in the trace and one pair of events, its items inside."""
    told = []
    result = flow.run({"xs": [1]}, on_event=told.append)
    assert ["run_start", "node_start", "item_start", "item_end", "node_end", "run_end"] == [e.kind for e in told]
    assert ["b"] == [record.id for record in result.trace.nodes]


def test_wrapped_inside_templates(registry, batch_of):
    """A plugin's layer stands between TemplateAware and the leaf: it sees values, once an attempt."""

    class Spy:
        def pflow_wrap_node(self, spec, layer):
            class Watching:
                def run(self, call, store, params):
                    seen.append((spec.id, params, call.index, call.attempt, call.alias))
                    return layer.run(call, store, params)

            return Watching()

    seen = []
    registry.plug(Spy())
    batch_of("crash", {"message": "${item}"}, max_retries=2).run({"xs": ["no"]})
    assert [("b", {"message": "no"}, 0, 1, "item"), ("b", {"message": "no"}, 0, 2, "item")] == seen


def test_sixteen_threads(flow):
    """One compiled flow runs in sixteen threads at once, each run with its own results."""
    start = threading.Barrier(16)

    def run(number):
        start.wait(30)
        xs = list(range(number, number + 50))
        return xs, flow.run({"xs": xs})

    with ThreadPoolExecutor(16) as pool:
        for xs, result in pool.map(run, range(16)):
            assert [2 * x for x in xs] == [item["value"] for item in result.store["b"]["results"]]
