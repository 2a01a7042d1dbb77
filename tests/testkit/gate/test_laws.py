"""What holds of every workflow, and of every two."""

import copy
import random

import pytest
from gate_pairs import IDS, renamed, spelled_otherwise, workflows
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rule_pairs import GONE, edited

from pflow_engine.document.write import to_text
from pflow_testkit.changes import Severity
from pflow_testkit.gate import compare_sets

FORMS = {"json": "json", "yaml": "yaml", "markdown": "pflow.md"}
_settings = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(workflows())
@_settings
def test_no_change_to_itself(versions, ir):
    """A workflow did not change from itself."""
    assert () == versions.compare(ir, copy.deepcopy(ir))


@given(workflows(), st.integers(0, 1000))
@_settings
def test_same_in_other_words(versions, ir, seed):
    """Order of keys, defaults and edges written out, blanks in templates, a wrapper: none of it is a change."""
    assert [] == [finding.message for finding in versions.compare(ir, spelled_otherwise(ir, seed))]


@given(workflows(), st.permutations(sorted(FORMS)))
@_settings
def test_same_in_each_form(versions, ir, forms):
    """A workflow in JSON, YAML and Markdown is the same; of its file only the form changed."""
    one, other, _ = forms
    base, head = ({f"w.{FORMS[form]}": to_text(ir, form)} for form in (one, other))
    found = versions.compare_sets(base, head)
    assert ["form-changed"] == [finding.rule.code for finding in found], [finding.message for finding in found]


@given(workflows(), st.data())
@_settings
def test_renamed_node(versions, ir, data):
    """A node with another id, all references with it, is one change, and breaks nobody."""
    ids = [node["id"] for node in ir["nodes"]]
    old = data.draw(st.sampled_from(ids))
    found = versions.compare(ir, renamed(ir, {old: "new"}))
    assert [("node-renamed", old, "new")] == [(each.rule.code, each.base, each.head) for each in found]


@given(workflows())
@_settings
def test_all_renamed(versions, ir):
    """So it is when every node has another id."""
    names = {node["id"]: f"new{index}" for index, node in enumerate(ir["nodes"])}
    found = versions.compare(ir, renamed(ir, names))
    assert [*names.items()] == [(each.base, each.head) for each in found]
    assert {"node-renamed"} == {each.rule.code for each in found}


@given(workflows(), workflows())
@_settings
def test_never_raises(versions, one, other):
    """Any two are compared; each change has words, a class and a place; none one way is none the other."""
    found = versions.compare(one, other)
    assert all(each.message.isprintable() and each.severity in Severity and each.path is not None for each in found)
    assert bool(found) == bool(versions.compare(other, one))


@given(st.lists(workflows(), min_size=2, max_size=4), st.data())
@_settings
def test_folders_never_raise(versions, irs, data):
    """So are any two folders, and equal ones have no change."""
    some = [None, *map(versions.workflow, irs)]
    names = ["a.json", "a.pflow.md", "b.yaml", "sub/c.json"]
    folder = st.dictionaries(st.sampled_from(names), st.sampled_from(some), max_size=4)
    base, head = data.draw(folder), data.draw(folder)
    compare_sets(base, head)
    assert () == compare_sets(base, base)


_SURE = {
    "input gone": {"inputs/since": GONE},
    "input added": {"inputs/new": {"type": "string"}},
    "input made required": {"inputs/notes": {}},
    "input narrowed": {"inputs/limit/type": "integer"},
    "input retyped": {"inputs/since/type": "array", "inputs/since/default": []},
    "output gone": {"outputs/sure": GONE},
    "output retyped": {"outputs/sure/type": "array"},
    "stops early": {"nodes/0/batch/error_handling": "fail_fast"},
    "strict": {"template_resolution_mode": "strict"},
}
_MADE_SURE = {
    "inputs/since": {"type": "string", "default": "x"},
    "inputs/limit": {"type": "number", "default": 1},
    "inputs/notes": {"required": False},
    "outputs/sure": {"type": "string", "source": "x"},
    "nodes/0/batch": {"items": ["a"], "as": "it", "error_handling": "continue"},
    "nodes/0/params": {"text": "${it}"},
    "template_resolution_mode": "permissive",
}


@pytest.mark.parametrize("breakage", _SURE)
@given(ir=workflows(), names=IDS, seed=st.integers(0, 1000))
@settings(_settings, max_examples=15)
def test_sure_breakage(versions, breakage, ir, names, seed):
    """What is sure to break users is BREAKING, whatever else is renamed and spelled otherwise along with it."""
    ids = [node["id"] for node in ir["nodes"]]
    base = _sound(versions, edited(ir, _MADE_SURE))
    new = dict(zip(ids, (f"{name}-2" for name in names), strict=False))
    head = _sound(versions, spelled_otherwise(renamed(edited(base, _SURE[breakage]), new), seed))
    found = versions.compare(base, head)
    assert Severity.BREAKING in {finding.severity for finding in found}


@given(workflows(), st.integers(0, 1000))
@_settings
def test_any_change_told(versions, ir, seed):
    """Whatever is changed in what a workflow does, something is told."""
    head = _changed(ir, random.Random(seed))
    assert versions.compare(ir, head)


def _sound(versions, ir):
    # A node that read the first one's text reads what is no longer there.
    try:
        versions.workflow(ir)
    except Exception:  # noqa: BLE001  # any of them: such a pair is not for this law
        assume(condition=False)
    return ir


def _changed(ir, chance):
    node = chance.randrange(len(ir["nodes"]))
    edits = [
        {f"nodes/{node}/params/new": "x"},
        {f"nodes/{node}/params/text": "other"},
        {f"nodes/{node}/type": "read-file", f"nodes/{node}/params": {"file_path": "x"}},
        {f"nodes/{node}/purpose": "Else."},
        {"description": "Else."},
        {"inputs/new": {"type": "string", "default": "x"}},
        {f"nodes/{len(ir['nodes'])}": {"id": "new", "type": "echo"}, "edges": GONE},
    ]
    edits = edits if "edges" in ir else [each for each in edits if "edges" not in each]
    edits = [
        each for each in edits if f"nodes/{node}/type" not in each or (len(ir["nodes"]) == 1 and not ir["outputs"])
    ]
    return edited(ir, chance.choice(edits))
