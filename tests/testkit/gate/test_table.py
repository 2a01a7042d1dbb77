"""Findings as lines on the terminal."""

import json
from dataclasses import replace

from pflow_testkit.gate.row import Judged, Row, Spot
from pflow_testkit.gate.table import counted, refusal, table, unreadable

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


def test_one_line():
    """No name breaks the table or moves the cursor, and a reason of many lines is one."""
    name = "a\n::error::\x1b[2J.json"
    row = replace(WORST, spot=Spot(name), callers=(Spot(name),), approved="it\n  may\n")
    place = r"a\n::error::\x1b[2J.json"
    expected = [f"BREAKING  output-removed  {place}  output 'x' is gone", f"meets {place}", "approved: it may"]
    assert expected == [line.strip() for line in table([row])]
    assert f"{place} breaks those who use it, compared with main:" in refusal(
        [replace(WORST, workflow=name)], "main", None
    )


def test_counts():
    """What is approved is counted apart."""
    rows = [ROW, WORST, replace(WORST, approved="x"), ROW]
    assert "1 BREAKING, 1 BREAKING (approved), 2 BEHAVIOUR" == counted(rows)


def test_nothing_fails():
    """Where all is approved or breaks nobody, there is nothing to say."""
    assert "" == refusal([ROW, replace(WORST, approved="x")], "main", None)


def test_unreadable():
    """Those with errors on both sides are named, the first of them."""
    found = [Judged(name, (), unreadable=True) for name in "gfedcba"]
    assert ["with errors before and now, so what changed is not known: a, b, c, d, e and 2 more"] == unreadable(found)
    assert [] == unreadable([FOUND])


def test_travels():
    """What was found is the same after it was plain data."""
    assert FOUND == Judged.of(json.loads(json.dumps(FOUND.plain())))
