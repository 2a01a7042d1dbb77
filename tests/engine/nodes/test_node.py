"""A class, a function or an instance to a node type."""

import abc
import threading
from typing import Any, Optional

import pytest

from pflow_engine import InvalidWorkflow, Node, Param, node
from pflow_engine.nodes.node import node_type


@pytest.fixture
def interface():
    """``interface(function)``: what a marked function takes and gives."""
    return lambda function: node_type("n", function).interface


def test_lifecycle(run):
    """Prep reads the store, exec gets what prep returned, post gets both and the params are at hand."""

    class Steps(Node):
        def prep(self, shared):
            return shared["x"]

        def exec(self, prepared):
            return prepared * self.params["by"]

        def post(self, shared, prepared, executed):
            shared["seen"] = [prepared, executed]

    assert run(Steps, {"by": 3}, x=2).outputs == {"seen": [2, 6]}


def test_empty_node(run):
    """A node that overrides nothing writes nothing."""
    assert run(Node).outputs == {}


def test_context(run, clock):
    """A node may ask the run for its clock and whether it is to stop."""

    class Ask(Node):
        def post(self, shared, _prepared, _executed):
            shared["cancelled"] = self.context.cancel.cancelled
            shared["now"] = self.context.clock.now() >= 0

    assert run(Ask).outputs == {"cancelled": False, "now": True}
    assert run(Ask()).outputs == {"cancelled": False, "now": True}


@pytest.mark.parametrize("returned", [None, 5, {"a": 1}, ["x"]])
def test_action_is_text(run, returned):
    """What post returns is an action only if it is text."""

    class Return(Node):
        def post(self, _shared, _prepared, _executed):
            return returned

    assert run(Return).trace.nodes[0].action == "default"


class _Counts(Node):
    def __init__(self):
        self.runs = []

    def post(self, shared, _prepared, _executed):
        self.runs.append(1)
        shared["runs"] = len(self.runs)


@pytest.mark.parametrize("source", [_Counts, _Counts()], ids=["class", "instance"])
def test_fresh_each_run(registry, flow_of, source):
    """Each run is a fresh instance, of a class as of an instance."""
    registry.register("counts", source)
    flow = flow_of([{"id": "a", "type": "counts"}, {"id": "b", "type": "counts"}])
    for _ in range(2):
        store = flow.run().store
        assert ({"runs": 1}, {"runs": 1}) == (store["a"], store["b"])


@pytest.mark.parametrize("source", [_Counts, _Counts()], ids=["class", "instance"])
@pytest.mark.parametrize("parallel", [False, True])
def test_fresh_each_item(batch_of, source, parallel):
    """So is each item of a batch."""
    results = batch_of(source, parallel=parallel).run({"xs": list(range(50))}).store["b"]["results"]
    assert {1} == {result["runs"] for result in results}


def test_instance_keeps_settings(run):
    """An instance's copies have what it was made with."""

    class Greet(Node):
        def __init__(self, word):
            self.word = word

        def post(self, shared, _prepared, _executed):
            shared["said"] = self.word

    assert run(Greet("hi")).outputs == {"said": "hi"}


def test_instance_is_ours(registry, flow_of):
    """What is done to an instance after it was registered does not reach a run."""
    source = _Counts()
    registry.register("counts", source)
    flow = flow_of([{"id": "n", "type": "counts"}])
    source.runs.append(1)
    assert (1, [1]) == (flow.run().store["n"]["runs"], source.runs)


def test_not_copyable(registry):
    """An instance that cannot be copied is refused when it is registered, with the fix named."""

    class Locked(Node):
        def __init__(self):
            self.lock = threading.Lock()

    with pytest.raises(InvalidWorkflow) as caught:
        registry.register("locked", Locked())
    (problem,) = caught.value.problems
    assert problem.code == "node-copy"
    assert problem.hint == "register its class instead: registry.register('locked', Locked)"


def test_class_with_lock(run):
    """As a class it runs: each run has a lock of its own."""

    class Locked(Node):
        def __init__(self):
            self.lock = threading.Lock()

        def post(self, shared, _prepared, _executed):
            with self.lock:
                shared["locked"] = True

    assert run(Locked).outputs == {"locked": True}


