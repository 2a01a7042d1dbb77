"""Two versions of a workflow to what changed, the workflows that they nest among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pflow_engine.document.model import Workflow
from pflow_testkit.gate.comparing.pair import Pair
from pflow_testkit.gate.model import Finding, Rule
from pflow_testkit.gate.rules.batch import batch_changes
from pflow_testkit.gate.rules.children import child_changes
from pflow_testkit.gate.rules.edges import edge_changes
from pflow_testkit.gate.rules.inputs import input_changes
from pflow_testkit.gate.rules.nodes import node_changes
from pflow_testkit.gate.rules.outputs import output_changes
from pflow_testkit.gate.rules.params import param_changes
from pflow_testkit.gate.rules.whole import whole_changes

_AREAS: Final[tuple[Callable[[Pair], Iterator[Finding]], ...]] = (
    whole_changes,
    input_changes,
    output_changes,
    node_changes,
    edge_changes,
    param_changes,
    batch_changes,
)
"""In the order of a report; the nested workflows come last."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares any number of pairs, each pair of nested files once. Only what falls under ``rules`` is told."""

    rules: Mapping[str, Rule]
    _nested: dict[tuple[str, str], tuple[Finding, ...]] = field(default_factory=dict)

    def findings(self, base: Workflow, head: Workflow) -> tuple[Finding, ...]:
        """What changed."""
        pair = Pair.of(base, head)
        return tuple(finding for finding in self._all(pair) if finding.rule.code in self.rules)

    def _all(self, pair: Pair) -> Iterator[Finding]:
        for area in _AREAS:
            yield from area(pair)
        yield from child_changes(pair, self._of_nested)

    def _of_nested(self, base: Workflow, head: Workflow) -> tuple[Finding, ...]:
        files = base.document.file, head.document.file
        if files not in self._nested:
            self._nested[files] = self.findings(base, head)
        return self._nested[files]
