import copy

import pytest

from pflow_testkit.changes import Severity, trace_changes


def _told(old, new, workflow=None):
    return [f"{change.node or 'run'}: {change.what} {change.how}" for change in trace_changes(old, new, workflow)]


def _of(node, changes):
    return [f"{change.severity} {change.what} {change.how}" for change in changes if change.node == node]


def _batch(traces, old, new, labels=None):
    changes = trace_changes(traces.of_messages(*old), traces.of_messages(*new, labels=labels))
    return _of("classify", changes)


def test_item_inserted(traces):
    """An inserted item is one line, and so is what came with it at each other node."""
    told = _told(traces.of_messages("a", "b"), traces.of_messages("a", "x", "b"))
    assert [
        'fetch: params.response[1] added: {"message": "x"}',
        'fetch: output \'response\'[1] added: {"message": "x"}',
        'classify: items[1] added: {"message": "x"}',
        'notify: params.text "2 labels" -> "3 labels"',
        'notify: output \'text\' "2 labels" -> "3 labels"',
        'run: input \'commits\'[1] added: {"message": "x"}',
        "run: output 'label_count' 2 -> 3",
    ] == told


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (["a", "c"], ['BEHAVIOUR items[1] removed: {"message": "b"}']),
        (["c", "a", "b"], ["BEHAVIOUR items[0] moved here from [2]"]),
        (["a", "b", "d"], ['BEHAVIOUR items[2].item.message "c" -> "d"']),
        (["a", "b", "c", "ask"], ['BEHAVIOUR items[3] added: {"message": "ask"}']),
        (["ask", "a", "b", "c"], ['BEHAVIOUR items[0] added: {"message": "ask"}']),
        (
            ["a", "crash", "c"],
            [
                'BEHAVIOUR items[1].item.message "b" -> "crash"',
                'BREAKING items[1].status "completed" -> "failed"',
                'BREAKING items[1].error added: "rate limited"',
            ],
        ),
    ],
)
def test_items(traces, new, told):
    """What became of an item is said once, without the counts that follow from it."""
    assert told == _batch(traces, ["a", "b", "c"], new)


def test_item_of_model_calls(traces):
    """A model call belongs to its item, so that one that moves on with it is no change."""
    assert ['BEHAVIOUR items[0] removed: {"message": "a"}'] == _batch(traces, ["a", "ask", "b"], ["ask", "b"])


def test_item_healed(traces):
    """An item that failed before and does not now is better, and its outputs are new."""
    old = traces.of_messages("a", "crash")
    new = traces.edited(
        traces.of_messages("a", "b"),
        lambda trace: trace["nodes"][1]["outputs"]["results"][1].update(item={"message": "crash"}),
    )
    assert [
        'BEHAVIOUR items[1].status "failed" -> "completed"',
        "BEHAVIOUR items[1].error removed",
        'BEHAVIOUR items[1].label added: "bug"',
        "BEHAVIOUR items[1].version added: 1",
    ] == _of("classify", trace_changes(old, new))


def test_same_in_many_items(traces):
    """The same change in many items is one line; up to three are shown one by one."""
    many = [str(n) for n in range(10)]
    labels = dict.fromkeys(many, "feature")
    assert ['BEHAVIOUR items[0].label "bug" -> "feature" (and 9 more items)'] == _batch(traces, many, many, labels)
    assert [f'BEHAVIOUR items[{n}].label "bug" -> "feature"' for n in range(3)] == _batch(
        traces, many[:3], many[:3], labels
    )


def test_item_output_removed(traces):
    """An output that items no longer have breaks who reads it; one of another type does, too."""

    def edit(trace):
        first, second = trace["nodes"][1]["outputs"]["results"]
        del first["version"]
        second["version"] = "1"

    old = traces.of_messages("a", "b")
    changes = trace_changes(old, traces.edited(old, edit))
    assert ["BREAKING items[0].version removed", 'BREAKING items[1].version 1 (integer) -> "1" (string)'] == _of(
        "classify", changes
    )
    assert [0, 1] == [change.item for change in changes]


def test_item_output_named_status(traces):
    """An output that has the name of a field of the trace is told from it."""
    old = traces.edited(
        traces.of_messages("a"), lambda trace: trace["nodes"][1]["outputs"]["results"][0].update(status="x")
    )
    new = traces.edited(old, lambda trace: trace["nodes"][1]["outputs"]["results"][0].update(status="y"))
    assert ['BEHAVIOUR items[0].outputs.status "x" -> "y"'] == _of("classify", trace_changes(old, new))


