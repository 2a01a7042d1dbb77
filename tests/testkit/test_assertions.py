"""What pytest shows of two runs, traces or batches that are not equal."""

import pytest

from pflow_engine import compile_ir_to_flow
from pflow_testkit.assertions import explain

BATCH = {
    "inputs": {"texts": {"type": "array"}},
    "nodes": [
        {"id": "say", "type": "echo", "batch": {"items": "${texts}", "parallel": True}, "params": {"text": "${item}"}}
    ],
}


def ran(*texts):
    """A run of the batch."""
    return compile_ir_to_flow(BATCH).run({"texts": list(texts)})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (ran("a", "b"), ran("a", "c")),
        (ran("a", "b").trace, ran("a", "c").trace),
        (ran("a", "b").trace.to_dict(), ran("a", "c").trace),
    ],
    ids=["runs", "traces", "dict"],
)
def test_first_difference(left, right):
    """The first difference of two runs is said in words, by node and item."""
    first, said, *report = explain(left, right)
    assert "two runs are equal" == first
    assert said.startswith("first difference, left to right: node 'say', item 1")
    assert any("items[1]" in line for line in report)


def test_only_volatile_differs():
    """Runs that differ only in times are told what to compare instead."""
    assert [
        "two runs are equal",
        "the same but for what differs in every run (times, paths, versions): compare them with trace_snapshot, or pflow_testkit.normalise.stable(trace.to_dict()) of each",
    ] == explain(ran("a"), ran("a"))


def test_batch_and_expectation():
    """The outputs of a batch against a dict say which item differs and how."""
    outputs = ran("a", "b").store["say"]
    expected = {**outputs, "results": [{"text": "a", "item": "a"}, {"text": "x", "item": "b"}]}
    _, said, *_ = explain(outputs, expected)
    assert 'first difference, left to right: results[1].text is "x", was "b"' == said


@pytest.mark.parametrize("other", ["text", 3, None, [], {"a": 1}])
def test_other_things(other):
    """What is no run is pytest's own to explain."""
    assert explain(other, other) is None
    assert explain(ran("a"), other) is None


def test_shown_by_pytest(project):
    """A failing assertion in a Python test shows it, and a run as one line."""
    project.write("batch.json", BATCH)
    project.write(
        "test_batch.py",
        "import pytest\n\npytestmark = pytest.mark.pflow_workflow('batch.json')\n\n\n"
        "def test_runs(pflow):\n    assert pflow.run(inputs={'texts': ['a']}) == pflow.run(inputs={'texts': ['b']})\n\n\n"
        "def test_status(pflow):\n    assert pflow.run(inputs={'texts': ['a']}).status == 'failed'\n",
    )
    result = project.pytester.runpytest_inprocess("flows")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*assert two runs are equal",
            "E*first difference, left to right: node 'say'*",
            "E*assert 'success' == 'failed'",
        ]
    )


def test_run_in_one_line():
    """A run reads as one line wherever pytest shows it, and its trace and nodes too."""
    result = ran("a")
    assert "<RunResult success (nodes: say)>" == repr(result)
    assert "<Trace success (nodes: say)>" == repr(result.trace)
    assert "<NodeTrace say (echo) completed>" == repr(result.trace.nodes[0])