class _Needs(Node):
    def __init__(self, word):
        self.word = word


class _Abstract(Node, abc.ABC):
    @abc.abstractmethod
    def exec(self, prepared): ...


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (_Needs, "cannot be made without arguments"),
        (_Abstract, "is abstract"),
        (dict, "which is no node"),
        (5, "which is no node"),
    ],
)
def test_no_node(registry, source, said):
    """What is no node is refused when it is registered."""
    with pytest.raises(InvalidWorkflow, match=said) as caught:
        registry.register("x", source)
    assert ("node-type", True) == (caught.value.code, bool(caught.value.problems[0].hint))


def test_abstract_names_missing(registry):
    """An abstract class is told what it lacks."""
    with pytest.raises(InvalidWorkflow) as caught:
        registry.register("x", _Abstract)
    assert caught.value.problems[0].hint == "it does not define exec"


def test_function(run):
    """A marked function takes its parameters by name; its dict is the output."""

    @node("join")
    def join(left: str, right: str = "!") -> dict:
        return {"joined": left + right}

    assert run(join, {"left": "hi"}).outputs == {"joined": "hi!"}


def test_marked_function_is_itself():
    """A marked function can be called as before."""

    @node("half")
    def half(x: int) -> dict:
        return {"half": x // 2}

    assert half(4) == {"half": 2}


def test_nothing_returned(run):
    """A function that returns nothing writes nothing."""

    @node("nothing")
    def nothing() -> None:
        pass

    assert run(nothing).outputs == {}


def test_no_dict_returned(run):
    """A function that returns anything but a dict is an error that says what to return."""

    @node("five")
    def five():
        return 5

    error = run(five).error
    assert ("node-output", "'source' returned int, not a dict of outputs") == (error.code, error.summary)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "'source' needs the parameter 'left'"),
        ({"left": 1, "rihgt": 2}, "'source' takes no parameter 'rihgt'"),
        ({"rihgt": 2}, "'source' needs the parameter 'left'; 'source' takes no parameter 'rihgt'"),
    ],
)
def test_wrong_params(run, params, said):
    """A function that is given other parameters than it takes names each."""

    @node("join")
    def join(left, right=0) -> dict:
        return {}

    error = run(join, params).error
    assert said == error.summary
    assert all(problem.hint for problem in error.problems)


def test_any_params(run):
    """A function with ``**`` takes what there is."""

    @node("take")
    def take(first, **rest) -> dict:
        return {"first": first, "rest": rest}

    assert run(take, {"first": 1, "b": 2}).outputs == {"first": 1, "rest": {"b": 2}}


def test_interface_of_function(interface):
    """A function's parameters and outputs are known by name and type."""

    @node("f", outputs={"n": int, "s": "string", "o": Optional[int]}, effects="network")  # noqa: UP045  # the old spelling
    def f(a: int, b: list[int], c: str | None = None, *rest, d: Any = 5, e=6) -> dict:
        return {}

    found = interface(f)
    assert found.params == {
        "a": Param("integer", required=True),
        "b": Param("array", required=True),
        "c": Param("any"),
        "d": Param("any", default=5),
        "e": Param("any", default=6),
    }
    assert found.outputs == {"n": "integer", "s": "string", "o": "any"}
    assert ("network", False, False) == (found.effects, found.open_params, found.open_outputs)


def test_open_interface(interface):
    """Without declared outputs any are possible; with ``**`` any parameters."""

    @node("f")
    def f(**rest):
        pass

    assert (True, True) == (interface(f).open_params, interface(f).open_outputs)


def test_unknown_annotation(interface):
    """Annotations that only a type checker can read leave the parameters open."""

    def f(a):
        pass

    f.__annotations__ = {"a": "OnlyForTypeCheckers"}
    assert interface(node("f")(f)).params == {"a": Param("any", required=True)}


def test_default_interface(interface):
    """A node that declares nothing takes and gives anything."""

    class Foreign:
        interface = "not ours"

        def run(self, shared):
            pass

    assert (Node.interface, Node.interface) == (interface(Foreign), interface(Foreign()))
