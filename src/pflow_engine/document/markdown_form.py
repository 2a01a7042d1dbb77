"""Markdown text to data, and, when asked, to the spans of its values.

``### id`` under ``## Steps`` is a node, under ``## Inputs`` and ``## Outputs`` a declaration; its bullets and fenced
blocks are fields. The frontmatter holds what Markdown has no words for: the fields of a workflow that are
neither, by their names, and ``metadata``, which is all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Final

from pflow_engine.document import yaml_form
from pflow_engine.document.markdown.blocks import SECTIONS
from pflow_engine.document.markdown.names import EDGES, IN_FRONTMATTER, OF_THE_NODE
from pflow_engine.document.markdown.outline import Entity, Outline, outline_of, outline_problems
from pflow_engine.document.markdown.parameters import Parameter, parameters
from pflow_engine.document.positions import MOST_PROBLEMS, Path, Source, Span, Spans, first_problems, in_file_order
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.value_types import type_name

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


_NONE: Final = Spans({}, {})


@dataclass(frozen=True, slots=True)
class _Entry:
    """A node or a declaration: where it stands in the workflow, its fields, their values, and what is wrong there."""

    path: Path
    entity: Entity
    fields: Mapping[str, Parameter]
    values: Mapping[str, Any]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge, the node it leaves, and the bullet that says so, if one does."""

    source: _Entry
    target: Any
    action: str
    told_by: Parameter | None


def parse(text: str, file: str) -> Any:
    """Markdown to the data that JSON and YAML give.

    Raises:
        InvalidWorkflow: with every problem of the file that is one of writing; what it means is not looked at.
    """
    source = Source.of(text, file)
    halves = first_problems(_half_characters(source), text, file)
    if halves:
        raise InvalidWorkflow(halves)
    outline = outline_of(text)
    entries = {section: _entries(outline, source, section) for section in SECTIONS}
    top, faults = _frontmatter(outline, source)
    told = chain.from_iterable(entry.problems for found in entries.values() for entry in found)
    problems = first_problems(chain(outline_problems(outline, source), faults, told), text, file)
    if problems:
        raise InvalidWorkflow(sorted(problems, key=in_file_order))
    return _ir(outline, text, entries, top)


def spans(text: str) -> Spans:
    """Where each value and key of a Markdown text that parses stands, those inside of YAML and JSON blocks too."""
    source = Source.of(text, "")
    outline = outline_of(text)
    entries = {section: _entries(outline, source, section) for section in SECTIONS}
    found = [_top_spans(outline, source), _edge_spans(entries["steps"])]
    found += [_entry_spans(entry) for entries_of in entries.values() for entry in entries_of]
    values = {path: span for spans in found for path, span in spans.values.items()}
    return Spans(values, {path: span for spans in found for path, span in spans.keys.items()})


def _half_characters(source: Source) -> Iterator[Problem]:
    for found in _HALF_CHARACTER.finditer(source.text):
        yield source.problem(found.start(), "surrogate", "half a character (a lone surrogate)", hint="write it whole")


def _entries(outline: Outline, source: Source, section: str) -> list[_Entry]:
    if section == "steps":
        return [_entry(entity, source, ("nodes", at)) for at, entity in enumerate(outline.entities(section))]
    return [_entry(entity, source, (section, entity.name)) for entity in outline.entities(section)]


def _entry(entity: Entity, source: Source, path: Path) -> _Entry:
    fields: dict[str, Parameter] = {}
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for found in parameters(entity, source, lambda name: _place(path, name)):
        if len(problems) > MOST_PROBLEMS:
            break
        if isinstance(found, Problem):
            problems.append(found)
            continue
        fields[found.name] = found
        try:
            values[found.name] = found.read()
        except InvalidWorkflow as error:
            problems += error.problems
    return _Entry(path, entity, fields, values, (*problems, *_told_twice(path, fields, source)))


def _place(path: Path, name: str) -> Path:
    return (
        (*path, "params", name)
        if path[0] == "nodes" and name not in OF_THE_NODE and name not in EDGES
        else (*path, name)
    )


def _told_twice(path: Path, fields: Mapping[str, Parameter], source: Source) -> Iterator[Problem]:
    if path[0] != "nodes" and "description" in fields:
        message, hint = "the description is given twice", "take the bullet out: the words under the heading are it"
        at = fields["description"].key.start
        yield source.problem(at, "duplicate-key", message, path=(*path, "description"), hint=hint)


