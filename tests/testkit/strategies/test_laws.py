"""What is made up is valid, covers what the language has, and runs."""

from collections import Counter

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from pflow_engine import Registry, compile_ir_to_flow, node, validate_ir
from pflow_engine.document.load import from_data
from pflow_engine.inputs import bind_inputs
from pflow_engine.value_types import is_of_type
from pflow_testkit.cases.places import injection_faults
from pflow_testkit.clock import SkippingClock
from pflow_testkit.faults import Faults
from pflow_testkit.strategies import batch_configs, faults_for, inputs_for, like, texts, values, workflows
from pflow_testkit.stubs import CallLog, StandIns

QUICK = settings(max_examples=60, deadline=None)
WORDS = ["string", "integer", "number", "boolean", "array", "object", "any"]


@QUICK
@given(ir=workflows(), data=st.data())
def test_workflows_run(ir, data):
    """A workflow is valid, takes the inputs made for it, and with the faults made for it ends as a run does."""
    registry, faults = Registry.default(), Faults()
    registry.plug(StandIns({}, False, CallLog(), from_data(ir), faults))
    workflow = compile_ir_to_flow(ir, registry).workflow
    written = data.draw(faults_for(workflow, registry=registry))
    assert not [*injection_faults(written)]
    made = Faults.of(written)
    assert not [*made.misfits(workflow, registry)]
    inputs = data.draw(inputs_for(workflow))
    bind_inputs(workflow, inputs)
    registry.plug(StandIns({}, False, CallLog(), from_data(ir), made))
    result = compile_ir_to_flow(ir, registry).run(inputs, clock=SkippingClock())
    assert result.status in ("success", "degraded", "failed")


@QUICK
@given(ir=workflows(types=["shell", "code", "read-file"], max_nodes=2))
def test_types_with_required_params(ir):
    """Nodes of given types have the params that those require; nothing in them is anything but valid."""
    validate_ir(ir)
    assert {"shell": "command", "code": "code", "read-file": "file_path"}[ir["nodes"][0]["type"]] in ir["nodes"][0][
        "params"
    ]
    assert len(ir["nodes"]) <= 2


@pytest.fixture(scope="module")
def made_up():
    """Many workflows."""
    found = []

    @settings(max_examples=2000, deadline=None, database=None, derandomize=True)
    @given(ir=workflows())
    def collect(ir):
        found.append(ir)

    collect()
    return found


@pytest.mark.parametrize(
    "has",
    [
        lambda ir: Counter("batch" in each for each in ir["nodes"])[True] > 2,
        lambda ir: any(each.get("batch", {}).get("items") == "${n0.results}" for each in ir["nodes"]),
        lambda ir: any(each.get("batch", {}).get("items") == "${x0}" for each in ir["nodes"]),
        lambda ir: any("<${row}>" in each.get("params", {}).values() for each in ir["nodes"]),
        lambda ir: any("${__index__}" in each.get("params", {}).values() for each in ir["nodes"]),
        lambda ir: "$${a}" in str(ir["nodes"]),
        lambda ir: sum(edge.get("action") == "error" for edge in ir.get("edges", ())) > 1,
        lambda ir: any(each["source"].startswith("${n1.") for each in ir.get("outputs", {}).values()),
        lambda ir: any("default" in each for each in ir.get("inputs", {}).values()),
    ],
)
def test_workflows_cover(made_up, has):
    """All that the language has comes up."""
    assert any(map(has, made_up))


@QUICK
@given(ir=workflows(batches=False, max_nodes=1))
def test_workflow_knobs(ir):
    """Without batches, and with one node at most, there are none and one."""
    assert [False] == ["batch" in each for each in ir["nodes"]]


@pytest.mark.parametrize(("types", "said"), [(["echo", "nope"], "nope"), ([], "given")])
def test_unknown_types(types, said):
    """A type that is not registered is named, and so is that there are none."""
    with pytest.raises(ValueError, match=f"there are no node types {said}"):
        workflows(types=types)


@QUICK
@given(config=batch_configs())
def test_batch_configs_are_valid(config):
    """A batch block is taken by the validator."""
    validate_ir({"nodes": [{"id": "b", "type": "echo", "batch": config}]})


def test_misused():
    """What is no workflow, and no nodes, are refused in words."""
    for strategy in (inputs_for, faults_for):
        with pytest.raises(TypeError, match="a Workflow is needed, not dict"):
            strategy({"nodes": []})
    with pytest.raises(ValueError, match="at least one node, not 0"):
        workflows(max_nodes=0)


def test_templates_among_items():
    """Text that looks like a template is taken for the text it is."""
    wanted = settings(max_examples=10_000, deadline=None, database=None, derandomize=True)
    config = find(batch_configs(), lambda config: "${" in str(config["items"]), settings=wanted)
    validate_ir({"nodes": [{"id": "b", "type": "echo", "batch": config}]})


