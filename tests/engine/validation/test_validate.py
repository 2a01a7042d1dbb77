"""Documents to Workflows, or to every problem they have."""

import json
from collections import Counter

import pytest

from pflow_engine import InvalidWorkflow, Registry, validate, validate_ir
from pflow_engine.document.load import from_data
from pflow_engine.validation import find_problems

REGISTRY = Registry.default()
ECHO = {"id": "a", "type": "echo"}


def _codes(ir):
    return [problem.code for problem in find_problems(from_data(json.dumps(ir, indent=1)), REGISTRY)]


def test_workflow():
    """A valid document is a Workflow with all that it says."""
    ir = {
        "name": "n",
        "nodes": [
            {**ECHO, "purpose": "p", "params": {"x": "${i}"}},
            {
                **ECHO, "id": "b",
                "batch": {"items": " ${a.x} ", "as": "one", "max_retries": 2.0, "timeout": 1},
            },
        ],
        "edges": [{"from": "a", "to": "b"}],
        "inputs": {"i": {"type": "array", "default": None, "description": "d"}, "j": {"required": False}},
        "outputs": {"o": {"source": "${b.results}", "type": "array"}},
        "template_resolution_mode": "permissive",
        "enable_namespacing": True,
    }  # fmt: skip
    workflow = validate(from_data(ir), REGISTRY)
    assert ("n", "a", True, True) == (workflow.name, workflow.start, workflow.permissive, workflow.namespacing)
    assert [("a", "b", "default")] == [(edge.source, edge.target, edge.action) for edge in workflow.edges]
    batch = workflow.nodes[1].batch
    assert ("${a.x}", "one", 2, int, 1, "fail_fast") == (
        batch.items, batch.alias, batch.max_retries, type(batch.max_retries), batch.timeout, batch.error_handling,
    )  # fmt: skip
    assert [(True, True, "array"), (False, False, "any")] == [
        (declared.has_default, declared.required, declared.type) for declared in workflow.inputs.values()
    ]
    assert "${b.results}" == workflow.outputs["o"].source
    assert ["unused-input"] == [problem.code for problem in workflow.warnings]


def test_raises_all():
    """An invalid document raises with every problem, warnings among them."""
    with pytest.raises(InvalidWorkflow) as caught:
        validate(from_data({"nodes": [{**ECHO, "type": "ecco"}], "inputs": {"x": {}}}), REGISTRY)
    assert {"unknown-type", "unused-input"} == {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("form", [lambda ir: ir, json.dumps])
def test_validate_ir(form):
    """A dict or JSON text is checked as it is."""
    validate_ir(form({"nodes": [ECHO]}))
    with pytest.raises(InvalidWorkflow, match="unknown-type"):
        validate_ir(form({"nodes": [{**ECHO, "type": "ecco"}]}))


def test_file_order():
    """Problems come in the order of the file, of whatever kind they are."""
    ir = {
        "nodes": [{**ECHO, "type": "ecco", "x": 1}, {**ECHO, "params": {"y": "${}"}}],
        "edges": [{"from": "q", "to": "a"}],
    }
    assert ["unknown-type", "unknown-field", "duplicate-id", "malformed-template", "unknown-node"] == _codes(ir)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"purpos": "x"}, {"unknown-field"}),
        ({"prams": {"y": "${nope.x}"}}, {"unknown-field", "unknown-name"}),
        ({"retry": {}}, {"not-supported"}),
        ({"purpose": 5}, {"wrong-type"}),
        ({"batch": {"items": [], "max_retries": 50}, "params": {"y": "${item}"}}, {"empty-field", "out-of-range"}),
        ({"zzz": 1}, {"unknown-field"}),
        ({"type": ""}, {"empty-field"}),
        ({"params": []}, {"wrong-type"}),
    ],
)
def test_small_faults(change, codes):
    """A small fault of structure hides nothing else, and makes no problems that are not there."""
    found = _codes({"nodes": [{**ECHO, **change}, {"id": "b", "type": "ecco"}]})
    hidden = {"type", "params"} & change.keys() and "batch" not in change
    assert codes | (set() if hidden else {"unknown-type"}) == set(found)


def test_unknown_output_type():
    """A wrong type of an output hides nothing else."""
    assert {"wrong-value", "output-source"} == set(
        _codes({"nodes": [ECHO], "outputs": {"o": {"type": "int", "source": "${a.x}"}}})
    )


def test_thousands():
    """Of thousands of faults the first thousand are reported, and that there are more."""
    found = _codes({"nodes": [5] * 3000})
    assert (1001, 1) == (len(found), found.count("too-many"))


def test_default_registry():
    """Without a registry the default one is taken."""
    assert [] == find_problems(from_data({"nodes": [ECHO]}))


def test_errors_behind_many_warnings():
    """A thousand warnings are told, and every error behind them; what is said of the workflow later is whole."""
    params = {f"p{at}": 0 for at in range(1500)}
    ir = {"nodes": [{"id": "a", "type": "shell", "params": params | {"command": "${no.such}"}}], "inputs": {"x": {}}}
    found = find_problems(from_data(ir))
    assert {"warning": 1000, "error": 1} == Counter(problem.severity for problem in found)
    ir["nodes"][0]["params"]["command"] = "${x}"
    workflow = validate(from_data(ir))
    assert (1000, "hint") == (len(workflow.warnings), workflow.document.problem("c", "m", (), hint="hint").hint)
