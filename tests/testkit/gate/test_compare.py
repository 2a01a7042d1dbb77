"""What a finding says, where it points, and whom it names."""

import pytest
from rule_pairs import CHILD, FILES, GONE, PARENT, TRIAGE, edited, edited_files

from pflow_engine import Position
from pflow_testkit.gate import compare
from pflow_testkit.gate.callers import Nesting

CHILD_MORE = edited(
    CHILD, {"inputs/loud": {"type": "boolean", "default": False}, "outputs/text": {"source": "${say.said}"}}
)
ABOVE = {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "parent.json"}}]}
OTHER = edited(PARENT, {"nodes/0/params/param_mapping/loud": True, "nodes/1/params/text": "${sub.also}"})
FOLDER = {"child.json": CHILD_MORE, "parent.json": PARENT, "sub/other.json": OTHER, "above.json": ABOVE}
FOLDER["sub/other.json"] = edited(OTHER, {"nodes/0/params/workflow_ref": "../child.json"})


def _told(found):
    return [(each.rule.code, each.file, each.callers) for each in found]


def _in_child(versions, edits, folder=None):
    before = folder or FOLDER
    found = versions.compare_sets(before, edited_files(before, {"child.json": edits}))
    return [each for each in found if each.file == "child.json"]


def _callers(found, code):
    (finding,) = [each for each in found if each.rule.code == code]
    return finding.callers


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


def test_renamed_without_namespacing(versions):
    """Without namespacing, only the id says which node is which."""
    base = {"nodes": [{"id": "a", "type": "echo", "params": {"x": 1}}], "enable_namespacing": False}
    assert {"node-added", "node-removed"} == versions.codes(base, edited(base, {"nodes/0/id": "b"}))


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


def test_item_is_no_input(versions):
    """A name that was an input and is the item of the batch now is another thing of the same name."""
    node = {"id": "a", "type": "echo", "params": {"x": "${one}"}, "batch": {"items": ["b"], "as": "it"}}
    head = {"nodes": [edited(node, {"batch/as": "one"})]}
    assert {"batch-alias-renamed", "template-changed"} == versions.codes({"nodes": [node]}, head)


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


def test_removed_input_names_giver(versions):
    """An input that is gone names who gives it, and who nests those; nobody where nobody does."""
    gone = _in_child(versions, {"inputs/loud": GONE})
    assert ("sub/other.json:10:19 node 'sub'",) == _callers(gone, "input-removed")
    found = _in_child(versions, {"inputs/text": GONE, "nodes/0/params/said": "x"})
    assert (
        "parent.json:9:19 node 'sub'",
        "sub/other.json:9:19 node 'sub'",
        "above.json:7:25 node 'top' (through parent.json)",
    ) == _callers(found, "input-removed")
    nobody = {name: ir for name, ir in FOLDER.items() if name != "sub/other.json"}
    assert () == _callers(_in_child(versions, {"inputs/loud": GONE}, nobody), "input-removed")


def test_added_input_names_who_lacks_it(versions):
    """An input that must be given names those who do not, at the place where they would."""
    found = _in_child(versions, {"inputs/by": {"type": "string"}})
    assert [each.rpartition(":")[0] for each in _callers(found, "input-required-added")] == [
        "parent.json:8", "sub/other.json:8", "above.json:7",
    ]  # fmt: skip
    assert "sub/other.json" not in str(
        _callers(_in_child(versions, {"inputs/loud/default": GONE}), "input-default-removed")
    )


def test_removed_output_names_reader(versions):
    """An output that is gone names those whose templates use it, with the line."""
    found = _in_child(versions, {"outputs/also": GONE})
    assert ("sub/other.json:18:18 node 'sub'",) == _callers(found, "output-removed")
    assert () == _callers(_in_child(versions, {"outputs/text": GONE}), "output-removed")