@pytest.mark.parametrize("word", WORDS)
def test_values_are_of_type(word):
    """Values are of the type that their word says."""

    @QUICK
    @given(value=values(word))
    def check(value):
        assert is_of_type(value, word)

    check()


def test_no_such_type():
    """A word that is no type is named, with those that are."""
    with pytest.raises(ValueError, match=r"no type 'text'; there are string, integer"):
        values("text")


@QUICK
@given(text=texts())
def test_texts_stay_in_place(text):
    """No text leads out of a folder, or is one that no process takes."""
    assert not {"/", "~", "\0", "`"} & {*text}


@QUICK
@given(value=values(text=st.just("only")))
def test_own_texts(value):
    """The texts and keys may be those of another strategy."""
    assert {"only"} >= set(_texts_of(value))


def _texts_of(value):
    if isinstance(value, str):
        yield value
    for inner in value if isinstance(value, list) else value.items() if isinstance(value, dict) else ():
        yield from (found for each in (inner if isinstance(inner, tuple) else [inner]) for found in _texts_of(each))


@QUICK
@given(value=like({"sales": [{"region": "north", "amount": 10}], "none": None, "empty": []}))
def test_like_keeps_the_shape(value):
    """Values have the same keys, lists of the same items and the same types."""
    assert {"sales", "none", "empty"} == value.keys()
    assert (None, []) == (value["none"], value["empty"])
    assert all(isinstance(each["region"], str) and isinstance(each["amount"], int) for each in value["sales"])


def _workflow(inputs, *nodes):
    return compile_ir_to_flow({"inputs": inputs, "nodes": [*nodes]}).workflow


def test_inputs_required_and_left_out():
    """What is required is always there, what is not is sometimes left out; a default and an example give their shape."""
    declared = {"a": {"type": "string"}, "b": {"type": "object", "default": {"x": 1}}, "c": {"required": False}}
    node = {"id": "n", "type": "echo", "params": {"all": ["${a}", "${b}", "${c}"]}}
    made = inputs_for(_workflow(declared, node), examples=[{"c": [{"y": "z"}]}])
    seen = []

    @settings(max_examples=200, deadline=None, database=None)
    @given(inputs=made)
    def collect(inputs):
        seen.append(inputs)

    collect()
    assert {"a", "b", "c"} >= set().union(*seen)
    assert all("a" in each for each in seen)
    assert {("a",), ("a", "b"), ("a", "b", "c"), ("a", "c")} == {tuple(sorted(each)) for each in seen}
    assert any("x" in each.get("b", {}) for each in seen)
    assert any(
        isinstance(each.get("c"), list) and each["c"] and "y" in each["c"][0]
        for each in seen
        if isinstance(each.get("c"), list) and each["c"] and isinstance(each["c"][0], dict)
    )


def test_inputs_nobody_declared():
    """Of a workflow without declarations, the names that its templates leave open, and those of the examples."""
    first = {"id": "n", "type": "echo", "params": {"a": "${word}"}, "batch": {"items": "${xs}"}}
    second = {"id": "m", "type": "echo", "params": {"b": "${n.results}"}}
    made = find(inputs_for(_workflow({}, first, second), examples=[{"more": 1}]), lambda _: True)
    assert {"word", "xs", "more"} == made.keys()


def test_faults_fit_the_workflow():
    """Faults are for the nodes there are; only a batch has items; attempts are as many as it makes."""

    @node("told", outputs={"text": str, "error": str})
    def told(text: str) -> dict:
        return {"text": text}

    registry = Registry()
    registry.register("told", told)
    batch = {"items": [1], "max_retries": 3}
    nodes = [{"id": "b", "type": "told", "params": {"text": "x"}, "batch": batch}]
    nodes.append({"id": "n", "type": "told", "params": {"text": "x"}})
    workflow = compile_ir_to_flow({"nodes": nodes}, registry).workflow
    made, seen = faults_for(workflow, registry=registry, max_faults=3), []

    @settings(max_examples=300, deadline=None, database=None)
    @given(faults=made)
    def collect(faults):
        assert len(faults) <= 3
        seen.extend(faults)

    collect()
    assert {"b", "n"} == {each["node"] for each in seen}
    assert {"b"} == {each["node"] for each in seen if "item" in each}
    assert {1, 2, 3} == {each["attempt"] for each in seen if "attempt" in each and each["node"] == "b"}
    assert {1} == {each["attempt"] for each in seen if "attempt" in each and each["node"] == "n"}
    assert {"raises", "error", "delay", "hang", "corrupt"} == {word for each in seen for word in each} - {
        "node",
        "item",
        "attempt",
    }
    assert {"text"} == {name for each in seen if isinstance(each.get("corrupt"), dict) for name in each["corrupt"]}
