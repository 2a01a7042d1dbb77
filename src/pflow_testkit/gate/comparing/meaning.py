"""Values as written to what they mean: two that mean the same are equal, and may be looked up by."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pflow_engine.document.model import BatchConfig, NodeIR, Workflow
from pflow_engine.document.positions import Path, texts_in
from pflow_engine.templates import Path as TemplatePath
from pflow_engine.templates import Reference, parse

Names = Mapping[str, str]
"""What the first names of templates are called on the other side."""

NO_NAMES: Final[Names] = MappingProxyType({})


ITEM: Final = "@"
"""The item of a batch, whatever it is called; no name of a template."""


def meaning(value: Any, names: Names = NO_NAMES) -> Hashable:
    """A value whose templates are what they lead to, not how they are spelled. 1, 1.0 and true differ."""
    if isinstance(value, str):
        return _text(value, names) if "${" in value else value
    if isinstance(value, Mapping):
        return "{}", frozenset((key, meaning(item, names)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "[]", tuple(meaning(item, names) for item in value)
    return type(value).__name__, value


def is_template(value: Any) -> bool:
    """Whether anything in a value is filled in at run time."""
    return any(parse(text).references for _, text in texts_in(value, ()))


def text_around(value: str) -> tuple[str | None, ...]:
    """A text without its templates, None in place of each."""
    return tuple(part if isinstance(part, str) else None for part in parse(value).parts)


class Used(NamedTuple):
    """A path that a template looks up: where the text with it stands, and the template as written."""

    where: Path
    template: str
    path: TemplatePath


def paths_in(workflow: Workflow) -> Iterator[Used]:
    """Every path that a template of a workflow looks up."""
    for where, text in _texts(workflow):
        for reference in parse(text).references if "${" in text else ():
            yield from (Used(where, reference.text, path) for path in reference.paths())


def node_paths(index: int, node: NodeIR) -> Iterator[tuple[Path, str]]:
    """Every text of a node that may hold templates, and where it stands."""
    yield from texts_in(node.params, ("nodes", index, "params"))
    if node.batch is not None:
        yield from texts_in(node.batch.items, ("nodes", index, "batch", "items"))


def batch_meaning(batch: BatchConfig | None, names: Names = NO_NAMES) -> Hashable:
    """A batch block, whatever its item is called."""
    if batch is None:
        return None
    how = batch.error_handling, batch.parallel, batch.max_concurrent, batch.max_retries
    return (meaning(batch.items, names), *how, batch.retry_wait, batch.timeout)


def _texts(workflow: Workflow) -> Iterator[tuple[Path, str]]:
    for index, node in enumerate(workflow.nodes):
        yield from node_paths(index, node)
    for name, declared in workflow.outputs.items():
        yield ("outputs", name, "source"), declared.source


def _text(text: str, names: Names) -> Hashable:
    template = parse(text)
    if not template.references:
        return "".join(part for part in template.parts if isinstance(part, str))
    return "${}", tuple(part if isinstance(part, str) else _reference(part, names) for part in template.parts)


def _reference(reference: Reference, names: Names) -> Hashable:
    return tuple(
        _path(choice, names) if isinstance(choice, TemplatePath) else choice.value for choice in reference.choices
    )


def _path(path: TemplatePath, names: Names) -> Hashable:
    steps = (_path(step, names) if isinstance(step, TemplatePath) else step for step in path.steps)
    return names.get(path.root, path.root), *steps
