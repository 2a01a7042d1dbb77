import copy
import json

from pflow_engine import load
from pflow_testkit.changes import Change, Severity, changes_report, first_in_words, trace_changes, value_changes


def _change(what="action", how="1 -> 2", severity=Severity.BEHAVIOUR, **fields):
    return Change(severity, **{"node": "a", "occurrence": 0, "item": None, "what": what, "how": how, **fields})


def _report(traces, folder, edit, ir=None, **options):
    ir = ir or traces.triage
    path = folder / "triage.json"
    path.write_text(json.dumps(ir, indent=1))
    old = traces.of(ir, {"commits": [{"message": "a"}, {"message": "b"}, {"message": "c"}]})
    new = traces.edited(old, edit)
    workflow = traces.workflow(load(path))
    report = changes_report(trace_changes(old, new, workflow), workflow, new, **options)
    return report.replace(str(folder), "flows")


def test_report(traces, tmp_path):
    """Changes stand under their node with its line in the file; those of the run, and how to accept them, come last."""

    def edit(trace):
        classify, notify = trace["nodes"][1:]
        classify["batch"]["items"][1]["attempts"] = 2
        classify["outputs"]["results"][0]["label"] = "feature"
        del notify["outputs"]["text"]
        trace["outputs"]["label_count"] = "3"

    assert [
        "flows/triage.json:21  node 'classify' (batch, parallel, 3 items)",
        '  BEHAVIOUR  items[0].label       "bug" -> "feature" (used by: notify)',
        "  BEHAVIOUR  items[1].attempts    1 -> 2",
        "flows/triage.json:35  node 'notify'",
        "  BREAKING   output 'text'    removed",
        "flows/triage.json  the run",
        "  BREAKING   output 'label_count'    3 (integer) -> \"3\" (string)",
        "  accept: pytest x --snapshot-update",
    ] == _report(traces, tmp_path, edit, accept="pytest x --snapshot-update").splitlines()


def test_nodes_that_did_not_run(traces, tmp_path):
    """Nodes of which the same is to say are said together; one that the workflow no longer has, has no line."""
    ir = copy.deepcopy(traces.triage)
    del ir["outputs"]
    ir["nodes"][2]["params"] = {}

    def edit(trace):
        trace["nodes"] = [{**trace["nodes"][0], "id": "gone"}]
        trace["outputs"] = {}

    assert [
        "flows/triage.json:14  nodes 'fetch', 'classify', 'notify'",
        "  BEHAVIOUR  did not run, it did before",
        "flows/triage.json  node 'gone'",
        "  BEHAVIOUR  ran, it did not before",
    ] == _report(traces, tmp_path, edit, ir).splitlines()[:4]


def test_cut_keeps_breaking():
    """Of many lines the BREAKING ones stay, in their places."""
    changes = [_change(f"params.p{n}") for n in range(9)]
    changes[7] = _change("params.p7", "removed", Severity.BREAKING)
    assert [
        "node 'a'",
        "  BEHAVIOUR  params.p0    1 -> 2",
        "  BREAKING   params.p7    removed",
        "  ...and 7 more",
    ] == changes_report(changes, None, None, most=2).splitlines()


def test_turn_of_loop(traces):
    """A run of a node in a loop is told by its number; one that is new or gone is a line of its own."""
    old = traces.of_turns("x", "y", "z")
    new = traces.edited(old, lambda trace: trace["nodes"][3]["outputs"].update(said="Y"))
    lines = changes_report(trace_changes(old, new), None, new).splitlines()
    assert ["node 'say', run 2 of 2", '  BEHAVIOUR  output \'said\'    "y" -> "Y"'] == lines
    shorter = traces.edited(old, lambda trace: trace["nodes"].pop(3))
    lines = changes_report(trace_changes(old, shorter), None, shorter).splitlines()
    assert ["node 'say'", "  BEHAVIOUR  run 2 of 2 did not happen again"] == lines


def test_wide_places():
    """A long place does not push the others away."""
    lines = changes_report([_change("x" * 50), _change("y")], None, None).splitlines()
    assert [f"  BEHAVIOUR  {'x' * 50}    1 -> 2", f"  BEHAVIOUR  {'y'.ljust(36)}    1 -> 2"] == lines[1:]


def test_many_users():
    """At most five users are named."""
    report = changes_report([_change(users=tuple("abcdefg"))], None, None)
    assert report.endswith("1 -> 2 (used by: a, b, c, d, e and 2 more)")


def test_unshowable():
    """What would move a terminal's cursor or not encode is spelled out."""
    changes = value_changes({"\ud800": "\x9b1\u202e"}, {"\ud800": "\ud801\n"})
    for text in (changes_report(changes, None, None), first_in_words(changes)):
        assert text.encode().isascii()
        assert "\\x9b" in text or "\\ud801" in text


def test_malformed_headers():
    """A trace that is none gives headers without what it does not tell."""
    for new in ({"nodes": 3}, {"nodes": [{"id": "a", "batch": {"items": 3}}]}, {"nodes": [{"id": "a", "batch": 3}]}):
        assert "node 'a'" == changes_report([_change()], None, new).splitlines()[0]
    new = {"nodes": [{"id": "a", "batch": {"items": [1], "metadata": 3}}]}
    assert "node 'a' (batch, 1 item)" == changes_report([_change()], None, new).splitlines()[0]


def test_no_changes():
    """Without a change there is nothing to say."""
    assert "" == changes_report([], None, None) == first_in_words([])


def test_in_words(traces):
    """The first change is a sentence."""
    old = traces.of_messages("a", "b")
    label = traces.edited(old, lambda trace: trace["nodes"][1]["outputs"]["results"][1].update(label="feature"))
    gone = traces.edited(old, lambda trace: trace["nodes"][2]["outputs"].pop("text"))
    less = traces.edited(old, lambda trace: trace["nodes"].pop())
    status = traces.edited(old, lambda trace: trace.update(status="failed"))
    said = [first_in_words(trace_changes(old, new)) for new in (label, gone, less, status, traces.of_messages("a"))]
    assert [
        'node \'classify\', item 1: label is "feature", was "bug"',
        "node 'notify': output 'text' removed",
        "node 'notify': did not run, it did before",
        'status is "failed", was "success"',
        'node \'fetch\': params.response[1] removed: {"message": "b"}',
    ] == said
