"""Who comes before whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.document.load import from_data
from pflow_engine.validation.build import build_workflow
from pflow_engine.validation.graph import Graph

_PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=15)


def _graph(count, pairs):
    nodes = [{"id": f"n{number}", "type": "t"} for number in range(count)]
    edges = [{"from": f"n{one}", "to": f"n{other}"} for one, other in pairs]
    return Graph.of(build_workflow(from_data({"nodes": nodes, "edges": edges})))


def _reached(start, pairs):
    seen, todo = set(), [start]
    while todo:
        node = todo.pop()
        for one, other in pairs:
            if one == node and other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


@given(_PAIRS)
def test_upstream(pairs):
    """A node is upstream of what it leads to, of itself only in a loop."""
    graph = _graph(7, pairs)
    for one in range(7):
        expected = _reached(one, pairs)
        assert expected == {other for other in range(7) if graph.is_upstream(f"n{one}", f"n{other}")}


@given(_PAIRS)
def test_cycles(pairs):
    """The cycles are the sets of nodes that lead to each other."""
    reached = {node: _reached(node, pairs) for node in range(7)}
    loops = [frozenset(f"n{b}" for b in reached[a] if a in reached[b]) for a in range(7) if a in reached[a]]
    assert sorted(set(loops), key=sorted) == _graph(7, pairs).cycles()


@given(_PAIRS)
def test_reachable(pairs):
    """What is reachable is the start and all that comes after it."""
    assert {f"n{node}" for node in _reached(0, pairs) | {0}} == _graph(7, pairs).reachable()


@pytest.mark.parametrize(("nodes", "expected"), [({"n0", "n1"}, True), ({"n0", "n1", "n2"}, False)])
def test_leaves(nodes, expected):
    """A set of nodes is left by any edge to another node."""
    assert expected is _graph(3, [(0, 1), (1, 0), (1, 2)]).leaves(frozenset(nodes))


@pytest.mark.parametrize("extra", [[], [(4999, 0)]], ids=["chain", "ring"])
def test_thousands(extra):
    """Thousands of nodes in a row or in a ring are walked without recursion."""
    graph = _graph(5000, [*((number, number + 1) for number in range(4999)), *extra])
    assert graph.is_upstream("n0", "n4999")
    assert bool(extra) is graph.is_upstream("n4999", "n0")
    assert len(extra) == len(graph.cycles())
