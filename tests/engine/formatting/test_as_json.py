"""Runs, problems, workflows and node types to strict JSON."""

import json

import pytest

from pflow_engine import InvalidWorkflow, Node, Position, Problem, compile_ir_to_flow, node, validate_ir
from pflow_engine.formatting import describe_as_json, mermaid, nodes_as_json, problems_as_json, run_as_json


@pytest.fixture
def told(clock):
    """``told(flow, **inputs)``: a run as JSON, at a time that stands still."""

    def run(flow, /, *, secrets=(), **inputs):
        written = run_as_json(flow.run(inputs, clock=clock, secrets=secrets))
        assert written == json.loads(json.dumps(written, allow_nan=False))
        return written

    return run


def test_whole_run(flow_of, told):
    """What it came to, its steps, and where it failed."""
    flow = flow_of([{"id": "a", "type": "emit"}, {"id": "b", "type": "crash"}], name="two")
    problem = {
        "code": "node-failed",
        "severity": "error",
        "message": "node 'b' failed: ValueError: it crashed",
        "file": "<ir>",
        "line": None,
        "column": None,
        "path": "nodes[1]",
        "hint": "",
    }
    assert {
        "format_version": "1",
        "workflow": "two",
        "file": "<ir>",
        "status": "failed",
        "duration_ms": 0.0,
        "outputs": {},
        "steps": [
            {"node_id": "a", "status": "completed", "duration_ms": 0.0},
            {"node_id": "b", "status": "failed", "duration_ms": 0.0},
        ],
        "error": "node 'b' failed: ValueError: it crashed",
        "problems": [problem],
        "warnings": [],
    } == told(flow)


def test_success(flow_of, told):
    """A run that succeeded has outputs and no error; what JSON has no word for has its written form."""
    run = told(flow_of([{"id": "a", "type": "emit", "params": {"xs": "${xs}"}}]), xs=(1, float("nan")))
    assert ("success", None, []) == (run["status"], run["error"], run["problems"])
    assert {"xs": [1, {"$float": "nan"}]} == run["outputs"]


def test_no_secrets(registry, told, batch_of):
    """Secrets are in none of it: outputs, errors, items, problems."""

    @node("spill")
    def spill(value, token) -> dict:
        raise ValueError(f"401 for {token}")

    registry.register("spill", spill)
    batch = batch_of("spill", {"value": "${item}", "token": "${token}"}, error_handling="continue")
    run = told(batch, xs=[{"password": "s3cr3t-two", "n": 1}], token="s3cr3t-one")
    assert "s3cr3t" not in json.dumps(run)
    (entry,) = run["steps"][0]["batch_error_details"]
    assert ({"password": "[redacted]", "n": 1}, "401 for [redacted]") == (entry["item"], entry["error"])
    assert {"index", "item", "error", "error_type", "attempts"} == entry.keys()


def test_registered_secret(flow_of, told):
    """A secret that was registered for the run is in none of it; a word of the form's own stays."""
    nodes = [{"id": "n", "type": "crash", "params": {"message": "no s3cr3t-one"}}]
    run = told(flow_of(nodes), secrets=["s3cr3t-one", "failed", "node-failed"])
    assert "s3cr3t" not in json.dumps(run)
    assert ("failed", "node-failed") == (run["status"], run["problems"][0]["code"])


def test_warnings(outer, registry, told):
    """The file's warnings are told, and once each those of its nodes and of the workflows that they run."""

    class Own(Node):
        def post(self, shared, _prepared, _executed):
            shared["item"] = 1

    registry.register("double", Own)
    run = told(compile_ir_to_flow(outer, registry), lists=[[1], [3]])
    codes = [(warning["code"], warning["file"], warning["path"]) for warning in run["warnings"]]
    assert [("run-warning", "outer.json", "nodes[1]")] == codes
    assert run["warnings"][0]["message"].startswith("node 'sub/each': ")
    lines = outer.document.text.splitlines()
    assert lines.index('   "id": "sub",') == run["warnings"][0]["line"]


def test_warnings_of_file(flow_of, told):
    """What validation warned of comes along."""
    run = told(flow_of([{"id": "n", "type": "emit"}], inputs={"x": {"default": 1}}))
    assert [("unused-input", "warning")] == [(each["code"], each["severity"]) for each in run["warnings"]]


