"""The places of a text, asked by path."""

import pytest

from pflow_engine.document.spans import Part, Place, Spans


@pytest.fixture
def spans():
    """Those of a text with a map in it, a list in that, and a part that is a text of its own."""
    root, above, unwritten = Place((0, 40), {}), Place((5, 30), {"b": [(6, 7)]}), Place(None, {"x": (31, 32)})
    above.inside["b"] = Place((6, 9), [(6, 7)])
    root.inside |= {"a": above, "u": unwritten, "part": Part(lambda: Place((0, 4), {"c": (1, 2)}), lambda at: at + 33)}
    root.set_key("a", (1, 4))
    return Spans(root)


@pytest.mark.parametrize(
    ("path", "expected"),
    [((), (0, 40)), (("a", "b", 0), (6, 7)), (("u", "x"), (31, 32)), (("part",), (33, 37)), (("part", "c"), (34, 35))],
)
def test_value(spans, path, expected):
    """A value that is written has a span, in a part as offsets into the file."""
    assert expected == spans.value(path) == spans.nearest(path)


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (("z",), (0, 40)),
        (("a", "b", 1), (6, 9)),
        (("a", "b", 0, "x"), (6, 7)),
        (("u",), (0, 40)),
        (("part", "z"), (33, 37)),
    ],
)
def test_nearest(spans, path, above):
    """What the text does not have is at the closest place above it."""
    assert None is spans.value(path)
    assert above == spans.nearest(path)


def test_keys(spans):
    """A key has a place of its own where it is written; else its value's counts."""
    assert ((1, 4), None, None) == (spans.key(("a",)), spans.key(("a", "b")), spans.key(()))
    assert ((1, 4), (6, 9)) == (spans.nearest(("a",), key=True), spans.nearest(("a", "b"), key=True))


def test_part_is_located_once():
    """A part is located when it is asked for, and once."""
    located = []
    spans = Spans(Place((0, 9), {"part": Part(lambda: located.append(1) or (0, 4), int)}))
    assert (0, 9) == spans.value(())
    assert [] == located
    assert [(0, 4), (0, 4)] == [spans.value(("part",)), spans.nearest(("part", 1))]
    assert [1] == located


def test_nothing():
    """A text with nothing in it has no place to name."""
    assert None is Spans().nearest(("a",))
