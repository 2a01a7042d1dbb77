"""Workflows and node types, shown."""

import json


def test_describe(called):
    """Inputs, nodes, outputs and the graph stand on stdout."""
    code, out, err = called("describe", "triage.json")
    assert (0, "") == (code, err)
    for line in ("triage", "  since: string, required - The release.", "  fetch -> label", "flowchart TD"):
        assert f"{line}\n" in out


def test_describe_as_json(called):
    """With --json it is all of that for programs."""
    told = json.loads(called("describe", "triage.json", "--json").out)
    assert ["since", "least"] == list(told["inputs"])
    assert told["mermaid"].startswith("flowchart TD\n")


def test_describe_invalid(called, write):
    """A workflow with problems is not described."""
    code, out, err = called("describe", write([{"id": "n", "type": "eco"}]))
    assert (1, "", True) == (code, out, "[unknown-type]" in err)


def test_nodes(called):
    """All node types are shown, or one."""
    code, out, err = called("nodes")
    assert (0, "") == (code, err)
    assert {"echo", "shell", "workflow"} <= set(out.splitlines())
    assert ["echo"] == [line for line in called("nodes", "echo").out.splitlines() if line[0] != " "]


def test_nodes_as_json(called):
    """With --json it is their interfaces."""
    assert ["shell"] == [each["type"] for each in json.loads(called("nodes", "shell", "--json").out)]


def test_no_such_type(called):
    """A type that is not there is told with the nearest."""
    code, out, err = called("nodes", "shel")
    assert (2, "") == (code, out)
    assert err.startswith("error: unknown node type 'shel' [unknown-type]\n  hint: did you mean 'shell'? known: ")
