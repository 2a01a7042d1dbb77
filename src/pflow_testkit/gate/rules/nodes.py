"""Two versions of the nodes to which are gone, new, renamed or of another type."""

from __future__ import annotations

from collections.abc import Iterator

from pflow_testkit.gate.comparing.pair import Both, Pair, Place
from pflow_testkit.gate.model import Finding

_NESTS = "workflow"


def node_changes(pair: Pair) -> Iterator[Finding]:
    """What became of the nodes as such; what they do is told by the rules of params and batches."""
    for node in pair.removed:
        is_child = node.type == _NESTS
        code, what = ("child-removed", "which ran a workflow,") if is_child else ("node-removed", f"({node.type})")
        place = pair.at(node.id, "id", side="base")
        yield pair.tell(code, f"node '{node.id}' {what} is gone", place, base=node.type, node=node.id)
    for node in pair.added:
        message = f"node '{node.id}' ({node.type}) is new"
        yield pair.tell("node-added", message, pair.at(node.id, "id"), head=node.type, node=node.id)
    for each in pair.both:
        yield from _changed(pair, each)
    yield from _order(pair)


def _changed(pair: Pair, node: Both) -> Iterator[Finding]:
    was, now = node
    if was.id != now.id:
        message = f"node '{was.id}' is called '{now.id}' now"
        yield pair.tell("node-renamed", message, pair.at(now.id, "id"), base=was.id, head=now.id, node=now.id)
    if was.type != now.type:
        message = f"node '{now.id}' is of another type"
        yield pair.tell(
            "node-type-changed", message, pair.at(now.id, "type"), base=was.type, head=now.type, node=now.id
        )
    if was.purpose != now.purpose:
        message = f"the purpose of '{now.id}' changed"
        words = {"base": was.purpose, "head": now.purpose}
        yield pair.tell("node-purpose-changed", message, pair.at(now.id, "purpose"), **words, node=now.id)


def _order(pair: Pair) -> Iterator[Finding]:
    was = [node.now.id for node in pair.both]
    kept = set(was)
    now = [node.id for node in pair.head.nodes if node.id in kept]
    if was != now:
        message = "the nodes stand in another order in the file"
        yield pair.tell("nodes-reordered", message, Place(("nodes",), key=True), base=was, head=now)
