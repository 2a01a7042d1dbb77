"""Files under other names, and which of those of the base they are."""

from rule_pairs import CHILD, FILES, PARENT, TRIAGE, edited, told

from pflow_engine.templates import MISSING

ABOVE = {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "parent.json"}}]}


def test_renamed_file(versions):
    """A file under another name is one that was renamed if most of it is the same, and its changes are told."""
    base = {"triage.json": TRIAGE}
    found = versions.compare_sets(base, {"sort/labels.yaml": edited(TRIAGE, {"nodes/0/params/timeout": 9})})
    assert [
        ("workflow-renamed", "sort/labels.yaml", ()),
        ("form-changed", "sort/labels.yaml", ()),
        ("param-changed", "sort/labels.yaml", ()),
    ] == told(found)
    other = versions.compare_sets(
        base, {"labels.json": PARENT | {"nodes": [{"id": "a", "type": "echo"}], "outputs": {}}}
    )
    assert [("workflow-added", "labels.json", ()), ("workflow-removed", "triage.json", ())] == told(other)


def test_renamed_nested_file(versions):
    """A file that others nest breaks those who still name the old one; who names the new one is no change."""
    base = {**FILES, "above.json": ABOVE}
    moved = {"kid.pflow.json": CHILD, "parent.json": PARENT, "above.json": ABOVE}
    found = versions.compare_sets(base, moved)
    assert [
        ("workflow-made-invalid", "above.json", ()),
        (
            "nested-workflow-renamed",
            "kid.pflow.json",
            ("parent.json:7:25 node 'sub'", "above.json:7:25 node 'top' (through parent.json)"),
        ),
        ("child-contract-broken", "parent.json", ()),
        ("workflow-made-invalid", "parent.json", ("above.json:7:25 node 'top'",)),
    ] == told(found)
    moved["parent.json"] = edited(PARENT, {"nodes/0/params/workflow_ref": "kid.pflow.json"})
    assert [
        ("workflow-renamed", "kid.pflow.json", ()),
        ("child-ref-renamed", "parent.json", ()),
    ] == told(versions.compare_sets(base, moved))


def test_moved_file_names_callers(versions):
    """A file in another form has the callers that it had under its old name."""
    head = {"child.yaml": edited(CHILD, {"nodes/0/params/said": "so ${text}"})}
    head["parent.json"] = edited(PARENT, {"nodes/0/params/workflow_ref": "child.yaml"})
    found = versions.compare_sets(FILES, head)
    assert [
        ("form-changed", "child.yaml", ()),
        ("param-changed", "child.yaml", ("parent.json:7:25 node 'sub'",)),
        ("child-ref-renamed", "parent.json", ()),
    ] == told(found)
    assert "'sub' names the same workflow by another path: child.json -> child.yaml" == found[-1].message


def test_moved_caller(versions):
    """A caller in another form is named by its new name, and is not told what stands with the nested workflow."""
    head = {"child.json": edited(CHILD, {"nodes/0/params/said": "so ${text}"}), "parent.yaml": PARENT}
    assert [
        ("param-changed", "child.json", ("parent.yaml:7:25 node 'sub'",)),
        ("form-changed", "parent.yaml", ()),
    ] == told(versions.compare_sets(FILES, head))


def test_names_of_files(versions):
    """What is told of a file has its name on each side where it is."""
    found = versions.compare_sets({"a.json": CHILD}, {"b.json": TRIAGE})
    assert [("workflow-removed", "a.json", MISSING), ("workflow-added", MISSING, "b.json")] == [
        (each.rule.code, each.base, each.head) for each in found
    ]
    (renamed,) = versions.compare_sets({"a.json": CHILD}, {"b.json": CHILD})
    assert ("a.json", "b.json", "head") == (renamed.base, renamed.head, renamed.side)


def test_same_stem(versions):
    """Two files of one stem are each held against the one of their own name."""
    base = {"a.json": CHILD, "a.yaml": TRIAGE}
    assert () == versions.compare_sets(base, base)


def test_nothing_to_compare(versions):
    """Errors before and after, or in a file that came or went, are for others to tell."""
    bad = {"a.json": "{"}
    assert () == versions.compare_sets(bad, bad)
    assert () == versions.compare_sets(bad, {})
    assert () == versions.compare_sets({}, bad)


def test_removed_with_its_caller(versions):
    """A caller that is gone as well is not named."""
    found = versions.compare_sets(FILES, {"other.json": TRIAGE})
    assert {"child.json": (), "parent.json": (), "other.json": ()} == {each.file: each.callers for each in found}
    above = {**FILES, "above.json": ABOVE}
    found = versions.compare_sets(above, {**FILES, "child.json": edited(CHILD, {"inputs/by": {"type": "string"}})})
    (needed,) = [each for each in found if each.rule.code == "input-required-added"]
    assert ["parent.json:8:26 node 'sub'"] == list(map(str, needed.callers))