def test_attempts(traces):
    """Another number of attempts is said at the item, not at the metadata that counts it."""

    def edit(trace):
        node = trace["nodes"][1]
        node["batch"]["items"][1]["attempts"] = 2
        node["batch"]["metadata"]["retried"] = node["outputs"]["batch_metadata"]["retried"] = 1

    old = traces.of_messages("a", "b")
    assert ["classify: items[1].attempts 1 -> 2"] == _told(old, traces.edited(old, edit))


def test_count_that_does_not_follow(traces):
    """A count that the items do not come to is compared."""
    old = traces.of_messages("a", "b")
    new = traces.edited(old, lambda trace: trace["nodes"][1]["outputs"].update(count=3))
    assert ["classify: output 'count' 2 -> 3"] == _told(old, new)


def test_batch_settings(traces):
    """A setting of the batch, which the trace has twice, is said once."""
    sequential = copy.deepcopy(traces.triage)
    sequential["nodes"][1]["batch"]["parallel"] = False
    commits = {"commits": [{"message": "a"}]}
    changes = trace_changes(traces.of(traces.triage, commits), traces.of(sequential, commits))
    assert [
        "BEHAVIOUR batch_metadata.parallel true -> false",
        'BEHAVIOUR batch_metadata.execution_mode "parallel" -> "sequential"',
        "BEHAVIOUR batch_metadata.max_concurrent 10 (integer) -> null (null)",
    ] == _of("classify", changes)


def test_no_batch_any_more(traces):
    """A node that was a batch and is none is one line, and the outputs it has instead."""
    old = traces.of_nodes({"id": "a", "type": "label", "params": {"message": "x"}, "batch": {"items": [1, 2]}})
    new = traces.of_nodes({"id": "a", "type": "label", "params": {"message": "x"}})
    told = ["BREAKING batch removed", "BEHAVIOUR output 'label' added: \"bug\"", "BEHAVIOUR output 'version' added: 1"]
    assert told == _of("a", trace_changes(old, new))
    back = [
        'BEHAVIOUR batch added: {"items": 2}',
        "BREAKING output 'label' removed",
        "BREAKING output 'version' removed",
    ]
    assert back == _of("a", trace_changes(new, old))


def test_unstarted_items(traces):
    """Items that were never started keep their places, since nobody knows what they were."""
    batch = {"id": "a", "type": "label", "params": {"message": "${item}"}, "batch": {"items": ["x", "y", "z"]}}
    broken = {**batch, "batch": {"items": ["x", "crash", "z"]}}
    told = _of("a", trace_changes(traces.of_nodes(batch), traces.of_nodes(broken)))
    assert [
        'BREAKING status "completed" -> "failed"',
        "BREAKING error added: \"item 1 of batch 'a' failed: rate limited\"",
        'BEHAVIOUR items[1].item "y" -> "crash"',
        'BREAKING items[1].status "completed" -> "failed"',
        'BREAKING items[1].error added: "rate limited"',
        'BREAKING items[2].status "completed" -> "cancelled"',
        "BEHAVIOUR items[2].attempts 1 -> 0",
    ] == told


def test_node_failed(traces):
    """A failure is said once, at the node, and that the run failed."""
    old = traces.of_nodes({"id": "a", "type": "emit"}, {"id": "b", "type": "emit"}, outputs={})
    new = traces.of_nodes({"id": "a", "type": "crash"}, {"id": "b", "type": "emit"}, outputs={})
    assert [
        'a: type "emit" -> "crash"',
        'a: status "completed" -> "failed"',
        'a: error added: "boom"',
        "b:  did not run, it did before",
        'run: status "success" -> "failed"',
    ] == _told(old, new)
    assert [Severity.BEHAVIOUR] * 5 == [change.severity for change in trace_changes(new, old)]


def test_reported_error(traces):
    """A node that reports its error in an output says it once, too."""
    node = {"id": "a", "type": "label", "params": {"message": "x"}}
    batch = {"id": "a", "type": "label", "params": {"message": "crash"}}
    batch["batch"] = {"items": [1], "error_handling": "continue"}
    failed = traces.of_nodes(batch)
    assert "error" in failed["nodes"][0]["outputs"]
    assert [] == [change for change in trace_changes(traces.of_nodes(node), failed) if change.what == "output 'error'"]


