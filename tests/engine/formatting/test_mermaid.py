"""A workflow to a Mermaid flowchart."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine import Node, PflowError, Registry, compile_ir_to_flow
from pflow_engine.formatting import mermaid

LINE = re.compile(
    r"flowchart TD"
    r"|    start\(\[start\]\) --> n\d+"
    r'|    n\d+\["(?P<label>[^"]*)"\]'
    r'|    n\d+ -->(\|("(?P<action>[^"]*)"|[a-z]+)\|)? (n\d+|finish\(\[end\]\))'
)
"""All lines that a flat workflow without batches may have."""


def chart_of(*ids, edges=()):
    """The chart of nodes with these ids, one after another."""
    registry = Registry()
    registry.register("do", Node)
    nodes = [{"id": name, "type": "do"} for name in ids]
    follow = [{"from": one, "to": other} for one, other in pairwise(ids)]
    return mermaid(compile_ir_to_flow({"nodes": nodes, "edges": [*follow, *edges]}, registry).workflow)


def decoded(label):
    """What a reader sees of a label."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label)


def test_whole_chart(outer):
    """Nodes, batches, nested workflows, edges by action, starts and ends."""
    assert [
        "flowchart TD",
        "    start([start]) --> n0",
        '    n0["first<br/>emit"]',
        '    subgraph n1["sub<br/>workflow<br/>batch of lists"]',
        "        start1_([start]) --> n1_0",
        '        n1_0[["each<br/>double<br/>batch of xs"]]',
        "        n1_0 --> finish1_([end])",
        "    end",
        '    n2["mend<br/>emit"]',
        "    n0 --> n1",
        "    n1 -->|error| n2",
        "    n1 --> finish([end])",
        "    n2 --> finish([end])",
    ] == mermaid(outer).splitlines()


def test_items_at_hand(batch_of):
    """A batch of items that stand in the file says how many they are."""
    assert 'n0[["b<br/>emit<br/>batch of 3 items"]]' in mermaid(batch_of("emit", items=[1, 2, 3]).workflow)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("end", "end"),
        ("fetch-all_2", "fetch-all_2"),
        ('a"]b', "a#34;#93;b"),
        ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;"),
        ("`1. _x_`", "#96;1#46; #95;x#95;#96;"),
        ("x direction LR", "x direction#32;LR"),
        ("style a:b#c;", "style a#58;b#35;c#59;"),
        ("<b>", "#60;b#62;"),
        ("日本", "日本"),
        ("\x1b[0m", "#92;x1b#91;0m"),
        ("a\nb", "a b"),
        (" ", "#32;"),
        ("x" * 100, "x" * 57 + "#46;#46;#46;"),
    ],
)
def test_hostile_names(name, expected):
    """What Mermaid would take for its own stands as character codes."""
    assert f'    n0["{expected}<br/>do"]' in chart_of(name).splitlines()


def test_hostile_action():
    """An action that is no plain word is quoted as labels are."""
    chart = chart_of("a", edges=[{"from": "a", "to": "a", "action": 'no|"'}])
    assert '    n0 -->|"no#124;#34;"| n0' in chart.splitlines()


@given(st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=4, unique=True), st.text(min_size=1))
def test_any_names(names, action):
    """Whatever nodes and actions are called, each line is one of ours, and a reader sees the names."""
    try:
        chart = chart_of(*names, edges=[{"from": names[0], "to": names[0], "action": action}])
    except PflowError:
        return  # names that no node may have
    lines = [LINE.fullmatch(line) for line in chart.splitlines()]
    assert None not in lines
    labels = [line["label"] for line in lines if line["label"]]
    assert not any(re.search(r"[^\w #;<>/-]|direction +\w", label) for label in labels)
    shown = [" ".join(name.split()) or " " for name in names if name.isprintable()]
    assert set(shown) <= {decoded(label).removesuffix("<br/>do") for label in labels}
