"""Two versions of the inputs to what changed for who gives them."""

from __future__ import annotations

from collections.abc import Iterator

from pflow_engine.document.model import InputDeclaration
from pflow_testkit.changes.align import same
from pflow_testkit.gate.comparing.declared import default_of, is_needed, taken_inputs, type_change, written_input
from pflow_testkit.gate.comparing.pair import Pair, Place
from pflow_testkit.gate.model import Finding, Side


def input_changes(pair: Pair) -> Iterator[Finding]:
    """Inputs that are gone, new, or take something else."""
    base, head = taken_inputs(pair.base), taken_inputs(pair.head)
    for name, was in base.items():
        if name in head:
            yield from _changed(pair, name, was, head[name])
        elif name in pair.base.inputs or pair.head.inputs:
            place = _at(name, side="base", key=True)
            yield pair.tell("input-removed", f"input '{name}' is gone", place, base=was.type)
    for name, now in head.items():
        if name not in base:
            yield from _added(pair, name, now)


def _added(pair: Pair, name: str, now: InputDeclaration) -> Iterator[Finding]:
    if is_needed(now):
        message = f"input '{name}' ({now.type}) is new, and must be given"
        yield pair.tell("input-required-added", message, _at(name, key=True), head=now.type)
    elif name in pair.head.inputs:
        message = f"input '{name}' ({now.type}) is new, and may be left out"
        yield pair.tell("input-optional-added", message, _at(name, key=True), head=now.type)


def _changed(pair: Pair, name: str, was: InputDeclaration, now: InputDeclaration) -> Iterator[Finding]:
    if name in pair.head.inputs and name not in pair.base.inputs:
        message = f"input '{name}' is declared now, as {now.type}"
        yield pair.tell("input-declared", message, _at(name, key=True), head=now.type)
    else:
        yield from _type(pair, name, was, now)
    yield from _need(pair, name, was, now)
    yield from _noted(pair, name)


def _type(pair: Pair, name: str, was: InputDeclaration, now: InputDeclaration) -> Iterator[Finding]:
    change = type_change(was.type, now.type)
    if change is not None:
        message = f"the type of input '{name}' was {change}"
        yield pair.tell(f"input-type-{change}", message, _at(name, "type"), base=was.type, head=now.type)


def _need(pair: Pair, name: str, was: InputDeclaration, now: InputDeclaration) -> Iterator[Finding]:
    if is_needed(was) and not is_needed(now):
        yield pair.tell("input-made-optional", f"input '{name}' may be left out now", _at(name))
    elif is_needed(now) and not is_needed(was):
        yield _made_needed(pair, name, was)
    elif not is_needed(now) and not _same_default(was, now):
        message = f"the default of input '{name}' changed"
        defaults = {"base": default_of(was), "head": default_of(now)}
        yield pair.tell("input-default-changed", message, _at(name, "default"), **defaults)


def _made_needed(pair: Pair, name: str, was: InputDeclaration) -> Finding:
    if was.has_default:
        message = f"input '{name}' lost its default, and must be given now"
        return pair.tell("input-default-removed", message, _at(name, "default", side="base"), base=default_of(was))
    return pair.tell("input-made-required", f"input '{name}' must be given now", _at(name, "required"))


def _same_default(was: InputDeclaration, now: InputDeclaration) -> bool:
    # Written alike, it may be another value under another type: then the type is what changed.
    written = was.has_default and now.has_default and same(was.default, now.default)
    return written or same(default_of(was), default_of(now))


def _noted(pair: Pair, name: str) -> Iterator[Finding]:
    was, now = written_input(pair.base, name), written_input(pair.head, name)
    piped, pipes = bool(was.get("stdin")), bool(now.get("stdin"))
    if piped and not pipes:
        message = f"input '{name}' takes no more what is piped in"
        yield pair.tell("input-stdin-removed", message, _at(name, "stdin", side="base"))
    elif pipes and not piped:
        yield pair.tell("input-stdin-added", f"input '{name}' takes what is piped in", _at(name, "stdin"))
    words = was.get("description", ""), now.get("description", "")
    if words[0] != words[1]:
        message = f"the description of input '{name}' changed"
        place = _at(name, "description")
        yield pair.tell("input-description-changed", message, place, base=words[0], head=words[1])


def _at(name: str, *below: str, side: Side = "head", key: bool = False) -> Place:
    return Place(("inputs", name, *below), side, key)
