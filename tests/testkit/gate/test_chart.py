"""Two versions of a workflow as one chart."""

from itertools import pairwise

import pytest

from pflow_testkit.gate import compare
from pflow_testkit.gate.chart import chart_of


def ir(*ids, edges=(), **texts):
    """A workflow of nodes one after another, with more edges."""
    nodes = [{"id": name, "type": "echo", "params": {"text": texts.get(name, name)}} for name in ids]
    follow = [{"from": one, "to": other} for one, other in pairwise(ids)]
    return {"nodes": nodes, "edges": [*follow, *edges]}


@pytest.fixture
def chart(versions):
    """The lines of the chart of two versions."""

    def made(base, head):
        was, now = versions.workflow(base), versions.workflow(head)
        return [line.strip() for line in chart_of(was, now, compare(was, now)).splitlines()]

    return made


def test_nothing_changed(chart):
    """Where nothing changed, nothing is marked."""
    assert not [line for line in chart(ir("a", "b"), ir("a", "b")) if line.startswith(("class", "linkStyle"))]


def test_cosmetic_change(chart):
    """A node that does the same is not marked, however it reads."""
    reads = ir("a", "b")
    reads["nodes"][0]["purpose"] = "Says a."
    assert not [line for line in chart(ir("a", "b"), reads) if line.startswith("class")]


def test_added_and_changed(chart):
    """New nodes and edges are marked, and nodes that do something else."""
    found = chart(ir("a", "b"), ir("a", "b", "c", a="other"))
    assert {"class n2 added", "class n0 changed", "linkStyle 2 stroke:#1a7f37,stroke-width:3px"} <= set(found)
    assert "n1 --> n2" == [line for line in found if "-->" in line][2]


def test_removed(chart):
    """What is gone is drawn beside what is there, by names that nothing else has."""
    found = chart(ir("a", "b", "c", edges=[{"from": "a", "to": "c", "action": "error"}]), ir("a", "c"))
    links = [line for line in found if "-->" in line]
    assert ["n0 --> was_n1", "was_n1 --> n1", "n0 -->|error| n1"] == links[-3:]
    assert {'was_n1["b<br/>echo"]', "class was_n1 removed", "linkStyle 1 stroke:#1a7f37,stroke-width:3px"} <= set(found)
    assert "linkStyle 3,4,5 stroke:#cf222e,stroke-dasharray:5 5" in found


def test_renamed(chart):
    """A node by another name is the same one, and its edges are."""
    found = chart(ir("a", "b", "c"), ir("a", "other", "c", other="b"))
    assert "class n1 changed" in found
    assert not [line for line in found if "added" in line or "removed" in line or "linkStyle" in line]


def test_hostile_names(chart):
    """Names are text, in what is gone as well."""
    found = chart(ir("a", 'x"]|`end`'), ir("a"))
    assert 'was_n1["x#34;#93;#124;#96;end#96;<br/>echo"]' in found


def test_too_large(chart):
    """What Mermaid does not draw is not given to it."""
    many = [f"n{number}" for number in range(600)]
    assert [] == chart(ir("a", "b"), ir(*many))
    assert [] == chart(ir("a" * 60, "b"), ir(*(f"{number}{'ü|' * 28}" for number in range(300))))
