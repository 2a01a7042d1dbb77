"""Exploring workflows: their items in schedules, held to what they come to one by one."""

import os
from pathlib import Path

import pytest
from nodes import Counting, Failing, Last, Marking, Tally, Timing, flow_of

from pflow_engine import Node
from pflow_testkit.stress import Plan
from pflow_testkit.stress.flows import explore_flow

NODES = os.path.relpath(Path(__file__).parent / "nodes.py")


def line(text):
    """The place of a line of the nodes."""
    return f"{NODES}:{Path(NODES).read_text().splitlines().index(text) + 1}"


def test_report_in_full():
    """The report is the interleaving, line by line, and how to see it again."""
    found = explore_flow(flow_of(Tally)).found
    read, write, end = (
        line("        n = Tally.total"),
        line("        Tally.total = n + 1"),
        line("        return n + 1"),
    )
    assert found.report("pytest 'flows/it.json::stress[two]'") == "\n".join(
        [
            "parallel != sequential: it.results[1].total is 1, was 2     seed 0 · 1 switch (from 1) · replayed 10/10",
            f"  item 0  {read}   n = Tally.total",
            f"  item 1  {read}   n = Tally.total          <- switched here",
            f"  item 1  {write}   Tally.total = n + 1",
            f"  item 0  {write}   Tally.total = n + 1      <- item 1's update of Tally.total is lost",
            f"  item 0  {end}   return n + 1",
            f"  replay: pytest 'flows/it.json::stress[two]' --pflow-schedule={found.token}",
        ]
    )


@pytest.mark.parametrize("granularity", ["opcode", "line", "hook"])
def test_sound_flow(granularity):
    """A node that locks what it shares comes to the same in every schedule."""
    explored = explore_flow(flow_of(Counting, 3), granularity=granularity, plan=Plan(100))
    assert explored.found is None
    assert 100 == explored.schedules


@pytest.mark.parametrize("granularity", ["opcode", "line", "hook"])
def test_class_attribute_found(granularity):
    """What one item leaves on the class of its node is seen by another, between two hooks too."""
    found = explore_flow(flow_of(Last), granularity=granularity).found
    assert "parallel != sequential: it.results[0].item_seen is 1, was 0" == found.failure.text
    assert 10 == found.replayed


class _Keys(Node):
    item = None

    def prep(self, shared):
        _Keys.item = shared["item"]

    def post(self, shared, prep_result, exec_result):
        shared["api_token"] = f"hush-{_Keys.item}-hush"


def test_secret_is_kept():
    """A secret that comes out differently is not told."""
    text = explore_flow(flow_of(_Keys)).found.failure.text
    assert text.startswith("parallel != sequential: it.results[0].api_token is ")
    assert "hush-1" not in text


def test_shared_value_named():
    """An item that writes to a value of the store is named with its path, though no other looks."""
    found = explore_flow(flow_of(Marking), {"seen": {}}).found
    assert found.failure.text == ("item 0 wrote store.seen.last, which other items see: it was not there and became 0")


@pytest.mark.parametrize("error_handling", ["continue", "fail_fast"])
def test_failures_compared(error_handling):
    """Failed items are no difference; of those above the first failure of a batch that stops, nothing is asked."""
    flow = flow_of(Failing, 4, error_handling=error_handling, max_retries=2, retry_wait=60)
    explored = explore_flow(flow, granularity="hook", plan=Plan(100))
    assert explored.found is None, explored.found.report()
    assert 10 > explored.seconds


def test_timeouts_in_time():
    """Items with a timeout run in threads of their own, and come to the same."""
    explored = explore_flow(flow_of(Counting, 2, timeout=5), plan=Plan(30))
    assert explored.found is None, explored.found.report()


def test_check_in_schedules():
    """A check is held against the result of each schedule."""

    def check(result):
        assert 5 == result.store["it"]["count"]

    assert "check" == explore_flow(flow_of(Counting), check=check).found.failure.kind


def test_threads_find_nothing_wrong():
    """Plain threads accuse no sound workflow."""
    assert explore_flow(flow_of(Counting, 4), plan=Plan(20, "threads")).found is None


def test_walk_of_items():
    """The random walk finds the lost update, too."""
    assert 10 == explore_flow(flow_of(Tally), plan=Plan(strategy="random")).found.replayed


def test_times_are_no_race():
    """What is another in each run, whoever runs first, is no difference."""
    explored = explore_flow(flow_of(Timing, 2), plan=Plan(20))
    assert explored.found is None, explored.found.report()
