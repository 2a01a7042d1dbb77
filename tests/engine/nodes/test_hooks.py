"""Types and layers that come in from outside."""

import types

import pluggy
import pytest

from pflow_engine import InvalidWorkflow, hookimpl, node


class _Marks:
    """Wraps each leaf in a layer that notes its name on the way in."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def pflow_wrap_node(self, spec, layer):
        outer = self

        class Marking:
            def run(self, call, store, params):
                outer.notes.append(f"{outer.name} {spec.id}")
                return layer.run(call, store, params)

        return Marking()


class _First(_Marks):
    @hookimpl(tryfirst=True)
    def pflow_wrap_node(self, spec, layer):
        return super().pflow_wrap_node(spec, layer)


@pytest.fixture
def run(flow_of):
    """Run two nodes, a and b."""
    return lambda: flow_of([{"id": "a", "type": "emit"}, {"id": "b", "type": "emit"}]).run()


def test_wraps_each_node(registry, run):
    """A layer is asked for once a node, when the workflow is compiled."""
    notes = []
    registry.plug(_Marks("m", notes))
    run()
    assert ["m a", "m b"] == notes


def test_later_is_outside(registry, run):
    """A later plugin wraps what an earlier one gave."""
    notes = []
    registry.plug(_Marks("inner", notes))
    registry.plug(_Marks("outer", notes))
    run()
    assert ["outer a", "inner a", "outer b", "inner b"] == notes


def test_tryfirst_is_outermost(registry, run):
    """One that wants to be first is called first, so stands outermost."""
    notes = []
    registry.plug(_First("first", notes))
    registry.plug(_Marks("later", notes))
    run()
    assert ["first a", "later a", "first b", "later b"] == notes


def test_none_leaves(registry, run):
    """None leaves the node as it is."""

    class Nothing:
        def pflow_wrap_node(self, spec, layer):
            return None

    registry.plug(Nothing())
    assert run().status == "success"


def test_replaces_node(registry, run):
    """A layer may stand in for the node: it never runs."""

    class Instead:
        def pflow_wrap_node(self, spec, layer):
            class Stub:
                def run(self, call, store, params):
                    store["stub"] = spec.id

            return Stub()

    registry.plug(Instead())
    assert {"stub": "b"} == run().outputs


def test_fewer_arguments(registry, run):
    """An implementation takes the arguments it wants."""

    class OnlyLayer:
        def pflow_wrap_node(self, layer):
            return layer

    registry.plug(OnlyLayer())
    assert run().status == "success"


def test_module_unmarked(registry, flow_of):
    """A module's functions need no mark, as in a conftest.py."""

    @node("from-module")
    def from_module() -> dict:
        return {"from": "module"}

    module = types.ModuleType("some_conftest")
    module.pflow_register_nodes = lambda registry: registry.register("from-module", from_module)
    module.pflow_register_nodes_too = None
    module.pflow_wrap_node = "not a function"
    registry.plug(module)
    assert flow_of([{"id": "n", "type": "from-module"}]).run().outputs == {"from": "module"}


def test_unknown_argument(registry):
    """An implementation that asks for what there is not is refused when it is plugged."""

    class Asks:
        def pflow_wrap_node(self, spec, layer, weather):
            return layer

    with pytest.raises(pluggy.PluginValidationError, match="weather"):
        registry.plug(Asks())


def test_raising_wrap(registry, run):
    """A hook that raises is told with its file and line, and the node that it was asked for."""

    class Raises:
        def pflow_wrap_node(self, spec, layer):
            return {}[spec.id]

    registry.plug(Raises())
    with pytest.raises(InvalidWorkflow, match="pflow_wrap_node raised KeyError for node 'a': 'a'") as error:
        run()
    assert __file__ == error.value.problems[0].file
