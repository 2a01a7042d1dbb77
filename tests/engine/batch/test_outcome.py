"""Outcomes to entries and figures."""

from pflow_engine.batch import Outcome, error_entries, timing


def test_no_errors():
    """A batch in which nothing failed has no errors: None, not an empty list."""
    assert error_entries([Outcome(0, "completed", 1, {}), Outcome(1, "cancelled")], str) is None


def test_error_entries():
    """Failed items have an entry each, in index order; cancelled ones have none."""
    outcomes = [
        Outcome(0, "failed", 2, None, "no", "ValueError"),
        Outcome(1, "cancelled"),
        Outcome(2, "failed", 1, {"error": "bad"}, "bad", "error"),
    ]
    assert error_entries(outcomes, ["a", "b", "c"].__getitem__) == [
        {"index": 0, "item": "a", "error": "no", "error_type": "ValueError", "attempts": 2},
        {"index": 2, "item": "c", "error": "bad", "error_type": "error", "attempts": 1},
    ]


def test_no_timing():
    """A batch in which nothing ran has no timing."""
    assert timing([Outcome(0, "cancelled")], 5.0) is None


def test_timing_of_ran():
    """Figures are of the items that ran, in milliseconds."""
    outcomes = [
        Outcome(0, "completed", 1, {}, duration_ms=10.0004),
        Outcome(1, "failed", 1, None, "no", "E", 20.0),
        Outcome(2, "cancelled"),
    ]
    assert timing(outcomes, 25.0) == {
        "total_items_ms": 30.0,
        "avg_item_ms": 15.0,
        "min_item_ms": 10.0,
        "max_item_ms": 20.0,
        "wall_ms": 25.0,
    }
