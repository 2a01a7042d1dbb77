"""Changes that are told by one thing, not by all that follows from it."""

from rule_pairs import CHILD, PARENT, TRIAGE, edited, edited_files

from pflow_testkit.gate import compare

CHILD_MORE = edited(
    CHILD, {"inputs/loud": {"type": "boolean", "default": False}, "outputs/text": {"source": "${say.said}"}}
)
ABOVE = {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "parent.json"}}]}
OTHER = edited(PARENT, {"nodes/0/params/param_mapping/loud": True, "nodes/1/params/text": "${sub.also}"})
FOLDER = {"child.json": CHILD_MORE, "parent.json": PARENT, "sub/other.json": OTHER, "above.json": ABOVE}
FOLDER["sub/other.json"] = edited(OTHER, {"nodes/0/params/workflow_ref": "../child.json"})


def test_inserted_node(versions):
    """A node between two others is one change, and so is one that is taken out; the edges follow from it."""
    edges = [*TRIAGE["edges"][:2], {"from": "count", "to": "note"}, {"from": "note", "to": "print"}, TRIAGE["edges"][3]]
    node = {"id": "note", "type": "echo", "params": {"text": "hm"}}
    longer = edited(TRIAGE, {"nodes/5": node, "edges": edges})
    assert {"node-added"} == versions.codes(TRIAGE, longer)
    assert {"node-removed"} == versions.codes(longer, TRIAGE)
    elsewhere = edited(
        longer, {"edges/3/to": "alert", "edges/3/from": "note", "edges/5": {"from": "alert", "to": "print"}}
    )
    assert {"node-added", "edge-added", "edge-retargeted"} == versions.codes(TRIAGE, elsewhere)


def test_error_path_of_removed(versions):
    """An error that a removed node handled is handled no more."""
    base = edited(
        TRIAGE, {"nodes/5": {"id": "cry", "type": "echo"}, "edges/4": {"from": "count", "to": "cry", "action": "error"}}
    )
    assert {"node-removed", "error-path-removed"} == versions.codes(base, TRIAGE)


def test_undeclared_inputs(versions):
    """Names that templates use undeclared are inputs as well, unless there is a default or nothing fails without."""
    base = {"nodes": [{"id": "a", "type": "echo", "params": {"text": "hi"}}]}
    needs = edited(base, {"nodes/0/params/text": "hi ${who}"})
    assert {"input-required-added", "param-made-template"} == versions.codes(base, needs)
    assert {"param-made-literal"} == versions.codes(needs, base)
    can_do_without = edited(base, {"nodes/0/params/text": 'hi ${who ?? "you"}'})
    assert {"param-made-template"} == versions.codes(base, can_do_without)
    left = {"template_resolution_mode": "permissive"}
    assert {"param-made-template"} == versions.codes(base | left, needs | left)


def test_sequential_concurrency(versions):
    """How many items run at once says nothing of a batch that is not parallel, nor a wait of one attempt."""
    base = edited(TRIAGE, {"nodes/1/batch/parallel": False, "nodes/1/batch/max_retries": 1})
    assert set() == versions.codes(
        base, edited(base, {"nodes/1/batch/max_concurrent": 9, "nodes/1/batch/retry_wait": 9})
    )


def test_fewer_last_nodes(versions):
    """Where no outputs are declared, a run that can no longer end at a node of a kind gives less than it may have."""
    nodes = [{"id": "a", "type": "echo", "params": {"x": 1}}, {"id": "b", "type": "shell", "params": {"command": "ls"}}]
    edges = [{"from": "a", "to": "b", "action": "error"}]
    base = {"nodes": nodes, "edges": edges}
    head = edited(base, {"edges/1": {"from": "a", "to": "b"}})
    assert {"edge-added", "last-outputs-changed"} == versions.codes(base, head)
    alert = {"nodes/2": {"id": "c", "type": "echo"}, "edges/2": {"from": "b", "to": "c", "action": "error"}}
    assert {"node-added", "error-path-added"} == versions.codes(head, edited(head, alert))
    loop = edited(head, {"edges/2": {"from": "b", "to": "a"}})
    assert {"edge-added"} == versions.codes(head, loop)


def test_child_alone(versions):
    """Compared alone, a workflow tells what became of those that it nests, each once."""
    typed = edited_files(FOLDER, {"child.json": {"outputs/said/type": "array"}})
    edits = {"child.json": {"nodes/0/params/said": "so ${text}", "outputs/said/type": "string"}}
    base = versions.folder_of("base", typed)["above.json"]
    head = versions.folder_of("head", edited_files(typed, edits))["above.json"]
    broken, changed = compare(base, head)
    assert "child-contract-broken" == broken.rule.code
    assert broken.message == (
        "'parent.json' changed so that 'top' may fail: 'child.json' changed so that 'sub' may fail: "
        'the type of output \'said\' was changed: "array" -> "string"'
    )
    assert "child-changed" == changed.rule.code
    assert changed.message.startswith("'parent.json', which 'top' runs, does something else: 'child.json', which")