def test_run_error_of_its_own(traces):
    """An error that is not of a node is said at the run."""
    old = traces.of_nodes({"id": "a", "type": "emit"})
    new = traces.edited(old, lambda trace: trace.update(error="the run was cancelled", status="failed"))
    told = ['BREAKING status "success" -> "failed"', 'BREAKING error added: "the run was cancelled"']
    assert told == _of("", trace_changes(old, new))


def test_action(traces):
    """Another action is a change of its own where the status does not tell it."""
    old = traces.of_nodes({"id": "a", "type": "emit"})
    new = traces.edited(old, lambda trace: trace["nodes"][0].update(action="skip"))
    assert ['a: action "default" -> "skip"'] == _told(old, new)


def test_template_not_said_again(traces):
    """Where the value of a param changed, the template that led to it is not told."""
    ir = {"inputs": {"x": {"type": "integer"}}, "nodes": [{"id": "a", "type": "emit", "params": {"v": "${x}"}}]}
    told = _told(traces.of(ir, {"x": 1}), traces.of(ir, {"x": 2}))
    assert ["a: params.v 1 -> 2", "a: output 'v' 1 -> 2", "run: input 'x' 1 -> 2"] == told


def test_template_spelling(traces):
    """A template that is spelled in another way and gives the same is cosmetic, in a batch as well."""
    old, new = copy.deepcopy(traces.triage), copy.deepcopy(traces.triage)
    new["nodes"][0]["params"]["response"] = "${ commits }"
    new["nodes"][1]["batch"]["as"] = "item"
    new["nodes"][1]["params"]["message"] = "${item.message}"
    inputs = {"commits": [{"message": "a"}]}
    changes = trace_changes(traces.of(old, inputs), traces.of(new, inputs))
    assert ['COSMETIC templates "${commits}" -> "${ commits }"'] == _of("fetch", changes)
    assert ['COSMETIC params.message "${commit.message}" -> "${item.message}"'] == _of("classify", changes)
    new["nodes"][1]["params"]["message"] = "no ${item.message}"
    changes = trace_changes(traces.of(old, inputs), traces.of(new, inputs))
    assert ['BEHAVIOUR params.message "${commit.message}" -> "no ${item.message}"'] == _of("classify", changes)


@pytest.mark.parametrize(
    ("field", "value", "severity"),
    [
        ("workflow", "other", Severity.COSMETIC),
        ("trace_version", "2", Severity.COSMETIC),
        ("status", "degraded", Severity.BREAKING),
        ("inputs", {"commits": [], "labels": {}}, Severity.BEHAVIOUR),
        ("outputs", {}, Severity.BREAKING),
        ("outputs", {"label_count": "1"}, Severity.BREAKING),
        ("outputs", {"label_count": 2}, Severity.BEHAVIOUR),
    ],
)
def test_run_severity(traces, field, value, severity):
    """What changed at the run, and how bad it is."""
    old = traces.of_messages("a")
    changes = trace_changes(old, traces.edited(old, lambda trace: trace.update({field: value})))
    assert [severity] == [change.severity for change in changes]


@pytest.mark.parametrize(
    ("field", "value", "severity"),
    [
        ("warnings", ["careful"], Severity.COSMETIC),
        ("unresolved", ["${x}"], Severity.BEHAVIOUR),
        ("type", "echo", Severity.BEHAVIOUR),
        ("error", "late", Severity.BREAKING),
        ("status", "failed", Severity.BREAKING),
        ("llm_calls", [{"model": "m"}], Severity.BEHAVIOUR),
        ("outputs", {}, Severity.BREAKING),
        ("params", {"response": 1}, Severity.BEHAVIOUR),
    ],
)
def test_node_severity(traces, field, value, severity):
    """What changed at a node, and how bad it is."""
    old = traces.of_messages("a")
    changes = trace_changes(old, traces.edited(old, lambda trace: trace["nodes"][0].update({field: value})))
    assert [("fetch", severity)] == [(change.node, change.severity) for change in changes]


def test_nodes_new_and_gone(traces):
    """A node that ran and did not before, or the other way round, is one line where it ran."""
    a, b, c = ({"id": name, "type": "emit", "params": {"v": name}} for name in "abc")
    old, new = traces.of_nodes(a, b, outputs={"v": {}}), traces.of_nodes(a, c, b, outputs={"v": {}})
    assert ["c:  ran, it did not before"] == _told(old, new)
    assert ["c:  did not run, it did before"] == _told(new, old)


def test_nodes_reordered(traces):
    """A node that ran at another point is one line that says where."""
    a, b, c = ({"id": name, "type": "emit"} for name in "abc")
    told = _told(traces.of_nodes(a, b, c), traces.of_nodes(b, c, a))
    assert ["a: order ran after 'c', before it ran first"] == told