def test_reader_in_block(versions):
    """Of a text over many lines it is the line with the template."""
    step = (
        "## Steps\n\n### sub\n\nRuns.\n\n- type: workflow\n- workflow_ref: child.json\n- param_mapping: {text: hi}\n\n"
    )
    page = f"{step}### end\n\nEnds.\n\n- type: shell\n\n```shell command\necho one\necho two\necho ${{sub.said}}\n```\n"
    base = {"child.json": CHILD, "page.pflow.md": page}
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"outputs/said": GONE}}))
    assert ("page.pflow.md:20:6 node 'sub'",) == _callers(found, "output-removed")


def test_moved_file_names_callers(versions):
    """A file in another form has the callers that it had under its old name."""
    head = {"child.yaml": edited(CHILD, {"nodes/0/params/said": "so ${text}"})}
    head["parent.json"] = edited(PARENT, {"nodes/0/params/workflow_ref": "child.yaml"})
    found = versions.compare_sets(FILES, head)
    assert [
        ("form-changed", "child.yaml", ()),
        ("param-changed", "child.yaml", ("parent.json:7:25 node 'sub'",)),
        ("child-ref-renamed", "parent.json", ()),
    ] == _told(found)
    assert "'sub' names the same workflow by another path: child.json -> child.yaml" == found[-1].message


def test_whole_change_names_all(versions):
    """What a workflow does otherwise meets all who nest it; what is only written otherwise meets nobody."""
    changed = _in_child(versions, {"nodes/0/params/said": "so ${text}"})
    files = [each.partition(":")[0] for each in changed[0].callers]
    assert ["parent.json", "sub/other.json", "above.json"] == files
    assert () == _in_child(versions, {"nodes/0/purpose": "It speaks."})[0].callers


def test_mended_caller(versions):
    """A caller that was changed along is not named, and is not broken."""
    head = edited_files(FOLDER, {"child.json": {"inputs/loud": GONE}})
    head = edited_files(head, {"sub/other.json": {"nodes/0/params/param_mapping/loud": GONE}})
    found = versions.compare_sets(FOLDER, head)
    assert [("input-removed", "child.json", ()), ("param-mapping-changed", "sub/other.json", ())] == _told(found)


def test_broken_caller(versions):
    """A caller that has errors because of it is told as broken, at its own line."""
    found = versions.compare_sets(FILES, edited_files(FILES, {"child.json": {"inputs/by": {"type": "string"}}}))
    assert ["input-required-added", "child-contract-broken", "workflow-made-invalid"] == [
        each.rule.code for each in found
    ]
    broken = found[1]
    assert ("parent.json", Position(8, 26), "base", "sub") == (broken.file, broken.position, broken.side, broken.node)


def test_sound_but_broken_caller(versions):
    """A caller that is still sound may be broken all the same, by what is known only when it runs."""
    head = edited_files(
        FILES,
        {"child.json": {"inputs/text/type": "integer"}, "parent.json": {"nodes/0/params/param_mapping/text": "${n}"}},
    )
    base = edited_files(FILES, {"parent.json": {"nodes/0/params/param_mapping/text": "${n}"}})
    found = versions.compare_sets(base, head)
    assert ["input-type-changed", "child-contract-broken"] == [each.rule.code for each in found]
    assert ("parent.json:9:19 node 'sub'",) == found[0].callers
    assert ("parent.json", Position(9, 19), "head") == (found[1].file, found[1].position, found[1].side)


def test_narrowed_but_given(versions):
    """A caller that gives a fixed value of the narrower type is not met."""
    base = edited_files(FILES, {"child.json": {"inputs/text/type": "any"}})
    narrower = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": "string"}}))
    assert [("input-type-narrowed", "child.json", ())] == _told(narrower)


def test_narrowed_beyond_given(versions):
    """A caller that gives what is refused now is met, and so is one whose template may give it."""
    base = edited_files(FILES, {"child.json": {"inputs/text/type": "any"}})
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": "integer"}}))
    assert ("parent.json:9:19 node 'sub'",) == _callers(found, "input-type-narrowed")
    base["parent.json"] = edited(PARENT, {"nodes/0/params/param_mapping/text": "${n}"})
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": "string"}}))
    assert ("parent.json:9:19 node 'sub'",) == _callers(found, "input-type-narrowed")


