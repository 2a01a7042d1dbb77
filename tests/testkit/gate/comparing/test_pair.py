"""A change to its words, its place and its values, secrets apart."""

import pytest
from rule_pairs import GONE, TRIAGE, edited

from pflow_engine import Position


def test_finding(versions):
    """A finding has the place in the file, both values and the node."""
    text = 'nodes:\n  - id: a\n    type: shell\n    params: {command: "echo one"}\n'
    found = versions.compare_sets({"a.yaml": text}, {"a.yaml": text.replace("one", "two")})
    (finding,) = found
    assert "param 'command' of 'a' changed: \"echo one\" -> \"echo two\"" == finding.message
    assert ("a.yaml", Position(4, 23), "head") == (finding.file, finding.position, finding.side)
    assert ("echo one", "echo two", "a") == (finding.base, finding.head, finding.node)
    assert ("nodes", 0, "params", "command") == finding.path


def test_line_of_text(versions):
    """Of a text over many lines the place is that of the first line that changed."""
    page = "## Steps\n\n### a\n\nActs.\n\n- type: shell\n\n```shell command\necho one\necho two\n  echo three\n```\n"
    (finding,) = versions.compare_sets({"a.pflow.md": page}, {"a.pflow.md": page.replace("three", "four")})
    assert ("shell-command-changed", Position(12, 3)) == (finding.rule.code, finding.position)


def test_gone_in_base(versions):
    """What is gone points to where it stood."""
    text = "inputs:\n  a: {default: 1}\n  b: {default: ${x}}\nnodes: [{id: n, type: echo}]\n".replace("${x}", "2")
    (finding,) = versions.compare_sets({"a.yaml": text}, {"a.yml": text.replace("  b: {default: 2}\n", "")})[1:]
    assert ("input-removed", "a.yaml", "base", Position(3, 3)) == (
        finding.rule.code, finding.file, finding.side, finding.position,
    )  # fmt: skip


def test_edge_place(versions):
    """An edge that is written out has its own place, one that follows from the order that of its node."""
    line = "nodes:\n  - {id: a, type: echo}\n  - {id: b, type: echo, params: {x: 1}}\n  - {id: c, type: echo, params: {x: 2}}\n"
    edges = "edges:\n  - {from: a, to: c}\n  - {from: c, to: b}\n"
    (moved, *_) = versions.compare_sets({"a.yaml": line}, {"a.yaml": line + edges})
    assert ("node-moved", Position(3, 10)) == (moved.rule.code, moved.position)
    ends = "edges:\n  - {from: a, to: b}\n  - {from: b, to: c}\n  - {from: c, to: a, action: error}\n"
    (added,) = versions.compare_sets({"a.yaml": line}, {"a.yaml": line + ends})
    assert ("error-path-added", Position(8, 5)) == (added.rule.code, added.position)
    (gone,) = versions.compare_sets({"a.yaml": line + ends.replace("error", "again")}, {"a.yaml": line})
    assert ("edge-removed", "base", Position(8, 5)) == (gone.rule.code, gone.side, gone.position)
    assert "the action 'again' of 'c' no longer leads to 'a'" == gone.message
    again = "edges:\n  - {from: a, to: b}\n  - {from: a, to: c, action: again}\n"
    found = {each.rule.code: each for each in versions.compare_sets({"a.yaml": line}, {"a.yaml": line + again})}
    assert ("base", Position(3, 10)) == (found["edge-removed"].side, found["edge-removed"].position)
    assert ("head", Position(7, 5)) == (found["edge-added"].side, found["edge-added"].position)
    renamed = line.replace("id: c", "id: c2") + "edges:\n  - {from: a, to: b}\n  - {from: b, to: c2}\n"
    found = versions.compare_sets({"a.yaml": line + ends}, {"a.yaml": renamed})
    assert [("node-renamed", Position(4, 10)), ("error-path-removed", Position(8, 5))] == [
        (each.rule.code, each.position) for each in found
    ]


@pytest.mark.parametrize(
    "params", [{"auth_token": "hunter2hunter2"}, {"headers": {"Authorization": "Bearer hunter2hunter2"}}]
)
def test_no_secret(versions, params):
    """A secret in the file is told, not shown."""
    base = {"nodes": [{"id": "a", "type": "http", "params": {"url": "https://x.example"}}]}
    head = edited(base, {f"nodes/0/params/{name}": value for name, value in params.items()})
    (there,) = versions.compare(head, edited(head, {f"nodes/0/params/{name}": GONE for name in params}))
    (finding,) = versions.compare(base, head)
    assert "hunter2" not in repr((finding, there))
    (changed,) = versions.compare(
        head, edited(head, {"nodes/0/params": {**base["nodes"][0]["params"], **_other(params)}})
    )
    assert "secret-changed" == changed.rule.code
    assert "hunter" not in repr(changed)


def _other(params):
    return (
        {"auth_token": "hunter3hunter3"} if "auth_token" in params else {"headers": {"Authorization": "hunter3hunter3"}}
    )


def test_default_of_secret(versions):
    """So is a default of an input whose name looks like one."""
    base = edited(TRIAGE, {"inputs/token/default": "hunter2hunter2"})
    (finding,) = versions.compare(base, edited(base, {"inputs/token/default": "hunter3hunter3"}))
    assert "input-default-changed" == finding.rule.code
    assert "hunter" not in repr(finding)
