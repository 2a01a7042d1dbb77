"""Who nests whom, and who is met by a change."""

import pytest
from rule_pairs import CHILD, FILES, GONE, PARENT, edited, edited_files, told

from pflow_engine import Position
from pflow_testkit.gate.comparing.callers import Nesting

CHILD_MORE = edited(
    CHILD, {"inputs/loud": {"type": "boolean", "default": False}, "outputs/text": {"source": "${say.said}"}}
)
ABOVE = {"nodes": [{"id": "top", "type": "workflow", "params": {"workflow_ref": "parent.json"}}]}
OTHER = edited(PARENT, {"nodes/0/params/param_mapping/loud": True, "nodes/1/params/text": "${sub.also}"})
FOLDER = {"child.json": CHILD_MORE, "parent.json": PARENT, "sub/other.json": OTHER, "above.json": ABOVE}
FOLDER["sub/other.json"] = edited(OTHER, {"nodes/0/params/workflow_ref": "../child.json"})


def _in_child(versions, edits, folder=None):
    before = folder or FOLDER
    found = versions.compare_sets(before, edited_files(before, {"child.json": edits}))
    return [each for each in found if each.file == "child.json"]


def _callers(found, code):
    (finding,) = [each for each in found if each.rule.code == code]
    return tuple(map(str, finding.callers))


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


def test_whole_change_names_all(versions):
    """What a workflow does otherwise meets all who nest it; what is only written otherwise meets nobody."""
    changed = _in_child(versions, {"nodes/0/params/said": "so ${text}"})
    files = [each.file for each in changed[0].callers]
    assert ["parent.json", "sub/other.json", "above.json"] == files
    assert () == _in_child(versions, {"nodes/0/purpose": "It speaks."})[0].callers


def test_mended_caller(versions):
    """A caller that was changed along is not named, and is not broken."""
    head = edited_files(FOLDER, {"child.json": {"inputs/loud": GONE}})
    head = edited_files(head, {"sub/other.json": {"nodes/0/params/param_mapping/loud": GONE}})
    found = versions.compare_sets(FOLDER, head)
    assert [("input-removed", "child.json", ()), ("param-mapping-changed", "sub/other.json", ())] == told(found)


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
    assert ["parent.json:9:19 node 'sub'"] == list(map(str, found[0].callers))
    assert ("parent.json", Position(9, 19), "head") == (found[1].file, found[1].position, found[1].side)


def test_narrowed_but_given(versions):
    """A caller that gives a fixed value of the narrower type is not met."""
    base = edited_files(FILES, {"child.json": {"inputs/text/type": "any"}})
    narrower = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": "string"}}))
    assert [("input-type-narrowed", "child.json", ())] == told(narrower)


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


def test_outputs_of_last_child(versions):
    """Who declares no outputs gives the child's: more of them break nobody, fewer do."""
    base = {**FILES, "parent.json": edited(PARENT, {"nodes/1": GONE, "outputs": GONE})}
    more = edited_files(base, {"child.json": {"outputs/more": {"source": "${say.said}"}}})
    assert ["output-added"] == [each.rule.code for each in versions.compare_sets(base, more)]
    fewer = [each.rule.code for each in versions.compare_sets(more, base)]
    assert ["output-removed", "last-outputs-changed", "child-contract-broken"] == fewer


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


@pytest.mark.parametrize(("was", "now", "change"), [("string", "integer", "changed"), ("any", "string", "narrowed")])
def test_mapping_by_template(versions, was, now, change):
    """Whoever gives its inputs by a template may give any, or none."""
    loose = edited(PARENT, {"nodes/0/params/param_mapping": "${given}"})
    base = edited_files({**FILES, "parent.json": loose}, {"child.json": {"inputs/text/type": was}})
    found = versions.compare_sets(base, edited_files(base, {"child.json": {"inputs/text/type": now}}))
    assert ("parent.json:8:26 node 'sub'",) == _callers(found, f"input-type-{change}")