def test_undeclared_outputs(versions):
    """Outputs that are declared for the first time meet who reads any."""
    base = edited_files(FILES, {"child.json": {"outputs": GONE}})
    head = edited_files(base, {"child.json": {"outputs": {"said": {"source": "${say.said}"}}}})
    assert ("parent.json:17:18 node 'sub'",) == _callers(versions.compare_sets(base, head), "outputs-first-declared")


def test_mapped_outputs(versions):
    """An output that goes by another name is still the child's, and so is that of a batch's items."""
    mapped = {"nodes/0/params/output_mapping": {"said": "word"}, "nodes/1/params/text": "${sub.word}"}
    base = edited_files(FILES, {"parent.json": mapped})
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"outputs/said/type": "string"}}))
    assert [("output-type-narrowed", 1)] == [(each.rule.code, len(each.callers)) for each in found]
    items = {"nodes/0/batch": {"items": ["a"]}, "nodes/1/params/text": "${sub.results[0].said} ${sub.count}"}
    base = edited_files(FILES, {"parent.json": items})
    for name, count in (("said", 1), ("also", 0)):
        found = versions.compare_sets(base, edited_files(base, {"child.json": {f"outputs/{name}/type": "string"}}))
        assert [count] == [len(each.callers) for each in found]


def test_taken_outputs(versions):
    """Who declares no outputs, or one without a source, gives on the child's."""
    bare = edited(PARENT, {"nodes/1": GONE, "outputs": GONE})
    by_name = edited(PARENT, {"nodes/1": GONE, "outputs": {"also": {}}})
    for parent, name, count in ((bare, "said", 1), (by_name, "also", 1), (by_name, "said", 0)):
        base = {**FILES, "parent.json": parent}
        found = versions.compare_sets(base, edited_files(base, {"child.json": {f"outputs/{name}/type": "string"}}))
        assert [count] == [len(each.callers) for each in found]


def test_nesting(versions):
    """Who nests whom is read off the files; what a template names is not known."""
    loose = edited(PARENT, {"nodes/0/params/workflow_ref": "${which}", "nodes/0/params/param_mapping": "${given}"})
    nesting = Nesting.of(versions.folder_of("head", {**FOLDER, "loose.json": loose, "bad.json": "{"}))
    assert [("parent.json", "sub"), ("sub/other.json", "sub")] == [
        (nest.file, nest.node.id) for nest in nesting.direct("child.json")
    ]
    assert ("parent.json", "sub/other.json", "above.json") == nesting.above("child.json")
    assert ["loose.json"] == [nest.file for nest in nesting.unknown]
    assert ((), ()) == (nesting.direct(None), nesting.above("above.json"))


def test_mapping_by_template(versions):
    """Whoever gives its inputs by a template may give any, or none."""
    loose = edited(PARENT, {"nodes/0/params/param_mapping": "${given}"})
    base = {**FILES, "parent.json": loose}
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": "integer"}}))
    assert ["parent.json:8:26 node 'sub'"] == [*_callers(found, "input-type-changed")]


def test_renamed_file(versions):
    """A file under another name is one that was renamed if most of it is the same, and its changes are told."""
    base = {"triage.json": TRIAGE}
    found = versions.compare_sets(base, {"sort/labels.yaml": edited(TRIAGE, {"nodes/0/params/timeout": 9})})
    assert [
        ("workflow-renamed", "sort/labels.yaml", ()),
        ("form-changed", "sort/labels.yaml", ()),
        ("param-changed", "sort/labels.yaml", ()),
    ] == _told(found)
    other = versions.compare_sets(
        base, {"labels.json": PARENT | {"nodes": [{"id": "a", "type": "echo"}], "outputs": {}}}
    )
    assert [("workflow-added", "labels.json", ()), ("workflow-removed", "triage.json", ())] == _told(other)


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
    ] == _told(found)
    moved["parent.json"] = edited(PARENT, {"nodes/0/params/workflow_ref": "kid.pflow.json"})
    assert [
        ("workflow-renamed", "kid.pflow.json", ()),
        ("child-ref-renamed", "parent.json", ()),
    ] == _told(versions.compare_sets(base, moved))


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
