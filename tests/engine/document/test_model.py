"""Documents and where their problems stand."""

import pytest

from pflow_engine.document.load import from_data
from pflow_engine.validation.build import build_workflow

WRAPPED = """{
  "name": "x",
  "ir": {
    "nodes": [
      {"id": "a", "type": "http", "parameters": {"url": "say \\"${b}\\" or\\n${c}", "params": {"q": 1}}}
    ]
  }
}"""


@pytest.mark.parametrize(
    ("path", "key", "within", "expected"),
    [
        (("nodes", 0, "id"), False, "", (5, 14)),
        (("nodes", 0, "id"), True, "", (5, 8)),
        (("nodes", 0, "params"), False, "", (5, 49)),
        (("nodes", 0, "params", "url"), True, "", (5, 50)),
        (("nodes", 0, "params", "params", "q"), False, "", (5, 98)),
        (("nodes", 0, "params", "url"), False, "${b}", (5, 64)),
        (("nodes", 0, "params", "url"), False, '"${b}" or', (5, 62)),
        (("nodes", 0, "params", "url"), False, "${c}\nrest", (5, 75)),
        (("nodes", 0, "params", "url"), False, "elsewhere", (5, 57)),
        (("nodes", 0, "batch", "as"), False, "", (5, 7)),
        (("edges", 0), False, "", (3, 9)),
        (("name",), False, "", (2, 11)),
        ((), False, "", (3, 9)),
    ],
)
def test_problem_position(path, key, within, expected):
    """A problem stands where the file has its path, or the closest place above it; wrapped and renamed or not."""
    problem = from_data(WRAPPED).problem("c", "m", path, key=key, within=within)
    assert expected == (problem.position.line, problem.position.column)


def test_params_position():
    """Where params are written as such, they are found as such."""
    document = from_data('{"nodes": [{"id": "a", "type": "t", "params": {"x": 1}}]}')
    assert 53 == document.problem("c", "m", ("nodes", 0, "params", "x")).position.column


def test_problem_of_dict():
    """A problem of a dict has a path and no position."""
    problem = from_data({"nodes": []}).problem("c", "m", ("nodes", 2, "batch", "items"), severity="warning")
    assert ("nodes[2].batch.items", None, "warning") == (problem.path, problem.position, problem.severity)


def test_lookup():
    """A workflow finds its nodes by id."""
    workflow = build_workflow(from_data({"nodes": [{"id": "a", "type": "t"}, {"id": "b", "type": "t"}]}))
    assert ("b", 1, ("nodes", 1)) == (workflow.node("b").id, workflow.index_of("b"), workflow.node_path("b"))
