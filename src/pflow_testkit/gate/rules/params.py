"""Two versions of the params of nodes to what they do otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final, Literal, NamedTuple

from pflow_engine.document.model import NodeIR
from pflow_engine.document.positions import Path
from pflow_engine.templates import MISSING
from pflow_engine.trace.names import looks_counted, looks_secret
from pflow_testkit.changes.words import dotted
from pflow_testkit.gate.comparing.meaning import Names, is_template, meaning, text_around
from pflow_testkit.gate.comparing.pair import Both, Pair
from pflow_testkit.gate.model import Finding, Side

_Kind = Literal["added", "removed", "changed"]

_KNOWN: Final[Mapping[tuple[str, str], str]] = {
    ("shell", "command"): "shell-command-changed",
    ("code", "code"): "code-changed",
    ("http", "url"): "http-url-changed",
    ("http", "method"): "http-method-changed",
    ("llm", "prompt"): "prompt-changed",
    ("llm", "system"): "prompt-changed",
    ("llm", "model"): "model-changed",
    ("workflow", "param_mapping"): "param-mapping-changed",
    ("workflow", "output_mapping"): "output-mapping-changed",
}
_MAPPINGS: Final = ("param-mapping-changed", "output-mapping-changed")
_NO_MAPPINGS: Final[Mapping[str, Any]] = {"param_mapping": {}, "output_mapping": {}}
_REF: Final = "workflow_ref"


class _Change(NamedTuple):
    """A place in the params where they differ."""

    node: Both
    path: Path
    was: Any
    now: Any

    @property
    def kind(self) -> _Kind:
        return "added" if self.was is MISSING else "removed" if self.now is MISSING else "changed"


def param_changes(pair: Pair) -> Iterator[Finding]:
    """Params that are gone, new or have another value; of a node of another type they are others anyway."""
    for node in pair.both:
        if node.was.type == node.now.type:
            names = pair.names_in(node)
            for path, was, now in _differences(_params(node.was), _params(node.now), (), names):
                yield from _told(pair, _Change(node, path, was, now))


def _params(node: NodeIR) -> Mapping[str, Any]:
    return {**_NO_MAPPINGS, **node.params} if node.type == "workflow" else node.params


def _differences(was: Any, now: Any, path: Path, names: tuple[Names, Names]) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in {**was, **now}:
            yield from _differences(was.get(key, MISSING), now.get(key, MISSING), (*path, key), names)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(one, other, (*path, index), names)
    elif was is MISSING or now is MISSING or meaning(was, names[0]) != meaning(now, names[1]):
        yield path, was, now


def _told(pair: Pair, change: _Change) -> Iterator[Finding]:
    node, path, was, now = change
    code = _code(change)
    if code is None:
        return
    side: Side = "base" if now is MISSING else "head"
    of = node.was if side == "base" else node.now
    message = f"param '{dotted(path)}' of '{node.now.id}' {_word(change)}"
    place = pair.at(of.id, "params", *path, side=side)._replace(within=_other_line(was, now))
    yield pair.tell(code, message, place, base=was, head=now, node=node.now.id)


def _other_line(was: Any, now: Any) -> str:
    # Of a text over many lines the first that is another one is pointed to.
    if not isinstance(was, str) or not isinstance(now, str) or "\n" not in now:
        return ""
    lines = zip_longest(was.split("\n"), now.split("\n"), fillvalue="")
    return next((new.strip() for old, new in lines if old != new), "")


def _code(change: _Change) -> str | None:
    known = _KNOWN.get((change.node.now.type, str(change.path[0])))
    if change.node.now.type == "workflow" and change.path == (_REF,):
        return None  # told by the rules of children, who know which workflow it names
    if any(looks_secret(step) and not looks_counted(step) for step in change.path):
        return "secret-written" if _is_written(change) else "secret-changed"
    if known in _MAPPINGS:
        return known
    if change.kind != "changed":
        return f"param-{change.kind}"
    return _of_template(change) or known or "param-changed"


def _of_template(change: _Change) -> str | None:
    was, now = is_template(change.was), is_template(change.now)
    if was != now:
        return "param-made-template" if now else "param-made-literal"
    texts = isinstance(change.was, str) and isinstance(change.now, str)
    return "template-changed" if was and texts and text_around(change.was) == text_around(change.now) else None


def _word(change: _Change) -> str:
    return {"added": "is new", "removed": "is gone", "changed": "changed"}[change.kind]


def _is_written(change: _Change) -> bool:
    was, now = change.was, change.now
    is_text = isinstance(now, str) and bool(now) and not is_template(now)
    return is_text and (not isinstance(was, str) or not was or is_template(was))
