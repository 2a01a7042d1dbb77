"""What in data no workflow could hold."""

import pytest

from pflow_engine.document.plain import data_problems, is_too_deep


def _nested(levels):
    data = []
    for _ in range(levels - 1):
        data = [data]
    return data


@pytest.mark.parametrize(("levels", "expected"), [(1, False), (100, False), (101, True), (100_000, True)])
def test_depth(levels, expected):
    """A hundred levels are allowed, one more is not."""
    assert expected is is_too_deep(_nested(levels))


def test_shared_data():
    """Data that holds the same list many times over is looked at once a level."""
    data = []
    for _ in range(90):
        data = [data, data]
    assert not is_too_deep(data)


def test_paths():
    """Every odd value is named with its path, in order."""
    data = {"a": [1, float("nan"), -(10**4300), 10**4299], 2: "x", "b": {"c": "\udfff", "\ud800": "é"}}
    assert [("key", ""), ("number", "a[1]"), ("number", "a[2]"), ("surrogate", "b"), ("surrogate", "b.c")] == [
        (problem.code, problem.path) for problem in data_problems(data)
    ]


@pytest.mark.parametrize("data", [{}, {"a": [1, 1.5, None, True, "é😀"]}, {"a": object()}])
def test_sound(data):
    """Sound data has no problems; objects are the caller's business."""
    assert [] == data_problems(data)
