"""Tokens, and the schedules they stand for."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from pflow_testkit.stress.schedule import NEVER, Listed, Switch, Token, in_order


@dataclass
class Seen:
    """A thread as a schedule sees it."""

    number: int
    count: int = 0


@pytest.mark.parametrize(
    "text",
    ["pct:41:2a", "pct.2:41:2a", "random:0:1", "pct:0:3:1.2-2", "pct:-7:ff:1.a-2,0.1f-3", "threads:0:9", "pct:0:1:"],
)
def test_token_round_trip(text):
    """A token is read as it is written."""
    assert text == str(Token.parse(text))


@pytest.mark.parametrize("text", ["", "pct", "pct:1", "fair:0:1", "pct:x:1", "pct:0:1:2", "pct:0:1:1.2>3", "pct.0:1:1"])
def test_token_refused(text):
    """What is no token is refused, and shown what one looks like."""
    with pytest.raises(ValueError, match="it looks like pct:41:2a"):
        Token.parse(text)


def decisions(token, points=40, threads=3):
    """Who goes on at each point where all can."""
    schedule, able = token.schedule(points), [Seen(number) for number in range(threads)]
    for thread in able:
        schedule.born(thread)
    running, chosen = able[0], []
    for contested in range(points):
        running = able[schedule.choose(able, running, contested)]
        chosen.append(running.number)
    return chosen


@pytest.mark.parametrize("strategy", ["pct", "random"])
def test_same_token_same_schedule(strategy):
    """A schedule is a function of its token."""
    assert decisions(Token(strategy, 3, 7)) == decisions(Token(strategy, 3, 7))


@pytest.mark.parametrize("strategy", ["pct", "random"])
def test_other_number_other_schedule(strategy):
    """Schedules of a seed differ, and so do seeds."""
    assert len({tuple(decisions(Token(strategy, 0, number))) for number in range(1, 21)}) > 10
    assert len({tuple(decisions(Token(strategy, seed, 1))) for seed in range(20)}) > 10


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_depth_bounds_switches(depth):
    """Where no thread blocks, a schedule of depth d switches at most d - 1 times."""
    for number in range(1, 100):
        chosen = decisions(Token("pct", 0, number, depth))
        assert depth - 1 >= sum(one != other for one, other in pairwise(chosen))


def test_points_without_putting_back():
    """Of as many schedules as there are points, each changes threads at another."""
    first = set()
    for number in range(1, 21):
        schedule, able = Token("pct", 5, number, 2).schedule(20), [Seen(0), Seen(1)]
        for thread in able:
            schedule.born(thread)
        top = able[schedule.choose(able, able[0], 0)]
        first.add(schedule.due(able, top, 0))
    assert set(range(1, 21)) == first


def test_listed_switches():
    """Listed switches are made at the thread's own points, and no others."""
    able = [Seen(0), Seen(1), Seen(2)]
    schedule = Listed([Switch(1, 4, 2)])
    assert 4 == schedule.due(able, able[1], 0)
    assert NEVER == schedule.due(able, able[0], 0)
    able[1].count = 4
    assert 2 == schedule.choose(able, able[1], 0)
    able[1].count = 5
    assert 1 == schedule.choose(able, able[1], 0)


def test_order_of_birth():
    """Who runs goes on; where it cannot, the first that was born does."""
    one, two, three = Seen(1), Seen(2), Seen(3)
    assert 1 == in_order([one, two], two)
    assert 0 == in_order([one, two], three)
