"""Two versions of a workflow to what its nodes are called now, and cases and traces of the base in these words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from pflow_engine.document.model import Workflow
from pflow_testkit.cases import Case
from pflow_testkit.cassettes.recordings import Recording
from pflow_testkit.gate.comparing.alignment import same_nodes
from pflow_testkit.nested import nodes_in

_BY_TYPE: Final = "type:"

_WAYS: Final = ("parallel", "execution_mode", "max_concurrent")
"""Of the metadata of a batch: which way its items were run. The engine promises that it makes no difference."""


@dataclass(frozen=True)
class Renaming:
    """Two versions. ``names`` are the ids in the head of nodes of the base; ``below`` those of what they nest.

    Templates and errors name nodes too: as ``${old.text}``, as ``'old'`` and as ``old.text``. Such words are put in
    the same way into both traces, so that data in which they stand by chance differ where they did.
    """

    head: Workflow
    names: Mapping[str, str]
    below: Mapping[str, Renaming]

    @classmethod
    def of(cls, base: Workflow, head: Workflow) -> Renaming:
        """Find out which node is which, in what they nest too."""
        names = same_nodes(base, head)
        nested = {node: child for node, child in base.children.items() if names.get(node) in head.children}
        return cls(head, names, {node: cls.of(child, head.children[names[node]]) for node, child in nested.items()})

    @cached_property
    def new_names(self) -> Mapping[str, str]:
        """Every node that is called otherwise now, at whatever depth."""
        found = {old: new for inner in self.below.values() for old, new in inner.new_names.items()}
        return found | {old: new for old, new in self.names.items() if old != new}

    def path(self, path: str) -> str | None:
        """The path in the head of a node of the base; None where it is gone."""
        node, _, below = path.partition("/")
        if node not in self.names or not below:
            return self.names.get(node)
        inner = self.below[node].path(below) if node in self.below else below
        return None if inner is None else f"{self.names[node]}/{inner}"

    def case(self, case: Case) -> Case:
        """A case of the base without what is for nodes that are gone."""
        stubs = {name: stub for old, stub in case.stubs.items() if (name := self._stubbed(old)) is not None}
        faults = [{**each, "node": name} for each in case.faults if (name := self.path(each["node"])) is not None]
        return replace(case, stubs=stubs, faults=faults)

    def recordings(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """The recorded calls of nodes that are still there."""
        found = ((each, self.path(each.node)) for each in recordings)
        return (replace(each, node=path) for each, path in found if path is not None)

    def trace(self, trace: Mapping[str, Any]) -> dict[str, Any]:
        """A trace of the base, or of the head, of which only words can differ."""
        own = {name: self._in_words(value) for name, value in trace.items() if name != "nodes"}
        return {**own, "nodes": [self._record(each) for each in trace.get("nodes", [])]}

    def _record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        inner = self._inner(record["id"])
        said = {name: self._in_words(value) for name, value in record.items() if name not in ("child", "batch")}
        if said.get("type") == "workflow" and isinstance(said.get("params"), dict):
            # What it comes to is told below; by which path it is named is not what comes out.
            said["params"] = {name: value for name, value in said["params"].items() if name != "workflow_ref"}
        if isinstance(said.get("llm_calls"), list):
            said["llm_calls"] = [self._call(each) for each in said["llm_calls"]]
        metadata = said.get("outputs", {}).get("batch_metadata") if isinstance(said.get("outputs"), dict) else None
        if "batch" in record and isinstance(metadata, dict):
            said["outputs"] = {**said["outputs"], "batch_metadata": _without_ways(metadata)}
        kept = {name: self._below(record[name], inner) for name in ("batch", "child") if name in record}
        return {**said, "id": self.names.get(record["id"], record["id"]), **kept}

    def _inner(self, node: str) -> Renaming:
        # By its name in the base, or in the head: no name of one side only is one of the other's.
        names = (node, *(old for old, new in self.names.items() if new == node))
        return next((self.below[name] for name in names if name in self.below), replace(self, names={}, below={}))

    def _call(self, call: Any) -> Any:
        # What asked a model is named by its path from here, with the items above it: "sub[0]/ask".
        if not isinstance(call, dict) or not isinstance(call.get("node_id"), str):
            return call
        steps, level = [], self
        for step in call["node_id"].split("/"):
            node, bracket, item = step.partition("[")
            steps.append(f"{level.names.get(node, node)}{bracket}{item}")
            level = level._inner(node)
        return {**call, "node_id": "/".join(steps)}

    def _below(self, value: Any, inner: Renaming) -> Any:
        match value:
            case {"nodes": list()}:
                # What it is given stands in the params of its node, and what its nodes make of it in theirs.
                return inner.trace({name: each for name, each in value.items() if name != "inputs"})
            case {"metadata": dict(metadata), "items": list(items), **rest}:
                told = [self._item(each, inner) for each in items]
                return {**rest, "metadata": _without_ways(metadata), "items": told}
            case _:
                return self._in_words(value)

    def _item(self, item: Any, inner: Renaming) -> Any:
        if not isinstance(item, dict):
            return item
        return {
            name: self._below(value, inner) if name == "child" else self._in_words(value)
            for name, value in item.items()
        }

    def _in_words(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._places.sub(self._named, value) if self.new_names else value
        if isinstance(value, list):
            return [self._in_words(each) for each in value]
        if isinstance(value, dict):
            return {self._in_words(key): self._in_words(each) for key, each in value.items()}
        return value

    def _named(self, place: re.Match[str]) -> str:
        return self._words.sub(lambda found: self.new_names[found.group()], place.group())

    @cached_property
    def _places(self) -> re.Pattern[str]:
        return re.compile(rf"\$\{{[^}}]*\}}|'(?:{self._any})'|(?<![\w.-])(?:{self._any})(?=[.\[])")

    @cached_property
    def _words(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w.-])(?:{self._any})(?![\w-])")

    @property
    def _any(self) -> str:
        return "|".join(map(re.escape, sorted(self.new_names, key=len, reverse=True)))

    def _stubbed(self, name: str) -> str | None:
        if not name.startswith(_BY_TYPE):
            return self.path(name)
        types = {each.node.type for each in nodes_in(self.head)}
        return name if name.removeprefix(_BY_TYPE) in types else None


def _without_ways(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in _WAYS}