def _frontmatter(outline: Outline, source: Source) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    part = _frontmatter_source(outline, source)
    try:
        data = yaml_form.read(part) if part else None
    except InvalidWorkflow as error:
        return {}, error.problems
    if not isinstance(data, dict | None):
        message, hint = f"the frontmatter is of type {type_name(data)}, not object", "write it as 'key: value'"
        return {}, (source.problem(0, "frontmatter", message, hint=hint),)
    data = data or {}
    top = {name: value for name, value in data.items() if name in IN_FRONTMATTER}
    metadata = {name: value for name, value in data.items() if name not in IN_FRONTMATTER}
    return top | ({"metadata": metadata} if metadata else {}), ()


def _frontmatter_source(outline: Outline, source: Source) -> Source | None:
    span = outline.frontmatter
    return Source(source.text[slice(*span)], source.file, source.text, span.start) if span else None


def _ir(outline: Outline, text: str, entries: Mapping[str, Sequence[_Entry]], top: Mapping[str, Any]) -> dict[str, Any]:
    told = {"name": text[slice(*outline.title.title)] if outline.title else "", "description": outline.description}
    declared = {
        section: {entry.entity.name: {"description": entry.entity.prose, **entry.values} for entry in entries[section]}
        for section in ("inputs", "outputs")
    }
    ir = {key: value for key, value in {**top, **told, "inputs": declared["inputs"]}.items() if value or key in top}
    ir["nodes"] = [_node(entry) for entry in entries["steps"]]
    if _has_edges(entries["steps"]):
        ir["edges"] = [
            {"from": edge.source.entity.name, "to": edge.target, "action": edge.action}
            for edge in _edges(entries["steps"])
        ]
    return ir | ({"outputs": declared["outputs"]} if declared["outputs"] else {})


def _node(entry: _Entry) -> dict[str, Any]:
    params = {name: value for name, value in entry.values.items() if name not in OF_THE_NODE and name not in EDGES}
    node = {"id": entry.entity.name, "purpose": entry.entity.prose}
    node |= {name: entry.values[name] for name in OF_THE_NODE if name in entry.values}
    return node | ({"params": params} if params else {})


def _has_edges(nodes: Sequence[_Entry]) -> bool:
    # Where no bullet names an edge, document order is left to who normalises.
    return any(name in entry.fields for entry in nodes for name in EDGES)


def _edges(nodes: Sequence[_Entry]) -> Iterator[_Edge]:
    for entry, following in zip_longest(nodes, nodes[1:]):
        if "next" not in entry.fields and following:
            yield _Edge(entry, following.entity.name, "default", None)
        for name, action in EDGES.items():
            if entry.values.get(name) is not None:
                yield _Edge(entry, entry.values[name], action, entry.fields[name])


def _top_spans(outline: Outline, source: Source) -> Spans:
    part = _frontmatter_source(outline, source)
    found = part.placed(yaml_form.spans(part.text)) if part else _NONE
    values = {_top_path(path): span for path, span in found.values.items()}
    values[()] = Span(0, len(source.text))
    if outline.title:
        values["name",] = outline.title.title
    steps = outline.place_of("steps")
    if steps:
        values["nodes",] = steps.title
    return Spans(values, {_top_path(path): span for path, span in found.keys.items()})


def _top_path(path: Path) -> Path:
    return path if path[:1] and path[0] in IN_FRONTMATTER else ("metadata", *path)


def _entry_spans(entry: _Entry) -> Spans:
    heading = entry.entity.heading
    is_node = entry.path[0] == "nodes"
    told = "purpose" if is_node else "description"
    found = [field.spans() for field in entry.fields.values()]
    values = {path: span for spans in found for path, span in spans.values.items()}
    keys = {path: span for spans in found for path, span in spans.keys.items()}
    values[entry.path] = Span(heading.title.start, entry.entity.end)
    values[*entry.path, told] = entry.entity.told_at
    return Spans(values | ({(*entry.path, "id"): heading.title} if is_node else {}), keys | {entry.path: heading.title})


def _edge_spans(nodes: Sequence[_Entry]) -> Spans:
    values: dict[Path, Span] = {}
    for at, edge in enumerate(_edges(nodes) if _has_edges(nodes) else ()):
        heading = edge.source.entity.heading.title
        values["edges", at, "from"] = heading
        values["edges", at] = values["edges", at, "to"] = edge.told_by.value if edge.told_by else heading
        values["edges", at, "action"] = edge.told_by.key if edge.told_by else heading
    return Spans(values, {})
