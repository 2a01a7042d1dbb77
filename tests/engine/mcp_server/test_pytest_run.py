"""A workflow file and pytest's words about it, to outcomes."""

import pytest

from pflow_engine import CancelToken
from pflow_engine.mcp_server.tools import answer

from .conftest import DOUBLE

CASES = """\
cases:
  - name: one
    inputs: {xs: [{n: 1}]}
    expect: {outputs: {ok: 1}}
  - name: "two of two"
    inputs: {xs: [{n: 1}, {n: 2}]}
    expect: {outputs: {ok: 3}}
"""


@pytest.fixture
def tested(workflow):
    """``tested(path, **arguments)``: the answer of the tests of a workflow; ``double.json`` has two cases."""
    workflow("double.json", DOUBLE)
    workflow("double.test.yaml", CASES)

    def call(path="double.json", **arguments):
        return answer("workflow_test", {"path": path, **arguments}, CancelToken())

    return call


def test_all_items(tested):
    """Each item has its outcome, and why it did not pass, as pytest tells it."""
    given = tested()
    items = [(item["id"], item["outcome"]) for item in given.data["items"]]
    assert [
        ("double.json::validate", "passed"),
        ("double.json::run[one]", "passed"),
        ("double.json::run[two of two]", "failed"),
    ] == items
    assert (False, True) == (given.data["passed"], given.failed)
    text = given.data["items"][2]["text"]
    assert text.startswith("double.test.yaml:7:28: error: outputs.ok is 2, expected 3 [difference]")
    assert given.texts[0].startswith("2 passed, 1 failed\n\nPASSED double.json::validate\n\n")
    assert f"FAILED double.json::run[two of two]\n{text}" in given.texts[0]


def test_one_case(tested):
    """A case is run alone, by its name."""
    given = tested(case="one")
    assert (("1 passed\nPASSED double.json::run[one]",), True) == (given.texts, given.data["passed"])


def test_unknown_case(tested):
    """A case that is not there is told with those that are."""
    given = tested(case="onee")
    assert given.failed
    assert (
        "'double.json' has no case 'onee' [no-such-case]\n  hint: did you mean 'one'? it has: one, two"
        in given.texts[0]
    )


def test_broken_file(tested, workflow):
    """A file that cannot be parsed is an error of pytest's; one that is not there a failed call."""
    path = workflow("broken.json", '{"nodes": [')
    (item,) = tested(path).data["items"]
    assert ("broken.json", "error") == (item["id"], item["outcome"])
    assert item["text"].startswith("broken.json:1:")
    assert "no such file" in tested("other.json").texts[0]


def test_broken_cases(tested, workflow):
    """A case file that cannot be read is an error of pytest's, whichever case was asked for."""
    workflow("double.test.yaml", "cases:\n  - name: one\n    inptus: {}\n")
    (item,) = tested(case="one").data["items"]
    assert "error" == item["outcome"]
    assert item["text"].startswith("double.test.yaml:3:5: error: unknown field 'inptus'")


def test_no_tests(tested, workflow):
    """A file that is no workflow has no tests."""
    given = tested(workflow("list.json", "[]"))
    assert (True, ["no-tests"]) == (given.failed, [problem["code"] for problem in given.data["problems"]])


def test_pytest_refuses(tested, workflow):
    """Where pytest itself does not start, its words are told."""
    workflow("pytest.ini", "[pytest]\naddopts = --no-such-option\n")
    assert "pytest ended with 4 and ran nothing:" in tested().texts[0]
    assert "--no-such-option" in tested().texts[0]


def test_too_long(tested):
    """Tests that take too long are stopped."""
    given = tested(timeout=0.01)
    assert "the tests of 'double.json' were stopped: timed out after 0.01s" in given.texts[0]