def test_loop_turn_inserted(traces):
    """A turn of a loop that was not there is one line for each of its nodes."""

    def turns(*values):
        runs = [
            {"id": name, "type": "emit", "status": "completed", "outputs": {"v": v}} for v in values for name in "ab"
        ]
        return {"status": "success", "nodes": runs}

    assert ["a:  run 2 of 4 is new", "b:  run 2 of 4 is new"] == _told(turns(1, 2, 3), turns(1, 9, 2, 3))
    assert ["a:  run 2 of 3 did not happen again", "b:  run 2 of 3 did not happen again"] == _told(
        turns(1, 2, 3), turns(1, 3)
    )


def test_loop_turn_changed(traces):
    """What changed in one turn is told with its number."""
    old = traces.of_turns("x", "y", "z")
    new = traces.edited(old, lambda trace: trace["nodes"][3]["outputs"].update(said="Y"))
    (change,) = trace_changes(old, new)
    assert ("say", 1, "output 'said'", '"y" -> "Y"') == (change.node, change.occurrence, change.what, change.how)


def test_left_out_fields(traces):
    """Fields that are null or empty may be left out of either."""
    full = traces.of_messages("a", "crash")

    def bare(record):
        return {key: value for key, value in record.items() if value not in (None, [], {})}

    short = bare({**full, "nodes": [bare(node) for node in full["nodes"]]})
    batch = short["nodes"][1]["batch"]
    batch["items"] = [bare(item) for item in batch["items"]]
    assert short != full
    assert [] == trace_changes(full, short) == trace_changes(short, full)


def test_undeclared_outputs(traces):
    """Outputs of a run that are those of its last node are not said again."""
    old, new = (traces.of_nodes({"id": "a", "type": "emit", "params": {"v": v}}) for v in (1, 2))
    assert ["a: params.v 1 -> 2", "a: output 'v' 1 -> 2"] == _told(old, new)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda trace: trace.update(nodes="none"),
        lambda trace: trace["nodes"].append(3),
        lambda trace: trace["nodes"][1].update(id=7),
        lambda trace: trace["nodes"][1].update(batch=7),
        lambda trace: trace["nodes"][1].update(outputs=[1]),
        lambda trace: trace["nodes"][1].update(templates=[1]),
        lambda trace: trace["nodes"][1]["batch"].update(items={"a": 1}),
        lambda trace: trace["nodes"][1]["batch"]["items"].pop(),
        lambda trace: trace["nodes"][1]["batch"]["items"][0].update(index=5),
        lambda trace: trace["nodes"][1]["batch"]["items"][0].pop("index"),
        lambda trace: trace["nodes"][1]["outputs"]["results"].append(None),
        lambda trace: trace["nodes"][1]["outputs"]["results"].__setitem__(0, "x"),
        lambda trace: trace["nodes"][1]["outputs"].update(errors=[1]),
        lambda trace: trace["nodes"][1]["outputs"]["errors"][0].update(index=True),
        lambda trace: trace["nodes"][1]["outputs"]["errors"][0].update(attempts=9),
        lambda trace: trace["nodes"][1]["outputs"]["errors"][0].update(item="other"),
        lambda trace: trace["nodes"][1]["outputs"].update(errors=trace["nodes"][1]["outputs"]["errors"] * 2),
        lambda trace: trace["nodes"][1]["outputs"].update(errors=None),
        lambda trace: trace["nodes"][1].update(llm_calls=[{"item_index": "x"}]),
        lambda trace: trace["nodes"][1]["batch"]["metadata"].update(retried="x"),
        lambda trace: trace["nodes"][1]["batch"].update(more=1),
        lambda trace: trace["nodes"][1].update(llm_calls=[{"item_index": 2}, {"item_index": 0}]),
    ],
)
def test_edited_by_hand(traces, break_it):
    """A trace that is not as the engine writes it is compared all the same, in either place."""
    whole = traces.of_messages("a", "crash", "b")
    edited = traces.edited(whole, break_it)
    assert [] != trace_changes(edited, whole)
    assert [] != trace_changes(whole, edited)
    assert [] == trace_changes(edited, copy.deepcopy(edited))


@pytest.mark.parametrize("old", [None, 1, "x", [], [{}]])
def test_no_trace_at_all(traces, old):
    """What is no trace is one value against another."""
    (change,) = trace_changes(old, traces.of_messages("a"))
    assert "the trace" == change.what
