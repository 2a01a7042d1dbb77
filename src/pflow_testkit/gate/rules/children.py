"""Two versions of the workflows that nodes run to what changed for those nodes."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from pflow_engine.document.model import Workflow
from pflow_engine.templates import MISSING
from pflow_testkit.changes import Severity
from pflow_testkit.gate.comparing.effects import spot_met
from pflow_testkit.gate.comparing.meaning import meaning
from pflow_testkit.gate.comparing.pair import Both, Pair, Place
from pflow_testkit.gate.model import Finding

FindingsOf = Callable[[Workflow, Workflow], tuple[Finding, ...]]
"""What changed from one version of a nested workflow to another."""

_REF = "workflow_ref"


def child_changes(pair: Pair, findings_of: FindingsOf) -> Iterator[Finding]:
    """Nodes that run another workflow, or one that changed so that they fail or do something else."""
    for node in pair.both:
        was, now = pair.base.children.get(node.was.id), pair.head.children.get(node.now.id)
        found = findings_of(was, now) if was is not None and now is not None else None
        yield from _ref(pair, node, found)
        yield from _met(pair, node, found or ())


def _ref(pair: Pair, node: Both, found: tuple[Finding, ...] | None) -> Iterator[Finding]:
    if node.was.type != node.now.type or node.now.type != "workflow":
        return
    was, now = (each.params.get(_REF, MISSING) for each in node)
    names = pair.names_in(node)
    if meaning(_file(was), names[0]) == meaning(_file(now), names[1]):
        return
    is_same = found is not None and all(finding.severity is Severity.COSMETIC for finding in found)
    code = "child-ref-renamed" if is_same else "child-replaced"
    message = f"'{node.now.id}' names {'the same' if is_same else 'another'} workflow"
    place = pair.at(node.now.id, "params", _REF)
    yield pair.tell(code, f"{message}{' by another path' * is_same}", place, base=was, head=now, node=node.now.id)


def _met(pair: Pair, node: Both, found: tuple[Finding, ...]) -> Iterator[Finding]:
    name, ref = node.now.id, node.now.params.get(_REF)
    met = [(finding, spot) for finding in found if (spot := spot_met(finding, pair.head, node.now)) is not None]
    for finding, spot in met:
        if finding.severity is Severity.BREAKING:
            message = f"'{ref}' changed so that '{name}' may fail: {finding.message}"
            yield pair.tell("child-contract-broken", message, Place(spot.path, within=spot.within), node=name)
    others = [finding.message for finding, _ in met if finding.severity is Severity.BEHAVIOUR]
    if others:
        more = f", and {len(others) - 1} more" if len(others) > 1 else ""
        message = f"'{ref}', which '{name}' runs, does something else: {others[0]}{more}"
        yield pair.tell("child-changed", message, pair.at(name, "params", _REF), node=name)


def _file(ref: Any) -> Any:
    return posixpath.normpath(ref) if isinstance(ref, str) else "" if ref is MISSING else ref
