"""Offsets to lines and columns, paths to words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pflow_engine.document.positions import (
    MOST_PROBLEMS,
    first_problems,
    in_file_order,
    path_text,
    position_at,
    problem_at,
    texts_in,
)
from pflow_engine.errors import Position, Problem


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3))],
)
def test_position(offset, expected):
    """Lines and columns count from 1; a line feed belongs to the line it ends."""
    position = position_at("ab\n\ncd", offset)
    assert expected == (position.line, position.column)


@given(st.text("ab\n", max_size=50), st.data())
def test_position_counts(text, draw):
    """A position counts the line feeds before it, and the characters since the last."""
    offset = draw.draw(st.integers(0, len(text)))
    before = text[:offset]
    assert Position(before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1) == position_at(text, offset)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_long_line(before, after):
    """Of a long line the part around the column is shown, with the caret under the same character."""
    problem = problem_at(f"x\n{'a' * before}!{'b' * after}\ny", "f", before + 2, "c", "m")
    assert "!" == problem.source[problem.caret - 1]
    assert len(problem.source) <= 162
    assert Position(2, before + 1) == problem.position


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [(500, 500, ("…", "…")), (0, 500, ("!", "…")), (500, 0, ("…", "!")), (3, 3, ("a", "b"))],
)
def test_cut_ends(before, after, ends):
    """Where a line is cut it says so."""
    source = problem_at(f"{'a' * before}!{'b' * after}", "f", before, "c", "m").source
    assert ends == (source[0], source[-1])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("nodes", 2, "batch", "items"), "nodes[2].batch.items"),
        (("a", 0, 1), "a[0][1]"),
        ((0, "a"), "[0].a"),
    ],
)
def test_path_text(path, expected):
    """A path reads as people write it."""
    assert expected == path_text(path)


def test_texts_in():
    """Every text of a value is found with its path, keys are not."""
    value = {"a": ["x", {"b": "y"}], "c": 1, "d": "z"}
    assert [(("p", "a", 0), "x"), (("p", "a", 1, "b"), "y"), (("p", "d"), "z")] == list(texts_in(value, ("p",)))


def test_first_problems():
    """A thousand errors are kept and one says that there are more; warnings never take their room."""
    warnings = [Problem("w", "m", severity="warning")] * (MOST_PROBLEMS + 1)
    errors = [Problem("e", "m")] * (MOST_PROBLEMS + 1)
    found = first_problems([*warnings, *errors], "", "f")
    assert (2 * MOST_PROBLEMS + 1, "too-many") == (len(found), found[-1].code)


def test_file_order():
    """Problems sort by place; what has none comes first."""
    problems = [Problem("b", "", position=Position(2, 1)), Problem("a", "", position=Position(1, 9)), Problem("c", "")]
    assert ["c", "a", "b"] == [problem.code for problem in sorted(problems, key=in_file_order)]


def test_cut_between_words():
    """Of a long line a part is shown that starts and ends with a whole word."""
    text = '{"first": "' + "a" * 30 + '", "url": "' + "x" * 90 + '", "here": 1, "token": "' + "y" * 90 + '", "z": 2}'
    shown = problem_at(text, "f.json", text.index('"here"'), "code", "message").source
    assert "here" in shown
    assert "x" not in shown
    assert "y" not in shown
