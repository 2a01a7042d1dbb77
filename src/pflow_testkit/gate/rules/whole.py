"""Two versions of what a workflow says of itself to what changed in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pflow_testkit.changes.align import same
from pflow_testkit.gate.comparing.pair import Pair, Place
from pflow_testkit.gate.model import Finding

_NOTES: Final[tuple[tuple[str, Any, str, str], ...]] = (
    ("name", "", "name-changed", "the name changed"),
    ("description", "", "description-changed", "the description changed"),
    ("metadata", {}, "metadata-changed", "the metadata changed"),
    ("mappings", {}, "mappings-changed", "`mappings` changed"),
    ("ir_version", "", "ir-version-changed", "the version of the format changed"),
)


def whole_changes(pair: Pair) -> Iterator[Finding]:
    """How templates and outputs are looked up, and what is noted about the workflow."""
    base, head = pair.base, pair.head
    if base.permissive != head.permissive:
        code = "templates-made-permissive" if head.permissive else "templates-made-strict"
        is_left = "is left as it is now" if head.permissive else "fails the run now"
        place = Place(("template_resolution_mode",))
        modes = {"base": _mode(permissive=base.permissive), "head": _mode(permissive=head.permissive)}
        yield pair.tell(code, f"a template that leads nowhere {is_left}", place, **modes)
    if base.namespacing != head.namespacing:
        message = f"nodes write {'into corners of their own' if head.namespacing else 'to the root of the store'}"
        place = Place(("enable_namespacing",))
        yield pair.tell("namespacing-changed", message, place, base=base.namespacing, head=head.namespacing)
    yield from _notes(pair)


def _notes(pair: Pair) -> Iterator[Finding]:
    was, now = pair.base.document.ir, pair.head.document.ir
    for key, nothing, code, message in _NOTES:
        old = was.get(key, nothing)
        new = now.get(key, nothing)
        if not same(old, new):
            yield pair.tell(code, message, Place((key,)), base=old, head=new)


def _mode(*, permissive: bool) -> str:
    return "permissive" if permissive else "strict"
