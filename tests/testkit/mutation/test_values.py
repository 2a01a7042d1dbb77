import pytest

from pflow_testkit.mutation.operators.values import another


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (True, False),
        (3, 4),
        (1.5, 2.5),
        ("a", "ax"),
        ([1, 2], [1]),
        ([], [None]),
        ({"a": 1}, {}),
        ({}, {"x": None}),
        (None, ""),
    ],
)
def test_another(value, other):
    """A value of the same type that is not equal."""
    assert other == another(value)
