import pytest

from pflow_testkit.report.markup import duration


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0.0421, "0.0421 ms"), (12.34, "12.3 ms"), (999.4, "999 ms"), (999.6, "1.0 s"), (120000, "120.0 s")],
)
def test_duration(ms, said):
    """A time is said in the unit that fits, never as a power of ten."""
    assert said == duration(ms)
