"""Markdown text to data, and, when asked, to the spans of its values.

``### id`` under ``## Steps`` is a node, under ``## Inputs`` and ``## Outputs`` a declaration; its bullets and fenced
blocks are fields. The frontmatter holds what Markdown has no words for: the fields of a workflow that are
neither, by their names, and ``metadata``, which is all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

from pflow_engine.document import yaml_form
from pflow_engine.document.markdown.blocks import SECTIONS, Heading
from pflow_engine.document.markdown.names import EDGES, IN_FRONTMATTER, OF_THE_NODE
from pflow_engine.document.markdown.outline import Entity, Outline, outline_of, outline_problems
from pflow_engine.document.markdown.parameters import Parameter, parameters
from pflow_engine.document.positions import MOST_PROBLEMS, Path, Source, first_problems, in_file_order
from pflow_engine.document.spans import Part, Place, Spans
from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.value_types import type_name

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


_IN_WORKFLOW: Final = {"steps": "nodes", "inputs": "inputs", "outputs": "outputs"}


_READ: Final[dict[str, tuple[Outline, Mapping[str, list[_Entry]]]]] = {}
"""What was read of the last text, since that is located next where something is wrong with it."""


class _Entry(NamedTuple):
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
    outline, entries = _parts(source)
    top, faults = _frontmatter(outline, source)
    told = chain.from_iterable(entry.problems for found in entries.values() for entry in found)
    problems = first_problems(chain(outline_problems(outline, source), faults, told), text, file)
    if problems:
        raise InvalidWorkflow(sorted(problems, key=in_file_order))
    _READ.clear()
    _READ[text] = (outline, entries)
    return _ir(outline, text, entries, top)


def spans(text: str) -> Spans:
    """Where each value and key of a Markdown text that parses stands, those inside of YAML and JSON blocks too."""
    source = Source.of(text, "")
    outline, entries = _READ.get(text) or _parts(source)
    top = _top_place(outline, source)
    for section, name in _IN_WORKFLOW.items():
        top.inside[name] = _section_place(outline.place_of(section) if section == "steps" else None, entries[section])
    top.inside["edges"] = Place(None, list(_edge_places(entries["steps"])))
    return Spans(top)


def _half_characters(source: Source) -> Iterator[Problem]:
    for found in _HALF_CHARACTER.finditer(source.text):
        yield source.problem(found.start(), "surrogate", "half a character (a lone surrogate)", hint="write it whole")


def _parts(source: Source) -> tuple[Outline, Mapping[str, list[_Entry]]]:
    outline = outline_of(source.text)
    return outline, {section: _entries(outline, source, section) for section in SECTIONS}


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


def _top_place(outline: Outline, source: Source) -> Place:
    top = Place((0, len(source.text)), {"name": outline.title.title} if outline.title else {})
    part = _frontmatter_source(outline, source)
    found = yaml_form.spans(part.text).root if part else None
    if part and isinstance(found, Place) and found.marks:
        top.inside["metadata"] = Part(lambda: found, part.in_file)
        for name in [name for name in IN_FRONTMATTER if name in found.inside]:
            start, end = found.key(name) or (0, 0)
            top.set_key(name, (part.in_file(start), part.in_file(end)))
            top.inside[name] = Part(partial(found.inside.__getitem__, name), part.in_file)
    return top


def _section_place(heading: Heading | None, entries: Sequence[_Entry]) -> Place:
    section = Place(heading.title if heading else None, {entry.path[1]: _entry_place(entry) for entry in entries})
    for entry in entries:
        section.set_key(entry.path[1], entry.entity.heading.title)
    return section


def _entry_place(entry: _Entry) -> Place:
    title, told_at = entry.entity.heading.title, entry.entity.told_at
    params = Place(None, {})
    is_node = entry.path[0] == "nodes"
    told = {"id": title, "purpose": told_at, "params": params} if is_node else {"description": told_at}
    place = Place((title.start, entry.entity.end), told)
    for name, parameter in entry.fields.items():
        around = params if parameter.path[2:3] == ("params",) else place
        around.inside[name] = parameter.located()
        around.set_key(name, parameter.key)
    return place


def _edge_places(nodes: Sequence[_Entry]) -> Iterator[Place]:
    for edge in _edges(nodes) if _has_edges(nodes) else ():
        title = edge.source.entity.heading.title
        target, action = (edge.told_by.value, edge.told_by.key) if edge.told_by else (title, title)
        yield Place(target, {"from": title, "to": target, "action": action})
