"""Breaking changes that are approved, and approvals that are none."""

import json
from pathlib import Path

import pytest

from pflow_engine.document.load import load
from pflow_testkit.gate.approvals import approvals_in, approvals_of_ini

RULE = {"rule": "output-removed", "path": "outputs.text", "reason": "nobody reads it"}


def said_of(tmp_path, said, name="a.json"):
    """What is wrong with what a workflow says of its approvals."""
    file = tmp_path / name
    node = {"id": "say", "type": "echo", "params": {"text": "hi"}}
    file.write_text(json.dumps({"nodes": [node], "metadata": {"pflow_gate": said}}, indent=1))
    return [
        (problem.path, problem.message, problem.position is not None) for problem in approvals_in(load(file)).problems
    ]


@pytest.mark.parametrize(
    ("said", "path", "message"),
    [
        ([], "", "'pflow_gate' is a map with 'allow', not array"),
        ({"alow": []}, ".alow", "'pflow_gate' knows no 'alow'"),
        ({"allow": {}}, ".allow", "'allow' is a list of approvals, not object"),
        ({"allow": ["x"]}, ".allow[0]", "an approval is a map, not string"),
        ({"allow": [{**RULE, "path": 1}]}, ".allow[0].path", "'path' is text, not integer"),
        ({"allow": [{**RULE, "why": "x"}]}, ".allow[0].why", "an approval knows no 'why'"),
        ({"allow": [{**RULE, "rule": "output-removd"}]}, ".allow[0].rule", "there is no rule 'output-removd'"),
        (
            {"allow": [{**RULE, "rule": "output-added"}]},
            ".allow[0].rule",
            "the rule 'output-added' is BEHAVIOUR, and needs no approval",
        ),
        ({"allow": [{**RULE, "reason": " "}]}, ".allow[0]", "an approval without a reason"),
        ({"allow": [{**RULE, "reason": "…"}]}, ".allow[0]", "an approval without a reason"),
        ({"allow": [{"reason": "x"}]}, ".allow[0]", "an approval without a rule"),
    ],
)
def test_bad_approval(tmp_path, said, path, message):
    """What is no approval is said with its place."""
    assert [(f"metadata.pflow_gate{path}", message, True)] == said_of(tmp_path, said)


def test_all_at_once(tmp_path):
    """All that is wrong is said at once."""
    assert 3 == len(said_of(tmp_path, {"allow": [{"rule": "x"}, 7]}))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"nodes": [{"id": "a", "type": "echo"}], "metadata": {"pflow_gate": {"allow": [%s]}}}'),
        ("b.json", '{"ir": {"nodes": [{"id": "a", "type": "echo"}], "metadata": {"pflow_gate": {"allow": [%s]}}}}'),
        ("c.yaml", "nodes: [{id: a, type: echo}]\nmetadata: {pflow_gate: {allow: [%s]}}\n"),
        ("d.pflow.md", "---\npflow_gate: {allow: [%s]}\n---\n\n## Steps\n\n### a\n\nSays.\n\n- type: echo\n"),
    ],
)
def test_all_forms(tmp_path, name, text):
    """Every form of workflow has a place for approvals."""
    (tmp_path / name).write_text(text % json.dumps(RULE))
    (given,) = approvals_in(load(tmp_path / name)).given
    assert ("output-removed", "outputs.text", "nobody reads it") == (given.rule, given.path, given.reason)
    assert given.stale().position is not None


def test_no_metadata(tmp_path):
    """Without any there are none."""
    (tmp_path / "a.json").write_text('{"nodes": [], "metadata": 3}')
    assert ((), ()) == (approvals_in(load(tmp_path / "a.json")).given, approvals_in(load(tmp_path / "a.json")).problems)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("flows/a.json::workflow-removed: moved", ("flows/a.json", "workflow-removed", "", "moved")),
        ("a b.json::output-removed[outputs.x]: it: is", ("a b.json", "output-removed", "outputs.x", "it: is")),
        ("a.json::batch-made-fail-fast[nodes[2].batch]:x", ("a.json", "batch-made-fail-fast", "nodes[2].batch", "x")),
    ],
)
def test_ini_approval(tmp_path, entry, expected):
    """An approval of the ini file has the file, the rule, the place in it, and the reason."""
    (found,) = approvals_of_ini([entry], None, tmp_path).given
    assert expected == (found.file.relative_to(tmp_path).as_posix(), found.rule, found.path, found.reason)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("just words", "'just words' is no approval"),
        ("a.json::output-removed[x]", "an approval without a reason"),
        ("a.json::output-removd: why", "there is no rule 'output-removd'"),
    ],
)
def test_bad_ini_approval(tmp_path, entry, message):
    """What is none is said with its line in the ini file."""
    ini = Path(tmp_path / "pyproject.toml")
    ini.write_text(f"[tool.pytest]\npflow_gate_allow = [\n  {json.dumps(entry)},\n]\n")
    (problem,) = approvals_of_ini([entry], ini, tmp_path).problems
    assert message in problem.message
    assert 3 == problem.position.line
    (elsewhere,) = approvals_of_ini([entry], None, tmp_path).problems
    assert ("pflow_gate_allow", None) == (elsewhere.file, elsewhere.position)


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_own_line(tmp_path, quote):
    """An entry that others begin or end with has its own line."""
    entry = "a.json::output-removed[x]:"
    ini = Path(tmp_path / "pytest.ini")
    written = [f"{quote}{each}{quote}" for each in (f"{entry} gone", f"b {entry}", entry)]
    ini.write_text("\n".join(["[pytest]", "pflow_gate_allow =", *(f"  {each}" for each in written), ""]))
    (problem,) = approvals_of_ini([entry], ini, tmp_path).problems
    assert 5 == problem.position.line
