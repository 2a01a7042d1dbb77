"""What people write to what is validated."""

import pytest

from pflow_engine.document.normalise import is_workflow, normalise, unwrap

A, B, C = ({"id": name, "type": "t"} for name in "abc")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"nodes": []}, True),
        ({"nodes": None}, True),
        ({"ir": {"nodes": []}}, True),
        ({"ir": []}, False),
        ({"ir": {}}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_is_workflow(data, expected):
    """What has nodes, at the top or under ir, means to be a workflow."""
    assert expected is is_workflow(data)


def test_unwrap():
    """A wrapper's name and description go along, other words about it do not."""
    wrapped = {"name": "n", "description": "d", "created": 1, "ir": {"nodes": [], "description": "inner"}}
    assert ({"name": "n", "description": "inner", "nodes": []}, ("ir",)) == unwrap(wrapped)


def test_unwrapped():
    """What is not wrapped stays as it is."""
    assert ({"nodes": [], "ir": {"nodes": []}}, ()) == unwrap({"nodes": [], "ir": {"nodes": []}})


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([A, B, C], [("a", "b"), ("b", "c")]),
        ([A], []),
        ([A, A, B, A], [("a", "b")]),
        ([A, {"type": "t"}, None, B], [("a", "b")]),
        ([], []),
    ],
)
def test_document_order(nodes, expected):
    """Without edges each node leads to the next; an id given twice makes no loop."""
    assert expected == [(edge["from"], edge["to"]) for edge in normalise({"nodes": nodes})["edges"]]


@pytest.mark.parametrize("edges", [[], [{"from": "b", "to": "a"}], None, "x"])
def test_own_edges(edges):
    """Edges that are given stay as they are, none among them."""
    assert edges == normalise({"nodes": [A, B], "edges": edges})["edges"]


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "0.1.0"), ({"ir_version": "0.2.0"}, "0.2.0"), ({"ir_version": 1}, 1)]
)
def test_version(given, expected):
    """A missing version is filled in, another is left to validation."""
    assert expected == normalise({"nodes": [], **given})["ir_version"]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"parameters": {"x": 1}}, {"params": {"x": 1}}),
        ({"parameters": 1, "params": 2}, {"parameters": 1, "params": 2}),
        ({"params": {"parameters": 1}}, {"params": {"parameters": 1}}),
        ("x", "x"),
    ],
)
def test_parameters(node, expected):
    """A node's parameters are its params, unless it has both."""
    assert [expected] == normalise({"nodes": [node]})["nodes"]


def test_wrong_nodes():
    """Nodes that are no list are left to validation."""
    assert {"ir_version": "0.1.0", "nodes": {}} == normalise({"nodes": {}})


def test_original_unchanged():
    """Normalising changes a copy."""
    data = {"nodes": [{"id": "a", "parameters": {}}]}
    normalise(data)
    assert {"nodes": [{"id": "a", "parameters": {}}]} == data
