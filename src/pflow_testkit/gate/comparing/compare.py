"""Two versions of a workflow, or of a folder of them, to what changed for those who use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Final

from pflow_engine.document.load import form_of
from pflow_engine.document.model import Workflow
from pflow_engine.templates import MISSING
from pflow_testkit.changes import Severity
from pflow_testkit.gate.comparing.callers import Callers, Met, Workflows, target_of
from pflow_testkit.gate.comparing.pairing import Match, matched
from pflow_testkit.gate.comparing.single import Comparison
from pflow_testkit.gate.model import RULES, Finding, Rule, Side

_FOR_ITSELF: Final = ("workflow-made-invalid",)
"""What a change below it did to a caller that has errors now is told by that change."""


def compare(base: Workflow, head: Workflow, *, rules: Mapping[str, Rule] = RULES) -> tuple[Finding, ...]:
    """What changed from one version of a workflow to another, and in the workflows that it nests.

    Only what falls under ``rules`` is told. Nobody is named as a caller: ``compare_sets`` knows them.
    """
    return Comparison(rules).findings(base, head)


def compare_sets(
    base: Mapping[str, Workflow | None], head: Mapping[str, Workflow | None], *, rules: Mapping[str, Rule] = RULES
) -> tuple[Finding, ...]:
    """What changed from one version of a folder to another, each change with those callers that it meets.

    The keys are paths in the folder, with ``/``; the value of a file with errors is None. Findings come by file, and
    name it by its key.
    """
    files = matched(base, head)
    callers = Callers.of(base, head, {match.base: match.head for match in files if match.base and match.head})
    folders = _Folders(base, head, callers, Comparison(rules))
    found = (finding for match in files for finding in folders.findings(match))
    return tuple(finding for finding in found if finding.rule.code in rules)


@dataclass(frozen=True, slots=True)
class _Folders:
    base: Workflows
    head: Workflows
    callers: Callers
    comparison: Comparison

    def findings(self, match: Match) -> Iterator[Finding]:
        for finding in (*self._file(match), *self._meaning(match)):
            met = self.callers.met(finding, match.base) if match.base else ()
            told = self.callers.told(finding, match.base) if match.base else ()
            yield replace(finding, callers=told) if told else finding
            if finding.severity is Severity.BREAKING and finding.rule.code not in _FOR_ITSELF:
                yield from (_broken(finding, each) for each in met if each.side == "base")

    def _file(self, match: Match) -> Iterator[Finding]:
        was, now = self._both(match)
        if match.base is None and now is not None:
            yield _of_file("workflow-added", f"workflow '{match.head}' is new", match)
        elif match.head is None and was is not None:
            yield _of_file("workflow-removed", f"workflow '{match.base}' is gone", match)
        elif match.base is not None and match.head is not None:
            yield from self._name(match)
            if was is None and now is not None:
                yield _of_file("workflow-made-valid", f"workflow '{match.head}' has no errors any more", match)
            elif was is not None and now is None:
                yield _of_file("workflow-made-invalid", f"workflow '{match.head}' has errors", match)

    def _name(self, match: Match) -> Iterator[Finding]:
        assert match.base is not None
        assert match.head is not None
        if match.base == match.head:
            return
        message = f"workflow '{match.base}' is '{match.head}' now"
        nested = _of_file("nested-workflow-renamed", message, match)
        forms = [form_of(FilePath(file)) for file in (match.base, match.head)]
        if self.callers.met(nested, match.base):
            yield nested
        elif match.renamed or forms[0] == forms[1]:
            yield _of_file("workflow-renamed", message, match)
        if forms[0] != forms[1]:
            yield _of_file("form-changed", f"'{match.head}' was '{match.base}'", match)

    def _meaning(self, match: Match) -> Iterator[Finding]:
        was, now = self._both(match)
        for finding in self.comparison.findings(was, now) if was is not None and now is not None else ():
            file = match.head if finding.side == "head" else match.base
            assert file is not None, "both are there"
            if not self._is_told_below(finding, match):
                yield replace(self._of_moved(finding, match), file=file)

    def _is_told_below(self, finding: Finding, match: Match) -> bool:
        # The nested file is in the folder, and what changed there names this one as a caller.
        if finding.rule.code != "child-changed" or match.head is None:
            return False
        return self.callers.head.runs(match.head, finding.node) in self.callers.files.values()

    def _of_moved(self, finding: Finding, match: Match) -> Finding:
        # Alone, one file for another is another workflow; here it is known which file was moved.
        refs = (match.base, finding.base), (match.head, finding.head)
        targets = [target_of(file, ref) for file, ref in refs if file is not None and isinstance(ref, str)]
        is_ref = finding.rule.code == "child-replaced" and len(targets) == len(refs)
        if not is_ref or self.callers.files.get(targets[0]) != targets[1]:
            return finding
        message = f"'{finding.node}' names the same workflow by another path: {finding.base} -> {finding.head}"
        return replace(finding, rule=RULES["child-ref-renamed"], message=message)

    def _both(self, match: Match) -> tuple[Workflow | None, Workflow | None]:
        was = self.base[match.base] if match.base is not None else None
        return was, self.head[match.head] if match.head is not None else None


def _of_file(code: str, message: str, match: Match) -> Finding:
    side: Side = "head" if match.head is not None else "base"
    was: Any = MISSING if match.base is None else match.base
    now: Any = MISSING if match.head is None else match.head
    return Finding(RULES[code], message, match.head or match.base or "", (), None, side, was, now)


def _broken(finding: Finding, met: Met) -> Finding:
    message = f"'{finding.file}' changed so that '{met.nest.node.id}' may fail: {finding.message}"
    rule, place = RULES["child-contract-broken"], (met.nest.file, met.spot.path, met.position, met.side)
    return Finding(rule, message, *place, MISSING, MISSING, met.nest.node.id)
