"""Changes of templates: where a value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pflow_engine.document.positions import Path, texts_in
from pflow_engine.templates import Path as TemplatePath
from pflow_engine.templates import Reference, parse
from pflow_testkit.mutation.model import Idea, Subject, nodes_at
from pflow_testkit.mutation.operators.harmless import is_executed


class _Place(NamedTuple):
    """A template in a text of the workflow."""

    path: Path
    text: str
    reference: Reference
    node: str

    def idea(self, template: str) -> Idea:
        """The text with another template, or text, in its place."""
        now = self.text.replace(self.reference.text, template, 1)
        return Idea(self.path, self.reference.text, template or "nothing", ((self.path, now),), self.node)

    def with_choice(self, number: int, path: TemplatePath) -> Idea:
        """The template with another path as one of its choices."""
        choices = [*self.reference.choices]
        choices[number] = path
        return self.idea(_written(choices))


def _written(choices: list[Any]) -> str:
    return f"${{{' ?? '.join(_choice_text(choice) for choice in choices)}}}"


def _choice_text(choice: Any) -> str:
    return str(choice) if isinstance(choice, TemplatePath) else f'"{choice.value}"'


def _places(subject: Subject) -> Iterator[_Place]:
    for path, node in nodes_at(subject):
        for name, value in node.get("params", {}).items():
            if not is_executed(subject.interface(node), name):
                yield from _in(value, (*path, "params", name), node["id"])
        if "batch" in node:
            yield from _in(node["batch"]["items"], (*path, "batch", "items"), node["id"])
    for name, output in subject.ir.get("outputs", {}).items():
        yield from _in(output.get("source", ""), ("outputs", name, "source"), "")


def _in(value: Any, path: Path, node: str) -> Iterator[_Place]:
    for at, text in texts_in(value, path):
        for reference in dict.fromkeys(parse(text).references):
            yield _Place(at, text, reference, node)


def _paths(subject: Subject) -> Iterator[tuple[_Place, int, TemplatePath]]:
    for place in _places(subject):
        for number, choice in enumerate(place.reference.choices):
            if isinstance(choice, TemplatePath):
                yield place, number, choice


def other_output(subject: Subject) -> Iterator[Idea]:
    """A template takes another output of the same node."""
    for place, number, path in _paths(subject):
        source = subject.node(path.root)
        if source is None or not path.steps or not isinstance(path.steps[0], str):
            continue
        others = [name for name in _outputs(subject, source) if name != path.steps[0]]
        if others:
            yield place.with_choice(number, replace(path, steps=(others[0], *path.steps[1:])))


def _outputs(subject: Subject, node: Mapping[str, Any]) -> list[str]:
    if "batch" in node:
        return ["results", "errors"]
    interface = subject.interface(node)
    return sorted(node.get("params", {}) if interface.echoes else interface.outputs)


def other_source(subject: Subject) -> Iterator[Idea]:
    """A template takes its value from another input, or from another node that has such an output."""
    for place, number, path in _paths(subject):
        found = _others(subject, path)
        if found:
            yield place.with_choice(number, replace(path, root=found[0]))


def _others(subject: Subject, path: TemplatePath) -> list[str]:
    inputs = list(subject.ir.get("inputs", {}))
    if path.root in inputs:
        return [name for name in inputs if name != path.root]
    if subject.node(path.root) is None or not path.steps:
        return []
    return [
        node["id"] for node in subject.nodes if node["id"] != path.root and path.steps[0] in _outputs(subject, node)
    ]


def other_index(subject: Subject) -> Iterator[Idea]:
    """A template takes the next item of a list."""
    for place, number, path in _paths(subject):
        for at, step in enumerate(path.steps):
            if isinstance(step, int):
                steps = (*path.steps[:at], step + 1, *path.steps[at + 1 :])
                yield place.with_choice(number, replace(path, steps=steps))


def shorten_path(subject: Subject) -> Iterator[Idea]:
    """A template takes what holds the value instead of the value."""
    for place, number, path in _paths(subject):
        if path.steps:
            yield place.with_choice(number, replace(path, steps=path.steps[:-1]))


def drop_choice(subject: Subject) -> Iterator[Idea]:
    """A template with choices has one less: the first, or the last."""
    for place in _places(subject):
        choices = [*place.reference.choices]
        if len(choices) > 1:
            yield place.idea(_written(choices[1:]))
            yield place.idea(_written(choices[:-1]))


def blank_template(subject: Subject) -> Iterator[Idea]:
    """Text stands where a template was in it."""
    for place in _places(subject):
        if place.text != place.reference.text:
            yield place.idea("")
