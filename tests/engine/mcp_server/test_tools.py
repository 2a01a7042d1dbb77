"""A tool's name and arguments, to an Answer."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pflow_engine import CancelToken
from pflow_engine.formatting import run_as_json
from pflow_engine.mcp_server import tools
from pflow_engine.mcp_server.schemas import PROBLEMS
from pflow_engine.mcp_server.tools import TOOLS, answer

from .conftest import DOUBLE


def call(name, /, **arguments):
    """The answer of a tool."""
    return answer(name, arguments, CancelToken())


def test_valid_text(workflow):
    """A text at hand is validated as a file is."""
    given = call("workflow_validate", text="nodes:\n- id: a\n  type: ecko\n", form="yaml")
    (problem,) = given.data["problems"]
    assert ("<yaml>", 3, 9, "unknown-type", False) == (
        problem["file"],
        problem["line"],
        problem["column"],
        problem["code"],
        given.failed,
    )
    assert given.texts[0].startswith("<yaml>:3:9: error: unknown node type 'ecko'")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", '{"nodes": [{"id": "a", "type": "echo"}]}'),
        ("yaml", "nodes: [{id: a, type: echo}]"),
        ("markdown", "## Steps\n\n### a\n\nSay it.\n\n- type: echo\n"),
    ],
)
def test_sound_text(form, text):
    """A sound text in each form has no problems."""
    given = call("workflow_validate", text=text, form=form)
    assert ((("the text: no problems"),), {"problems": []}) == (given.texts, given.data)


def test_nested_in_text(workflow):
    """Files that a text nests are looked for where the server runs."""
    workflow("inner.json", {"nodes": [{"id": "a", "type": "ecko"}]})
    nodes = [{"id": "a", "type": "workflow", "params": {"workflow_ref": "inner.json"}}]
    for form in ("json", "yaml"):
        given = call("workflow_validate", text=json.dumps({"nodes": nodes}), form=form)
        assert ["nested-workflow", "unknown-type"] == [each["code"] for each in given.data["problems"]]


def test_file_that_does_not_parse(workflow):
    """What does not parse has problems, as any broken workflow has; what is not there is a failed call."""
    path = workflow("a.json", '{"nodes": [}')
    given = call("workflow_validate", path=path)
    assert (["syntax"], False) == ([each["code"] for each in given.data["problems"]], given.failed)
    assert call("workflow_validate", path="b.json").failed


@pytest.mark.parametrize("given", [{}, {"path": "a.json", "text": "{}"}])
def test_path_or_text(given):
    """Validating takes a path or a text."""
    assert "error: give a path or a text, and not both" in call("workflow_validate", **given).texts[0]


def test_wrong_arguments():
    """All that is wrong with the arguments is told at once."""
    given = call("workflow_run", pth="a.json", timeout=0, allow_effects=["net"], inputs=[])
    assert [
        "unknown argument 'pth'",
        "the argument 'path' is missing",
        "argument 'inputs': [] is not of type 'object'",
        "argument 'allow_effects': 'net' is not one of ['files', 'process', 'network', 'model']",
        "argument 'timeout': 0 is less than or equal to the minimum of 0",
    ] == [problem["message"] for problem in given.data["problems"]]


def test_unknown_tool():
    """A tool that is not there is told with the nearest one."""
    assert "did you mean 'workflow_run'?" in call("workflow_rnu").texts[0]


def test_effects(workflow):
    """Every node that reaches for what it may not is told, those of nested workflows too, and nothing runs."""
    workflow("inner.json", {"nodes": [{"id": "b", "type": "http", "params": {"url": "http://localhost:1"}}]})
    nodes = [
        {"id": "a", "type": "shell", "params": {"command": "touch ran"}},
        {"id": "sub", "type": "workflow", "params": {"workflow_ref": "inner.json"}},
    ]
    path = workflow("outer.json", {"nodes": nodes})
    given = call("workflow_run", path=path)
    assert [
        ("outer.json", "node 'a' (shell) reaches for processes", "if it may, add 'process' to allow_effects"),
        ("inner.json", "node 'b' (http) reaches for the network", "if it may, add 'network' to allow_effects"),
    ] == [(each["file"], each["message"], each["hint"]) for each in given.data["problems"]]
    assert not Path("ran").exists()


def test_effects_found_late(workflow):
    """A node of a workflow that is named when it runs fails there, if it reaches for what it may not."""
    workflow("inner.json", {"nodes": [{"id": "b", "type": "shell", "params": {"command": "echo hi"}}]})
    nodes = [{"id": "sub", "type": "workflow", "params": {"workflow_ref": "${file}"}}]
    path = workflow("outer.json", {"inputs": {"file": {"type": "string"}}, "nodes": nodes})
    given = call("workflow_run", path=path, inputs={"file": "inner.json"})
    assert given.failed
    assert "node 'sub/b' (shell) reaches for processes" in given.texts[0]
    allowed = call("workflow_run", path=path, inputs={"file": "inner.json"}, allow_effects=["process"])
    assert not allowed.failed


def test_run(workflow):
    """A run is told as text, its outputs and JSON; one that failed is a failed call."""
    path = workflow("double.json", DOUBLE)
    given = call("workflow_run", path=path, inputs={"xs": [{"n": 1}]})
    assert ("success", {"ok": 1}, False) == (given.data["status"], given.data["outputs"], given.failed)
    assert "1" == given.texts[1]
    failed = call("workflow_run", path=path, inputs={"xs": [{}]})
    assert (True, "failed") == (failed.failed, failed.data["status"])


def test_mistake_of_ours(workflow, monkeypatch):
    """A bug is told in a line, without a traceback."""
    path = workflow("double.json", DOUBLE)
    monkeypatch.setattr(tools, "run_as_json", lambda _result: run_as_json(None))
    given = call("workflow_run", path=path, inputs={"xs": []})
    assert given.failed
    assert given.texts[0].startswith("error: AttributeError: 'NoneType' object has no attribute")
    assert "hint: please report it" in given.texts[0]


@pytest.mark.parametrize("name", TOOLS)
def test_schemas(name):
    """What a tool takes and gives is told in sound JSON Schema."""
    for schema in (TOOLS[name].takes, TOOLS[name].gives):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", TOOLS)
def test_refusals(workflow, name):
    """Whatever a tool gives otherwise, a refused call has problems."""
    given = call(name, path="no.json")
    assert given.failed
    Draft202012Validator(PROBLEMS).validate(given.data)


def test_limits():
    """Tools that run something have a time, others none; a wrong one is no time."""
    seconds = [(name, tool.seconds({})) for name, tool in TOOLS.items()]
    assert [
        ("workflow_validate", None),
        ("workflow_describe", None),
        ("workflow_run", 300),
        ("workflow_test", 600),
    ] == seconds
    assert TOOLS["workflow_run"].seconds({"timeout": "soon"}) is None
