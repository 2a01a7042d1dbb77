"""What the gate found as annotations of GitHub Actions."""

import re
from dataclasses import replace

from pflow_testkit.gate.reports.actions import as_annotations
from pflow_testkit.gate.row import Spot


def read(line):
    """What GitHub's runner makes of a line: its command, its properties, its message."""
    found = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    properties = dict(each.split("=", 1) for each in found[2].split(","))
    for code, sign in {"%2C": ",", "%3A": ":", "%0A": "\n", "%0D": "\r", "%25": "%"}.items():
        properties = {name: value.replace(code, sign) for name, value in properties.items()}
    message = found[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return found[1], properties, message


def test_annotation(made):
    """An annotation has its place at hand, its rule and class, and whom it meets."""
    (line,) = as_annotations([made.gone])
    said = "output 'count' is gone%0Ameets flows/b.json:4:2 node 'sub'%0Ameets flows/c.json:7:1 node 'sub'"
    assert f"::error file=flows/a.json,line=10,col=3,title=output-removed (BREAKING)::{said}" == line


def test_kinds(made):
    """What breaks is an error, unless it is approved."""
    found = [read(line) for line in as_annotations([made.name, made.approved, made.param, made.gone])]
    assert ["error", "warning", "notice", "notice"] == [kind for kind, _, _ in found]
    assert "output-removed (BREAKING, approved)" == found[-1][1]["title"]
    assert "\napproved: nobody reads it\n" in found[-1][2]


def test_escaped(made):
    """Signs of the command's own, and lines, do not end it; the runner reads what was written."""
    name = "a:b,c%2C=d\nd\r::error::x"
    (line,) = as_annotations([replace(made.gone, message=name, now=Spot(name), callers=())])
    kind, properties, message = read(line)
    assert ("error", name.replace("\r", "\\r"), name.replace("\r", "\\r")) == (kind, properties["file"], message)
    assert "line" not in properties


def test_more_than_shown(made):
    """Of each kind there are at most ten; the last says how many more there are."""
    lines = as_annotations([made.gone] * 10 + [made.param] * 12)
    assert ["error"] * 10 + ["warning"] * 10 == [read(line)[0] for line in lines]
    assert "and 3 more of this kind, in the log of this step" == read(lines[-1])[2]
    assert "output 'count' is gone" in read(lines[9])[2]