def test_nested_steps(tmp_path, outer, registry, told):
    """The steps of a nested workflow stand in the step of its node, without secrets."""
    nodes = [{"id": "run", "type": "workflow", "params": {"workflow_ref": str(tmp_path / "inner.json")}}]
    nodes[0]["params"]["param_mapping"] = {"xs": "${xs}"}
    run = told(compile_ir_to_flow({"nodes": nodes}, registry), xs=["token=s3cr3t-one"], secrets=["s3cr3t-one"])
    (step,) = run["steps"][0]["nested"]
    assert ("each", True, "token=[redacted]") == (
        step["node_id"],
        step["is_batch"],
        step["batch_error_details"][0]["item"],
    )


def test_problems():
    """Each has its place, None where it has none."""
    problems = [Problem("a", "m", file="f.json", position=Position(2, 3), hint="h"), Problem("b", "\ud800", path="p")]
    assert [
        {
            "code": "a", "severity": "error", "message": "m", "file": "f.json", "line": 2, "column": 3,
            "path": "", "hint": "h",
        },
        {
            "code": "b", "severity": "error", "message": "\\ud800", "file": "", "line": None, "column": None,
            "path": "p", "hint": "",
        },
    ] == problems_as_json(problems)  # fmt: skip


def test_all_problems():
    """Every problem of a workflow is told."""
    with pytest.raises(InvalidWorkflow) as caught:
        validate_ir('{"nodes": [\n{"id": "a", "type": "nix"},\n{"id": "a", "type": "echo"}]}')
    places = [(each["code"], each["line"], each["column"]) for each in problems_as_json(caught.value.problems)]
    assert [("unknown-type", 2, 21), ("duplicate-id", 3, 8)] == places


def test_description(outer, registry):
    """What a workflow takes, gives and does, without secrets."""
    described = describe_as_json(outer, registry)
    assert described == json.loads(json.dumps(described))
    assert ("1", "outer", "Doubles\n  numbers.", "outer.json", "first") == tuple(
        described[key] for key in ("format_version", "name", "description", "file", "start")
    )
    assert {
        "lists": {"type": "array", "required": True, "description": ""},
        "api_key": {"type": "string", "required": False, "description": "", "default": "[redacted]"},
        "limit": {"type": "integer", "required": False, "description": "", "default": 3},
    } == described["inputs"]
    assert {"count": {"type": "integer", "source": "${sub.count}", "description": "How many"}} == described["outputs"]
    assert [
        {"from": "first", "to": "sub", "action": "default"},
        {"from": "sub", "to": "mend", "action": "error"},
    ] == described["edges"]
    assert mermaid(outer) == described["mermaid"]


def test_described_nodes(outer, registry):
    """Each node has its type, purpose, batch, outputs (None: any) and effects."""
    first, sub, _ = describe_as_json(outer, registry)["nodes"]
    assert {
        "id": "first",
        "type": "emit",
        "purpose": "Begin.",
        "batch": None,
        "outputs": None,
        "effects": "none",
    } == first
    assert {
        "items": "${lists}",
        "as": "item",
        "error_handling": "continue",
        "parallel": True,
        "max_concurrent": 10,
        "max_retries": 2,
        "retry_wait": 0,
        "timeout": None,
    } == sub["batch"]
    assert ["results", "count", "success_count", "error_count", "errors", "batch_metadata", "error"] == [
        *sub["outputs"]
    ]


def test_children(outer, registry):
    """Workflows that nodes run are described by node."""
    (child,) = describe_as_json(outer, registry)["children"].values()
    assert ("inner", ["each"], {}) == (child["name"], [each["id"] for each in child["nodes"]], child["children"])
    assert {"type": "array", "required": True, "description": "What to double"} == child["inputs"]["xs"]


def test_node_types(registry):
    """Each type has what it takes and gives, its actions and effects."""
    assert ["act", "crash", "double", "emit"] == [kind["type"] for kind in nodes_as_json(registry)]
    assert [
        {
            "type": "crash",
            "params": {
                "message": {"type": "string", "required": False, "description": "", "default": "it crashed"},
            },
            "outputs": {},
            "actions": None,
            "effects": "none",
            "open_params": False,
            "open_outputs": True,
            "echoes": False,
            "nests": False,
        },
        {
            "type": "double",
            "params": {"value": {"type": "integer", "required": True, "description": ""}},
            "outputs": {"value": "integer"},
            "actions": None,
            "effects": "none",
            "open_params": False,
            "open_outputs": False,
            "echoes": False,
            "nests": False,
        },
    ] == nodes_as_json(registry)[1:3]
