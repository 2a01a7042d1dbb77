"""What ended a node, and where in the file it stands."""

import json
import pickle

import pytest

from pflow_engine import compile_ir_to_flow, load, node, run


@pytest.fixture
def file(tmp_path):
    """``file(text)``: a workflow file with that text."""

    def write(text, name="flow.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def place(file, registry):
    """``place(text)``: where a run of a file with that text says that it failed, without the folder."""

    def run_it(text, **inputs):
        problem = run(file(text), inputs, registry=registry).error.problems[0]
        return problem.place.rpartition("/")[2], problem.path

    return run_it


def test_raised_place(place):
    """A node that raised is named with file, line and column."""
    assert place("nodes:\n  - id: n\n    type: crash\n") == ("flow.yaml:2:5: ", "nodes[0]")


def test_template_place(place):
    """A template that leads nowhere is named where it stands."""
    text = "inputs:\n  x: {type: object}\nnodes:\n  - id: n\n    type: emit\n    params:\n      a: [one, 'is ${x.y}']\n"
    assert place(text, x={}) == ("flow.yaml:7:20: ", "nodes[0].params.a[1]")


def test_template_in_batch_place(place):
    """So it is when an item of a batch failed by it."""
    text = (
        "nodes:\n  - id: n\n    type: emit\n    params:\n      a: ${item.y}\n"
        "    batch:\n      items: [{x: 1}]\n      max_retries: 3\n"
    )
    assert place(text) == ("flow.yaml:5:10: ", "nodes[0].params.a")


def test_items_place(place):
    """Batch items that are no list are named where they stand."""
    text = "nodes:\n  - id: n\n    type: emit\n    batch:\n      items: ${xs}\n"
    assert place(text, xs=5) == ("flow.yaml:5:14: ", "nodes[0].batch.items")


def test_json_place(file, registry):
    """In JSON too."""
    text = json.dumps({"nodes": [{"id": "n", "type": "crash"}]}, indent=2)
    problem = run(file(text, "flow.json"), registry=registry).error.problems[0]
    assert (3, 5) == (problem.position.line, problem.position.column)


def test_loop_place(place, registry, monkeypatch):
    """So is the node of an endless loop."""
    monkeypatch.setattr("pflow_engine.flow.MOST_VISITS", 2)
    text = "nodes:\n  - id: n\n    type: act\n    params: {action: x}\nedges:\n  - {from: n, to: n, action: x}\n"
    assert place(text) == ("flow.yaml:2:5: ", "nodes[0]")


def test_dict_has_no_place(flow_of):
    """A workflow that came as a dict has a path, and no line."""
    problem = flow_of([{"id": "n", "type": "crash"}]).run().error.problems[0]
    assert (None, "nodes[0]") == (problem.position, problem.path)


def test_place_once(registry, file):
    """A problem that has its place keeps it."""

    @node("nested")
    def nested() -> dict:
        inner = file("nodes:\n  - id: inner\n    type: crash\n", "inner.yaml")
        run(inner, registry=registry).raise_for_status()

    registry.register("nested", nested)
    outer = file("nodes:\n  - id: outer\n    type: nested\n")
    assert "inner.yaml:2:5: " in run(outer, registry=registry).error.problems[0].place


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no"), "node 'n' failed: ValueError: no"),
        (ValueError(), "node 'n' failed: ValueError"),
        (KeyError("x"), "node 'n' failed: KeyError: 'x'"),
    ],
)
def test_words(registry, flow_of, error, expected):
    """A node that raised anything is told by its type and what it says."""

    @node("fail")
    def fail() -> dict:
        raise error

    registry.register("fail", fail)
    assert flow_of([{"id": "n", "type": "fail"}]).run().error.summary == expected


def test_reported_without_words(flow_of):
    """A node that returned the action error without a word is told so."""
    result = flow_of([{"id": "n", "type": "act", "params": {"action": "error"}}]).run()
    assert result.error.summary == "node 'n' failed: it returned the action error"


def test_pickles(batch_of):
    """A failure crosses a process border with its node and index."""
    error = pickle.loads(pickle.dumps(batch_of("crash").run({"xs": [1]}).error))
    assert ("b", 0, "item 0 of batch 'b' failed: it crashed") == (error.node_id, error.index, error.summary)


def test_fails_after_load(file, registry):
    """A Document that was loaded keeps its file through compiling and running."""
    flow = compile_ir_to_flow(load(file("nodes:\n  - id: n\n    type: crash\n")), registry)
    assert str(flow.run().error).splitlines()[1] == "  2 |   - id: n"
