"""Two runs compared."""

import pytest
from nodes import Counting, Failing, flow_of

from pflow_testkit.stress.comparison import Difference, canonical, difference


def test_times_do_not_count():
    """Two runs of a workflow come to the same, whatever time they took."""
    flow = flow_of(Counting, 3)
    assert difference(flow.run(), canonical(flow.run())) is None


def test_difference_names_path():
    """The first difference is named by node and item."""
    reference = canonical(flow_of(Failing, 3, error_handling="continue").run())
    run = flow_of(Counting, 3, error_handling="continue").run()
    assert Difference("it#0.results[0].value", "not there", "0") == difference(run, reference)


@pytest.mark.parametrize("items", [2, 4])
def test_above_first_failure(items):
    """Of a batch that stops at a failure, what came after it is not compared."""
    reference = canonical(flow_of(Failing, items, error_handling="fail_fast", parallel=False).run())
    assert [0, 1] == [at for at, _ in enumerate(reference["it#0"]["items"])]
