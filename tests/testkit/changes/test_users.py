import copy

import pytest

from pflow_testkit.changes import trace_changes


def _users(traces, edit, ir=None):
    ir = ir or traces.triage
    old = traces.of(ir, {} if "inputs" not in ir else {"commits": [{"message": "a"}, {"message": "b"}]})
    return [change.users for change in trace_changes(old, traces.edited(old, edit), traces.workflow(ir)) if change.node]


def _label(index):
    return lambda trace: trace["nodes"][1]["outputs"]["results"][index].update(label="x")


@pytest.mark.parametrize(
    ("edit", "users"),
    [
        (lambda trace: trace["nodes"][0]["outputs"].pop("response"), ("classify",)),
        (lambda trace: trace["nodes"][0]["outputs"]["response"].pop(), ("classify",)),
        (_label(0), ("notify",)),
        (_label(1), ()),
        (lambda trace: trace["nodes"][1]["outputs"]["results"][0].update(version=2), ()),
        (lambda trace: trace["nodes"][1]["outputs"].update(success_count=7), ("notify", "output 'label_count'")),
        (lambda trace: trace["nodes"][2]["outputs"].pop("text"), ()),
        (lambda trace: trace["nodes"][0].update(action="x"), ()),
    ],
)
def test_users(traces, edit, users):
    """Who refers to what changed, to what is in it, or to what it is in."""
    assert [users] == _users(traces, edit)


def test_users_of_status(traces):
    """An item that fails changes the counts and the results."""

    def edit(trace):
        trace["nodes"][1]["batch"]["items"][1]["status"] = "cancelled"

    assert ("notify", "output 'label_count'") == _users(traces, edit)[0]


def test_looked_up_index(traces):
    """An index that is looked up at run time may be any."""
    ir = copy.deepcopy(traces.triage)
    ir["inputs"]["i"] = {"type": "integer", "default": 0}
    ir["nodes"][2]["params"]["first"] = "${classify.results[${i}].label}"
    assert [("notify",)] == _users(traces, _label(1), ir)


def test_output_without_source(traces):
    """An output without a source is taken from the last node that wrote its name."""
    nodes = [{"id": name, "type": "emit", "params": {"text": name}} for name in "ab"]
    ir = {"nodes": nodes, "edges": [{"from": "a", "to": "b"}], "outputs": {"text": {}}}

    def edit(index):
        return lambda trace: trace["nodes"][index]["outputs"].pop("text")

    assert [()] == _users(traces, edit(0), ir)
    assert [("output 'text'",)] == _users(traces, edit(1), ir)


def test_users_without_namespaces(traces):
    """Where all nodes write to one place, a reference names the output alone."""
    nodes = [
        {"id": "a", "type": "emit", "params": {"text": "x"}},
        {"id": "b", "type": "emit", "params": {"said": "${text}"}},
    ]
    ir = {"nodes": nodes, "edges": [{"from": "a", "to": "b"}], "enable_namespacing": False}
    users = _users(traces, lambda trace: trace["nodes"][0].update(outputs={"text": "y"}), ir)
    assert [("b",)] == users


def test_users_of_node_that_is_gone(traces):
    """Of a node that did not run, only those count that did."""

    def edit(trace):
        trace["nodes"] = trace["nodes"][:1]

    assert [("output 'label_count'",), ()] == _users(traces, edit)


def test_nobody_without_workflow(traces):
    """Without the workflow nobody is named."""
    old = traces.of_messages("a")
    assert [()] == [change.users for change in trace_changes(old, traces.edited(old, _label(0)))]
