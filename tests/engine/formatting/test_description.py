"""Workflows and node types to the text that people read."""

import pytest

from pflow_engine import Interface, Node, Param, Registry
from pflow_engine.formatting import describe_as_text, nodes_as_text


def test_whole_description(outer, registry):
    """What a workflow takes, gives and does, those that it nests below the nodes that run them."""
    batch = (
        "results: array, count: integer, success_count: integer, error_count: integer, errors: array, "
        "batch_metadata: object, error: string"
    )
    assert [
        "outer - Doubles numbers.",
        "File: outer.json",
        "Inputs (3):",
        "  lists: array, required",
        '  api_key: string, optional, default "[redacted]"',
        "  limit: integer, optional, default 3",
        "Nodes (3):",
        "  first (emit) - Begin.",
        "    gives any outputs",
        "  sub (workflow)",
        "    batch of ${lists} as item, in parallel, at most 10, continue, 2 attempts",
        f"    gives {batch}",
        "    inner",
        "    File: inner.json",
        "    Inputs (1):",
        "      xs: array, required - What to double",
        "    Nodes (1):",
        "      each (double)",
        "        batch of ${xs} as x, one by one, fail_fast",
        f"        gives {batch}",
        "    Outputs (1):",
        "      doubled: array = ${each.results}",
        "  mend (emit)",
        "    gives any outputs",
        "Edges (2):",
        "  first -> sub",
        "  sub -> mend on error",
        "Outputs (1):",
        "  count: integer = ${sub.count} - How many",
    ] == describe_as_text(outer, registry).splitlines()


def test_small_workflow(flow_of, registry):
    """A workflow without a name goes by its file; what it does not have is not told; no value is long."""
    batch = {"items": ["x" * 100], "timeout": 1.5}
    registry.register("net", type("Net", (Node,), {"interface": Interface(effects="network")}))
    flow = flow_of([{"id": "a\x1b", "type": "emit", "batch": batch}, {"id": "b", "type": "net"}], start_node="b", edges=[{"from": "b", "to": "a\x1b"}])  # fmt: skip
    lines = describe_as_text(flow.workflow, registry).splitlines()
    assert ["<ir>", "Nodes (2):", r"  a\x1b (emit)"] == lines[:3]
    assert f'    batch of ["{"x" * 55}... as item, one by one, fail_fast, 1.5s each' == lines[3]
    assert ["  b (net, starts)", "    gives error: string", "    reaches for network", "Edges (1):"] == lines[5:9]


@pytest.mark.parametrize(
    ("interface", "expected"),
    [
        (Interface(), ["t", "  gives nothing", "  actions: any", "  effects: none"]),
        (
            Interface(
                {"n": Param("integer", default=3, description="how\nmany"), "x": Param(required=True)},
                {"y": "array"},
                ("default", "error"),
                "files",
                open_params=True,
                open_outputs=True,
            ),
            [
                "t",
                "  n: integer, default 3 - how many",
                "  x: any, required",
                "  any other parameter",
                "  gives y: array and any other output",
                "  actions: default, error",
                "  effects: files",
            ],
        ),
        (Interface(echoes=True), ["t", "  gives its parameters", "  actions: any", "  effects: none"]),
        (
            Interface(nests=True),
            ["t", "  gives the outputs of the workflow that it runs", "  actions: any", "  effects: none"],
        ),
    ],
)
def test_node_type(interface, expected):
    """A type has a line for each parameter, then its outputs, actions and effects."""
    registry = Registry()
    registry.register("t", type("T", (Node,), {"interface": interface}))
    assert expected == nodes_as_text(registry).splitlines()


def test_all_types():
    """Every built-in type is told, with an empty line between two."""
    registry = Registry.default()
    assert [*registry] == [told.split("\n")[0] for told in nodes_as_text(registry).split("\n\n")]
