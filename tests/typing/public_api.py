"""The public API as its users type it; checked by mypy, never run."""

from pathlib import Path
from typing import Any, assert_type

from pflow_engine import (
    Document,
    Event,
    Flow,
    NodeFailed,
    PflowError,
    Position,
    Problem,
    Registry,
    RunResult,
    Workflow,
    build_execution_steps,
    compile_ir_to_flow,
    format_success_as_text,
    load,
    node,
    run,
    validate,
)
from pflow_engine.formatting import describe_as_json, mermaid, problems_as_json, run_as_json
from pflow_testkit.changes import Severity
from pflow_testkit.gate import RULES, Finding, Rule, compare, compare_sets


@node("double", outputs={"value": int}, effects="none")
def double(value: int) -> dict[str, int]:
    """A node function keeps its own type."""
    return {"value": value * 2}


assert_type(double(2), dict[str, int])

registry = Registry.default()
registry.register("double", double)

document = load(Path("triage.json"))
assert_type(document, Document)
workflow = validate(document, registry)
assert_type(workflow, Workflow)
assert_type(workflow.warnings, tuple[Problem, ...])

flow = compile_ir_to_flow(workflow)
assert_type(flow, Flow)
assert_type(compile_ir_to_flow({"nodes": []}, registry), Flow)

seen: list[Event] = []
result = flow.run({"since": "v1.0"}, on_event=seen.append)
assert_type(result, RunResult)
assert_type(result.outputs, dict[str, Any])
assert_type(result.error, PflowError | None)
assert_type(run("triage.json", {"since": "v1.0"}, registry=registry).trace.to_dict(), dict[str, Any])
assert_type(build_execution_steps(workflow, result.store, result.trace), list[dict[str, Any]])
assert_type(format_success_as_text(result), str)
assert_type(run_as_json(result), dict[str, Any])
assert_type(problems_as_json(workflow.warnings), list[dict[str, Any]])
assert_type(describe_as_json(workflow, registry), dict[str, Any])
assert_type(mermaid(workflow), str)

try:
    result.raise_for_status()
except NodeFailed as error:
    assert_type(error.node_id, str)
    assert_type(error.index, int | None)

findings = compare(workflow, workflow)
assert_type(findings, tuple[Finding, ...])
assert_type(compare_sets({"triage.json": workflow, "broken.json": None}, {}), tuple[Finding, ...])
assert_type(findings[0].severity, Severity)
assert_type(findings[0].position, Position | None)
assert_type(RULES["input-removed"], Rule)
