from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pflow_testkit.report.layout import ROW, layout

HEIGHT = 44


def _laid(pairs, count=None, start=0):
    count = count or max(max(pair) for pair in pairs) + 1
    return layout([100.0] * count, pairs, start, HEIGHT)


def _rows(placed):
    return [round((y - HEIGHT / 2) / ROW) for _, y in placed.boxes]


def test_chain_goes_down():
    """Boxes in a row stand below each other, in one line."""
    placed = _laid([(0, 1), (1, 2)])
    assert [0, 1, 2] == _rows(placed)
    assert 1 == len({x for x, _ in placed.boxes})


def test_below_the_lowest():
    """A box stands below all that lead to it."""
    assert [0, 1, 2, 3] == _rows(_laid([(0, 1), (1, 2), (2, 3), (0, 3)]))


def test_long_arrow_bends():
    """An arrow over several layers has a point in each, and goes around the boxes there."""
    placed = _laid([(0, 1), (1, 2), (2, 3), (0, 3)])
    points = placed.arrows[0, 3]
    assert 4 == len(points)
    assert all(abs(points[row][0] - placed.boxes[row][0]) > 50 for row in (1, 2))


def test_loop_leads_back():
    """Of a loop, what leads back is beside the boxes, and the rest goes down."""
    placed = _laid([(0, 1), (1, 2), (2, 1)])
    assert {(2, 1)} == placed.back
    assert [0, 1, 2] == _rows(placed)
    assert all(x > 100 for x, _ in placed.arrows[2, 1][1:3])


def test_box_to_itself():
    """An arrow from a box to itself leaves and comes back at different heights."""
    placed = _laid([(0, 0)])
    assert {(0, 0)} == placed.back
    first, *_, last = placed.arrows[0, 0]
    assert first[1] != last[1]


def test_unreached_boxes():
    """Boxes that nothing leads to have places too."""
    assert 3 == len(_laid([(0, 1)], count=3).boxes)


def test_single_box():
    """One box alone is all there is."""
    placed = layout([100.0], [], 0, HEIGHT)
    assert (128.0, 72.0) == (placed.width, placed.height)


_BOX = st.integers(0, 8)


@given(st.lists(st.tuples(_BOX, _BOX), max_size=20), _BOX)
def test_nothing_overlaps(pairs, start):
    """Whatever leads where: no two boxes lie over each other, all arrows and boxes lie within the drawing."""
    placed = _laid(pairs, count=9, start=start)
    for (x, y), (other_x, other_y) in combinations(placed.boxes, 2):
        assert abs(x - other_x) >= 99.9 or abs(y - other_y) >= HEIGHT
    assert all(50 <= x <= placed.width - 50 and 22 <= y <= placed.height - 22 for x, y in placed.boxes)
    assert set(pairs) == set(placed.arrows)
    assert all(0 <= x <= placed.width for points in placed.arrows.values() for x, _ in points)
    rows = _rows(placed)
    assert all(rows[source] < rows[target] for source, target in placed.arrows.keys() - placed.back)


def test_crossings_are_undone():
    """Boxes are put in an order in which two arrows do not cross."""
    placed = _laid([(0, 1), (0, 2), (1, 4), (2, 3)])
    left_first = placed.boxes[1][0] < placed.boxes[2][0]
    assert left_first == (placed.boxes[4][0] < placed.boxes[3][0])


def test_long_chains():
    """A thousand boxes are no matter."""
    placed = _laid([(index, index + 1) for index in range(999)])
    assert 999 == _rows(placed)[-1]


def test_tangles_are_drawn():
    """Where arrows are very many and long, they are drawn straight, soon and without bends."""
    pairs = [(index, index + 1) for index in range(299)] + [(0, index) for index in range(2, 300)]
    placed = _laid(pairs)
    assert 2 == len(placed.arrows[0, 299])
    assert 299 == _rows(placed)[-1]
