"""The cases of the base, run on a workflow that changed: what comes out differently, and where first."""

import pytest
from replay_pairs import ALIKE, CASE, DIFFER, TRIAGE
from replays import Replays, cases
from rule_pairs import edited


@pytest.fixture
def replays(request, tmp_path):
    """Replays in a folder of the test's own."""
    return Replays(request, tmp_path)


def lines(ir):
    """A workflow with a line for each node."""
    import json

    return json.dumps(ir, indent=1)


@pytest.mark.parametrize("pair", DIFFER, ids=[pair.what for pair in DIFFER])
def test_differs(replays, pair):
    """What comes out differently is told with the node, and the item, where it did first."""
    was, now = pair.workflows
    finding = replays.told({"flow.json": was, **cases(pair.case)}, {"flow.json": now})
    assert (pair.code, pair.node) == (finding.rule.code, finding.node)
    assert "case 'case 1'" in finding.message
    assert pair.words in finding.message


@pytest.mark.parametrize("pair", ALIKE, ids=[pair.what for pair in ALIKE])
def test_alike(replays, pair):
    """What comes out the same is not told, whatever it looks like."""
    was, now = pair.workflows
    assert was != now
    assert [] == replays.findings({"flow.json": was, **cases(pair.case)}, {"flow.json": now})
