from typing import ClassVar

import pytest

from pflow_engine import Node, Registry
from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import from_data
from pflow_engine.nodes import Interface
from pflow_engine.validation import validate
from pflow_testkit.coverage.hits import Written, keys_of, runs_in
from pflow_testkit.coverage.places import places_of


class _Fussy(Node):
    """Fails on an item called bad; one called shy fails the first time it is tried."""

    interface = Interface(open_params=True, open_outputs=True)
    tried: ClassVar[list] = []

    def exec(self, prep_result):
        what = self.params.get("what")
        first = what not in type(self).tried
        type(self).tried.append(what)
        if what == "bad" or (what == "shy" and first):
            raise ValueError(f"cannot take {what}")
        return what

    def post(self, shared, prep_result, exec_result):
        shared["said"] = exec_result
        return self.params.get("action")


@pytest.fixture
def registry():
    """The built-in types and the fussy one, which has not tried anything yet."""
    registry = Registry.default()
    _Fussy.tried = []
    registry.register("fussy", _Fussy)
    return registry


def _split(ir, registry, *runs):
    """The texts of what runs with these inputs reached, and of what they did not."""
    workflow = validate(from_data(ir), registry)
    flow = compile_ir_to_flow(workflow, registry)
    reached = {key for inputs in runs for key in keys_of(Written(workflow).seen(flow.run(inputs).trace))}
    places = list(places_of(workflow, registry))
    return [each.text for each in places if each.key in reached], [e.text for e in places if e.key not in reached]


def _batch(**settings):
    node = {"id": "ask", "type": "fussy", "params": {"what": "${item}"}, "batch": {"items": "${names}", **settings}}
    return {"inputs": {"names": {"type": "array"}}, "nodes": [node]}


BRANCHES = {
    "inputs": {"way": {"type": "string"}, "what": {"default": "fine"}},
    "nodes": [
        {"id": "pick", "type": "fussy", "params": {"action": "${way}", "what": "${what}"}},
        {"id": "left", "type": "echo", "params": {"text": "${way}"}},
        {"id": "right", "type": "echo", "params": {"text": "right"}},
    ],
    "edges": [
        {"from": "pick", "to": "left"},
        {"from": "pick", "to": "right", "action": "right"},
        {"from": "pick", "to": "right", "action": "error"},
    ],
}


def test_one_branch(registry):
    """What lies on another way than the run took is not reached."""
    reached, missed = _split(BRANCHES, registry, {"way": "default"})
    assert ["pick", "pick: ${way}", "pick: ${what}", "left", "left: ${way}", "pick -> left"] == reached
    assert ["pick fails", "right", "pick -[right]-> right", "pick -[error]-> right"] == missed


def test_every_branch(registry):
    """Runs along every edge reach all of it, also the failure behind an error edge."""
    runs = {"way": "default"}, {"way": "right"}, {"way": "x", "what": "bad"}
    assert [] == _split(BRANCHES, registry, *runs)[1]


def test_parallel_edges_apart(registry):
    """Two edges between the same nodes are told apart by their actions."""
    _, missed = _split(BRANCHES, registry, {"way": "default"}, {"way": "right"})
    assert ["pick fails", "pick -[error]-> right"] == missed


@pytest.mark.parametrize(
    ("settings", "names", "outcomes"),
    [
        ({}, [], ["no items"]),
        ({}, ["a"], ["one item"]),
        ({}, ["a", "b"], ["many items"]),
        ({}, ["a", "bad"], ["many items", "an item failed and ended it"]),
        ({"error_handling": "continue"}, ["a", "bad"], ["many items", "an item failed"]),
        ({"error_handling": "continue"}, ["bad", "bad"], ["many items", "all items failed"]),
        ({"error_handling": "continue"}, ["bad"], ["one item", "all items failed"]),
        ({"max_retries": 2}, ["shy"], ["one item", "an item succeeded when tried again"]),
        ({"max_retries": 2}, ["a"], ["one item"]),
        (
            {"max_retries": 2, "error_handling": "continue"},
            ["shy", "bad"],
            ["many items", "an item failed", "an item succeeded when tried again", "an item failed when tried again"],
        ),
    ],
)
def test_batch_outcomes(registry, settings, names, outcomes):
    """Each thing that may become of a batch is reached by a run where it did, in both modes."""
    for parallel in (False, True):
        _Fussy.tried = []
        reached, _ = _split(_batch(parallel=parallel, **settings), registry, {"names": names})
        assert outcomes == [
            text.removeprefix("ask: ") for text in reached if text.startswith("ask: ") and "$" not in text
        ]


def test_empty_batch_reads_nothing(registry):
    """The params of a batch without items were not resolved, its items were."""
    reached, missed = _split(_batch(), registry, {"names": []})
    assert ["ask: ${names}"] == [text for text in reached if "$" in text]
    assert ["ask: ${item}"] == [text for text in missed if "$" in text]


@pytest.mark.parametrize(
    ("items", "settings", "outcomes"),
    [
        (["a"], {}, ["an item failed and ended it"]),
        (["a"], {"error_handling": "continue"}, ["all items failed"]),
        (["a", "b"], {"error_handling": "continue"}, ["an item failed", "all items failed"]),
    ],
)
def test_fixed_items(registry, items, settings, outcomes):
    """Of an inline list it is known how many there are: no other number is asked for."""
    node = {"id": "ask", "type": "fussy", "params": {"what": "${item}"}, "batch": {"items": items, **settings}}
    _, missed = _split({"nodes": [node]}, registry, {})
    assert outcomes == [text.removeprefix("ask: ") for text in missed]


