"""Mutants of the demo's workflows: what a snapshot notices, the replay does as well."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pflow_engine import load, validate
from pflow_testkit.changes import Severity, trace_changes
from pflow_testkit.changes.words import dotted
from pflow_testkit.gate import compare
from pflow_testkit.gate.replaying.playing import Player, Unplayable, Version
from pflow_testkit.gate.replaying.replay import Replay, Side
from pflow_testkit.mutation.mutants import mutants_of
from pflow_testkit.registry import registry_for_cases
from pflow_testkit.snapshots.orphans import written_cases

FLOWS = Path(__file__).parents[3] / "workflows"


class Mutated:
    """A workflow of the demo in a folder, its mutants, and what a snapshot of each case holds of a version."""

    def __init__(self, request, folder, name):
        self.folder, self.file = folder, folder / "flows" / name
        shutil.copytree(FLOWS, folder / "flows")
        self.document, self.player = load(self.file), Player(request, 60)
        self.registry = registry_for_cases(request.config, self.file, self.document, written_cases(self.file))
        self.base = Side(validate(self.document, self.registry), self.file, folder)
        self.cases = [case for case in written_cases(self.file) if not case.live]

    def mutants(self):
        """Each, with whether it is the same to the engine."""
        for mutant in mutants_of(self.document, self.registry):
            head = validate(replace(self.document, ir=mutant.ir), self.registry)
            yield mutant, Side(head, self.file, self.folder)

    def seen(self, side, place):
        """What snapshots of traces hold of each case; None of one that cannot be run."""
        version = Version.at_hand(side.workflow, side.file)
        for number, case in enumerate(self.cases):
            try:
                came = self.player.came(version, case, self.folder / "none", self.folder / place / str(number))
                yield case.name, came.canonical(came.result.trace.to_dict())
            except Unplayable:
                yield case.name, None


def differs(was, now, base, head):
    """Whether a snapshot notices more than other words for the same, and than params that the gate tells anyway."""
    if was is None or now is None:
        return was is not now
    told = {(finding.node, dotted(finding.path[2:])) for finding in compare(base, head)}
    changes = [change for change in trace_changes(was, now, head) if change.severity is not Severity.COSMETIC]
    return any(not change.what.startswith("params") or (change.node, change.what) not in told for change in changes)


@pytest.mark.parametrize(
    ("name", "every"), [("classify_tickets.yaml", 12), ("greet.yaml", 2), ("sort_issues.yaml", 2), ("deploy.json", 5)]
)
def test_notices_as_snapshots_do(request, tmp_path, name, every):
    """Of each mutant, each case whose trace is another is told; one that the engine takes for the same, none."""
    mutated = Mutated(request, tmp_path, name)
    was = dict(mutated.seen(mutated.base, "base"))
    noticed = 0
    for number, (mutant, head) in enumerate(list(mutated.mutants())[::every]):
        now = dict(mutated.seen(head, f"mutant {number}"))
        told = [finding.message for finding in Replay(request, 60, mutated.base, head).findings()]
        if mutant.idea.equivalent:
            assert [] == told, mutant.name
            continue
        for case in mutated.cases:
            if differs(was[case.name], now[case.name], mutated.base.workflow, head.workflow):
                noticed += 1
                assert any(f"case '{case.name}'" in each for each in told), (mutant.name, case.name)
    assert noticed > 5
