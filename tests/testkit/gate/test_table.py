"""Findings as lines on the terminal."""

import json
from dataclasses import replace

from pflow_testkit.gate.row import Judged, Row, Spot
from pflow_testkit.gate.table import counted, refusal, table

ROW = Row(
    "b.json", "BEHAVIOUR", "param-changed", Spot("b.json", 3, 5), "nodes[0]", "a param changed", Spot("b.json", 3, 5)
)
WORST = Row(
    "a.json",
    "BREAKING",
    "output-removed",
    Spot("a.json", side="base"),
    "outputs.x",
    "output 'x' is gone",
    Spot("a.json"),
)
CALLED = replace(WORST, callers=(Spot("c.json", 4, 2, "node 'sub'"),))
FOUND = Judged("a.json", (CALLED, ROW), "flowchart TD\n")


def test_worst_first():
    """Rows are aligned, the worst first."""
    expected = [
        "BREAKING   output-removed  a.json      output 'x' is gone",
        "BEHAVIOUR  param-changed   b.json:3:5  a param changed",
    ]
    assert expected == table([ROW, WORST])
    assert [] == table([])


def test_callers_and_reason():
    """Below a row stand those whom it meets, the first of them by name, and the reason why it may be."""
    row = replace(WORST, callers=tuple(map(Spot, "abcdefg")), approved="it may")
    assert ["meets a, b, c, d, e and 2 more", "approved: it may"] == [line.strip() for line in table([row])[1:]]
    assert "meets a" == table([replace(WORST, callers=(Spot("a"),))])[1].strip()


def test_counts():
    """What is approved is counted apart."""
    rows = [ROW, WORST, replace(WORST, approved="x"), ROW]
    assert "1 BREAKING, 1 BREAKING (approved), 2 BEHAVIOUR" == counted(rows)


def test_nothing_fails():
    """Where all is approved or breaks nobody, there is nothing to say."""
    assert "" == refusal([ROW, replace(WORST, approved="x")], "main", None)


def test_travels():
    """What was found is the same after it was plain data."""
    assert FOUND == Judged.of(json.loads(json.dumps(FOUND.plain())))