def test_type_that_cannot_fail(registry):
    """Nobody is asked to let a node fail whose type cannot."""
    node = {"id": "say", "type": "echo", "params": {"text": "${item}"}, "batch": {"items": "${names}"}}
    reached, missed = _split({"inputs": {"names": {}}, "nodes": [node]}, registry, {"names": [1]})
    assert ["say: no items", "say: many items"] == missed
    assert "say: one item" in reached


CHOICES = {
    "inputs": {"user": {"type": "object"}},
    "nodes": [{"id": "say", "type": "echo", "params": {"text": 'Hi ${user.nick ?? user.name ?? "you"}'}}],
    "outputs": {"text": {"source": "${say.text}"}},
}


def test_choices_apart(registry):
    """Of a template with choices each is reached by a run that took it."""
    reached, missed = _split(CHOICES, registry, {"user": {"name": "Ada"}})
    assert ['say: ${user.nick ?? user.name ?? "you"}, by user.name'] == [text for text in reached if "??" in text]
    assert 2 == len(missed)
    runs = [{"user": user} for user in ({"name": "Ada"}, {"nick": "A"}, {})]
    assert [] == [text for text in _split(CHOICES, registry, *runs)[1] if "??" in text]


def test_choices_of_items(registry):
    """In a batch every item chooses for itself, the failed ones too."""
    params = {"what": '${item.what ?? item.other ?? "none"}'}
    batch = {"items": "${all}", "error_handling": "continue"}
    ir = {"inputs": {"all": {}}, "nodes": [{"id": "ask", "type": "fussy", "params": params, "batch": batch}]}
    _, missed = _split(ir, registry, {"all": [{"what": "bad"}, {"other": 1}]})
    assert ['ask: ${item.what ?? item.other ?? "none"}, by "none"'] == [text for text in missed if "$" in text]


@pytest.mark.parametrize(
    ("template", "items", "taken"),
    [
        ('${item.a ?? item.b ?? "c"}', [1, 2, {"b": 1}, {"b": 2}, {"a": 1, "b": 2}], ["item.a", "item.b", '"c"']),
        ('${item[1] ?? "none"}', [[1], [2], [1, 2]], ["item[1]", '"none"']),
        ('${item.a ?? "none"}', ['{"a": 1}', "[]", "x"], ["item.a", '"none"']),
        ('${item.a.b ?? "none"}', [{"a": 1}, {"a": {"b": 1}}], ["item.a.b", '"none"']),
        ('${names[${item}] ?? "none"}', [7, 0], ["names[${item}]", '"none"']),
    ],
)
def test_items_choose_by_shape(registry, template, items, taken):
    """Items of one shape choose alike; where a template looks deeper than that, each is asked."""
    ir = {
        "inputs": {"all": {}, "names": {}},
        "nodes": [{"id": "say", "type": "echo", "params": {"x": template}, "batch": {"items": "${all}"}}],
    }
    reached, _ = _split(ir, registry, {"all": items, "names": ["Ada"]})
    assert taken == [text.partition(", by ")[2] for text in reached if ", by " in text]


def test_unresolved_is_not_reached(registry):
    """A template that had no value is not reached, though its node began."""
    ir = {
        "inputs": {"given": {}},
        "nodes": [{"id": "say", "type": "echo", "params": {"text": "${given.deep.down}", "to": "${given}"}}],
        "template_resolution_mode": "permissive",
    }
    _, missed = _split(ir, registry, {"given": 1})
    assert ["say: ${given.deep.down}"] == missed


def test_without_namespaces(registry):
    """Where outputs stand at the root, choices are looked up there."""
    ir = {
        "nodes": [
            {"id": "first", "type": "echo", "params": {"text": "x"}},
            {"id": "say", "type": "echo", "params": {"text": "${first.nothing ?? text}"}},
        ],
        "enable_namespacing": False,
        "template_resolution_mode": "permissive",
        "inputs": {"text": {"default": "given"}},
    }
    _, missed = _split(ir, registry, {})
    assert ["say: ${first.nothing ?? text}, by first.nothing"] == [text for text in missed if "$" in text]


def test_nested_by_file(registry, tmp_path):
    """A nested run reaches places of the file that it is in, whichever workflow nests it."""
    child = tmp_path / "child.json"
    child.write_text(
        '{"inputs": {"text": {}}, "nodes": [{"id": "say", "type": "echo", "params": {"text": "${text}"}}]}'
    )
    params = {"workflow_ref": str(child), "param_mapping": {"text": "${item}"}}
    ir = {"nodes": [{"id": "sub", "type": "workflow", "params": params, "batch": {"items": ["a", "b"]}}]}
    workflow = validate(from_data(ir), registry)
    runs = runs_in(workflow, compile_ir_to_flow(workflow, registry).run({}).trace)
    reached = [(each.document.file, *keys_of(Written(each).seen(trace))) for each, trace in runs]
    assert [
        ("<ir>", "node sub", "template sub 0 ${item}"),
        *2 * [(str(child), "node say", "template say 0 ${text}")],
    ] == [tuple(text for text in keys if not text.startswith("batch")) for keys in reached]
