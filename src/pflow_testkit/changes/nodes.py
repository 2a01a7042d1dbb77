"""Two runs of a node to the places where they differ, each said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pflow_engine.document.positions import Path
from pflow_engine.templates import MISSING, Reference, parse
from pflow_testkit.changes.align import aligned, key_of, same
from pflow_testkit.changes.batch import OUTPUTS, Batch
from pflow_testkit.changes.fields import field_differences, given, others
from pflow_testkit.changes.items import batch_differences
from pflow_testkit.changes.values import Difference

_FIRST = ("type", "status", "error", "action", "params")
_OURS = ("id", *_FIRST, "templates", "batch", "outputs", "llm_calls", "child")

Run = Mapping[str, Any]


def node_differences(old: Run, new: Run) -> list[Difference]:
    """The differences of two runs of one node, in the order of a report; those of items are under ``items``."""
    ran = [*_what_it_did(old, new)]
    params = [*field_differences(old, new, "params")]
    if ran == [] and Batch.of(new) is not None:
        params = [_spelling(difference) for difference in params]
    first = [difference for name in _FIRST[:-1] for difference in field_differences(old, new, name)]
    found = [*first, *params, *_templates(old, new, told=bool(params)), *ran]
    told = _told_elsewhere({difference.path for difference in found}, old, new)
    return [difference for difference in found if difference.path not in told]


def says_the_same(one: Any, other: Any) -> bool:
    """Whether two errors, either of which may not be there, are one: the outer one adds who failed."""
    if not isinstance(one, str) or not isinstance(other, str):
        return same(one, other)
    return one in other or other in one


def _what_it_did(old: Run, new: Run) -> Iterator[Difference]:
    before, after = Batch.of(old), Batch.of(new)
    calls = True
    if before is not None and after is not None:
        yield from batch_differences(before, after)
        calls = before.calls is None or after.calls is None
    elif before is not None and given(new, "batch") is MISSING:
        yield Difference(("batch",), old={"items": len(before.items)})
        yield from field_differences(_left(old), new, "outputs")
    elif after is not None and given(old, "batch") is MISSING:
        yield Difference(("batch",), new={"items": len(after.items)})
        yield from field_differences(old, _left(new), "outputs")
    else:
        yield from field_differences(old, new, "batch")
        yield from field_differences(old, new, "outputs")
    yield from _child(given(old, "child"), given(new, "child"))
    for name in (*(("llm_calls",) if calls else ()), *others(old, new, _OURS)):
        yield from field_differences(old, new, name)


def _child(old: Any, new: Any) -> Iterator[Difference]:
    # What changed from one run of a nested workflow to another is told as that of any two traces.
    if isinstance(old, dict) and isinstance(new, dict):
        return
    if old is not new:
        yield Difference(("child",), _in_short(old), _in_short(new))


def _in_short(child: Any) -> Any:
    return {"status": child.get("status")} if isinstance(child, dict) else child


def _left(run: Run) -> dict[str, Any]:
    return {"outputs": {name: value for name, value in run["outputs"].items() if name not in OUTPUTS}}


def _told_elsewhere(paths: set[Path], old: Run, new: Run) -> set[Path]:
    told: set[Path] = set()
    if ("error",) in paths and all(says_the_same(_error_output(run), run.get("error")) for run in (old, new)):
        told.add(("outputs", "error"))
    if ("status",) in paths and _follows(old, new):
        told.add(("action",))
    return told


def _error_output(run: Run) -> Any:
    outputs = run.get("outputs")
    return outputs.get("error") if isinstance(outputs, dict) else None


def _follows(old: Run, new: Run) -> bool:
    usual = {"completed": "default", "failed": "error"}
    return all(run.get("action") == usual.get(str(run.get("status"))) for run in (old, new))


def _templates(old: Run, new: Run, *, told: bool) -> Iterator[Difference]:
    before, after = old.get("templates") or {}, new.get("templates") or {}
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield from field_differences(old, new, "templates")
        return
    if told:
        return
    gone = [text for text in before if text not in after]
    come = [text for text in after if text not in before]
    # Equal values are the same template in other words.
    for pair in aligned([key_of(before[text]) for text in gone], [key_of(after[text]) for text in come]):
        was = gone[pair.old] if pair.old is not None else MISSING
        now = come[pair.new] if pair.new is not None else MISSING
        yield Difference(("templates",), was, now, cosmetic=True)
    shared = [text for text in before if text in after]
    yield from field_differences(_only(before, shared), _only(after, shared), "templates")


def _only(templates: Mapping[str, Any], texts: list[str]) -> dict[str, Any]:
    return {"templates": {text: templates[text] for text in texts}}


def _spelling(difference: Difference) -> Difference:
    # The params of a batch stand as written, so that only what its items did tells whether values changed.
    old, new = difference.old, difference.new
    alike = isinstance(old, str) and isinstance(new, str) and _around(old) == _around(new)
    return replace(difference, cosmetic=True) if alike else difference


def _around(text: str) -> list[str | None]:
    return [None if isinstance(part, Reference) else part for part in parse(text).parts]
