"""What a gate found, made up: rows of every kind, with names that are markup."""

from dataclasses import replace

import pytest

from pflow_testkit.gate.reports.told import Told
from pflow_testkit.gate.row import Judged, Row, Spot

HOSTILE = (
    "x|`end`<b>&amp; **no** [a](//b) $m$ #1 @me :100: ~~s~~ www.a.example https://a.example \\ ::error::% {0} ${y}\n| z"
)
GONE = Row(
    workflow="flows/a.json",
    severity="BREAKING",
    rule="output-removed",
    spot=Spot("flows/a.json", 12, 15, side="base"),
    path="outputs.count",
    message="output 'count' is gone",
    now=Spot("flows/a.json", 10, 3),
    below="outputs.count",
    callers=(Spot("flows/b.json", 4, 2, "node 'sub'"), Spot("flows/c.json", 7, 1, "node 'sub'", "base")),
)
PARAM = replace(
    GONE,
    severity="BEHAVIOUR",
    rule="param-changed",
    spot=Spot("flows/a.json", 5, 3),
    now=Spot("flows/a.json", 5, 3),
    path="nodes[1].params.text",
    node="say",
    below="params.text",
    message="param 'text' of 'say' changed: \"${x} {0}\" -> \"[a](b)\"",
    callers=(),
)
NAME = replace(
    PARAM, severity="COSMETIC", rule="name-changed", path="name", node="", below="name", message="the name changed"
)
APPROVED = replace(
    GONE, approved="nobody reads it", approved_at=Spot("pyproject.toml", 3, 5), path="outputs.old", below="outputs.old"
)


class Made:
    """The rows by name, and what is told of them."""

    gone, param, name, approved, hostile = GONE, PARAM, NAME, APPROVED, HOSTILE

    def told(self, *rows, chart="", **known):
        """A session in which one workflow was judged."""
        return Told("origin/main", (Judged("flows/a.json", rows, chart),), **known)


@pytest.fixture
def made():
    """Rows, and what is told of them."""
    return Made()
