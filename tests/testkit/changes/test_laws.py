import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pflow_testkit.changes import changes_report, first_in_words, trace_changes, value_changes

_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["a\nb", "\ud800"])
)
_NAMES = st.text(max_size=3) | st.sampled_from(
    ["id", "nodes", "batch", "items", "outputs", "results", "errors", "index", "status", "error", "$float", "templates"]
)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)

_ROWS = st.lists(
    st.fixed_dictionaries({"index": st.integers(0, 3), "status": JSON, "attempts": JSON, "error": JSON}) | JSON,
    max_size=3,
)
_NODES = st.fixed_dictionaries(
    {"id": st.sampled_from("abc") | JSON},
    optional={
        "batch": st.fixed_dictionaries({}, optional={"items": _ROWS, "metadata": JSON}) | JSON,
        "outputs": st.fixed_dictionaries({}, optional={"results": st.lists(JSON, max_size=3), "errors": _ROWS | JSON})
        | JSON,
        "templates": JSON,
        "error": JSON,
        "params": JSON,
        "llm_calls": JSON,
        "status": JSON,
    },
)
NEARLY = st.fixed_dictionaries(
    {"nodes": st.lists(_NODES, max_size=5) | JSON}, optional={"outputs": JSON, "error": JSON}
)
MESSAGES = st.lists(st.sampled_from(["a", "b", "c", "ask", "crash"]), max_size=6)


@given(JSON | NEARLY)
@settings(deadline=None)
def test_no_change_to_itself(trace):
    """A trace, or anything else, did not change from itself."""
    assert [] == trace_changes(trace, copy.deepcopy(trace))
    assert [] == value_changes(trace, copy.deepcopy(trace))


@given(JSON | NEARLY, JSON | NEARLY)
@settings(deadline=None)
def test_never_raises(traces, old, new):
    """Whatever stands in a snapshot, what changed is told, on one line for each change and in words."""
    changes = trace_changes(old, new, traces.workflow(traces.triage))
    report = changes_report(changes, None, new if isinstance(new, dict) else None)
    assert bool(changes) == bool(report) == bool(first_in_words(changes))
    assert report.encode().decode() == report


@given(MESSAGES)
@settings(max_examples=20, deadline=None)
def test_same_run_twice(traces, messages):
    """Two runs of the same workflow with the same inputs did not change."""
    assert [] == trace_changes(traces.of_messages(*messages), traces.of_messages(*messages))


def _leaves(value, path=()):
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, (*path, key))
    elif not isinstance(value, dict | list):
        yield path


def _replaced(trace, path, value):
    changed = copy.deepcopy(trace)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return changed


@pytest.mark.parametrize("messages", [("a", "crash", "ask"), ("crash",), ("a",)])
@pytest.mark.parametrize("value", [7, "other", True, 1.0, "", [1], {"a": 1}])
def test_every_leaf_counts(traces, messages, value):
    """There is no value in a trace that can change unnoticed."""
    trace = traces.of_messages(*messages)
    for path in _leaves(trace):
        changed = _replaced(trace, path, value)
        if repr(changed) != repr(trace):
            assert trace_changes(trace, changed), path
            assert trace_changes(changed, trace), path


@given(MESSAGES, st.data())
@settings(max_examples=40, deadline=None)
def test_inserted_item_is_one_line(traces, messages, data):
    """An item inserted anywhere in a batch is one line of its items."""
    index = data.draw(st.integers(0, len(messages)))
    message = data.draw(st.sampled_from(["a", "b", "new", "ask", "crash"]))
    new = [*messages[:index], message, *messages[index:]]
    changes = trace_changes(traces.of_messages(*messages), traces.of_messages(*new))
    (line,) = [change for change in changes if change.node == "classify" and change.item is not None]
    assert f'added: {{"message": "{message}"}}' == line.how
    (back,) = [
        change
        for change in trace_changes(traces.of_messages(*new), traces.of_messages(*messages))
        if change.node == "classify" and change.item is not None
    ]
    assert f'removed: {{"message": "{message}"}}' == back.how


def test_ten_thousand_items(traces):
    """One item more among ten thousand is one line; ten thousand others are one line a place."""
    texts = [str(number) for number in range(10_000)]
    old = traces.of_messages(*texts)

    def lines(*messages):
        changes = trace_changes(old, traces.of_messages(*messages))
        return [f"{change.what} {change.how}" for change in changes if change.node == "classify"]

    assert ['items[5000] added: {"message": "new"}'] == lines(*texts[:5000], "new", *texts[5000:])
    assert ['items[0].item.message "0" -> "-0" (and 9999 more items)'] == lines(*(f"-{text}" for text in texts))
