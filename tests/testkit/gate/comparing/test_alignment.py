"""Nodes under other ids, and which of those of the base they are."""

from rule_pairs import GONE, TRIAGE, edited


def test_renamed_and_changed(versions):
    """A renamed node is held against what it was: a setting that breaks is not hidden by the new name."""
    head = edited(
        TRIAGE, {"nodes/1/id": "label", "nodes/1/batch/error_handling": "fail_fast", "nodes/1/params/model": "large"}
    )
    head = edited(head, {"edges/0/to": "label", "edges/1/from": "label", "nodes/2/params/inputs/n": "${label.count}"})
    assert {"node-renamed", "batch-made-fail-fast", "model-changed"} == versions.codes(TRIAGE, head)


def test_renamed_twins(versions):
    """Of nodes that nothing tells apart, each is taken for the one at its place in the file."""
    nodes = [{"id": name, "type": "echo", "params": {"text": "x"}} for name in "abcdef"]
    edges = [{"from": "a", "to": name, "action": name} for name in "bcdef"]
    new = [*nodes[:1], *({**node, "id": f"{node['id']}2"} for node in nodes[1:])]
    there = [{**edge, "to": f"{edge['to']}2"} for edge in edges]
    found = versions.compare({"nodes": nodes, "edges": edges}, {"nodes": new, "edges": there})
    assert [(name, f"{name}2") for name in "bcdef"] == [(each.base, each.head) for each in found]


def test_renamed_long_line(versions):
    """A long line of nodes that are all alike is followed from both ends, and then in the order of the file."""
    old, new = ({"nodes": [{"id": f"{name}{number}", "type": "echo"} for number in range(120)]} for name in "ab")
    found = versions.compare(old, new)
    assert [(f"a{number}", f"b{number}") for number in range(120)] == [(each.base, each.head) for each in found]


def test_renamed_without_namespacing(versions):
    """Without namespacing, only the id says which node is which."""
    base = {"nodes": [{"id": "a", "type": "echo", "params": {"x": 1}}], "enable_namespacing": False}
    assert {"node-added", "node-removed"} == versions.codes(base, edited(base, {"nodes/0/id": "b"}))


def test_only_batch(versions):
    """The one batch of its type is held against what it was, though nothing else of it is the same."""
    a, b = TRIAGE["nodes"][:2]
    base = {
        "nodes": [
            a | {"params": {"url": "https://x.example"}},
            b | {"batch": {"items": ["x"], "error_handling": "continue"}},
        ]
    }
    base["nodes"][1] = edited(base["nodes"][1], {"params": {"prompt": "Hi"}})
    edits = {
        "nodes/0/id": "get",
        "nodes/1/id": "ask",
        "nodes/1/params/prompt": "Ho",
        "nodes/1/batch/error_handling": GONE,
    }
    head = edited(base, {**edits, "nodes/0/params/url": "https://y.example"})
    assert {"node-renamed", "prompt-changed", "batch-made-fail-fast", "http-url-changed"} == versions.codes(base, head)


def test_item_is_no_input(versions):
    """A name that was an input and is the item of the batch now is another thing of the same name."""
    node = {"id": "a", "type": "echo", "params": {"x": "${one}"}, "batch": {"items": ["b"], "as": "it"}}
    head = {"nodes": [edited(node, {"batch/as": "one"})]}
    assert {"batch-alias-renamed", "template-changed"} == versions.codes({"nodes": [node]}, head)
