"""The bullets and fenced blocks of an entity to parameters: names, values and the places of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from pflow_engine.document import json_form, yaml_form
from pflow_engine.document.markdown.blocks import Bullet, Fence, stripped
from pflow_engine.document.markdown.outline import Entity
from pflow_engine.document.markdown.scalars import flow, is_closed, is_told, is_yaml, scalar
from pflow_engine.document.positions import Path, Source
from pflow_engine.document.spans import Marks, Part, Place, Span
from pflow_engine.errors import InvalidWorkflow, Problem

_COLON = re.compile(r":(?=[ \t\r\n]|\Z)")
_QUOTED_KEY = re.compile(r'(?:"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\n]|\'\')*+\')(?=[ \t]*+:(?:[ \t\r\n]|\Z))')
_SHOWN = 40


class Parameter(NamedTuple):
    """One parameter as written. ``text`` is its value's; what is YAML or JSON has a ``source`` to be parsed."""

    name: str
    path: Path
    key: Span
    value: Span
    language: Literal["scalar", "text", "yaml", "json"]
    text: str
    source: Source

    def read(self) -> Any:
        """The value.

        Raises:
            InvalidWorkflow: it is none, with every problem of it.
        """
        if self.language == "text":
            return self.text
        if self.language == "json":
            return json_form.read(self.source)
        return self._yaml() if self.language == "yaml" else self._scalar()

    def located(self) -> Marks | Part:
        """Where the value stands in the file, and where the values in it do."""
        return self.value if self.language in ("scalar", "text") else Part(self._inside, self.source.in_file)

    def _inside(self) -> Any:
        text = self.source.text
        root = (yaml_form.spans(text, templates=True) if self.language == "yaml" else json_form.spans(text)).root
        if self.source.levels:
            return root.inside["k"]
        return root if not isinstance(root, Place) or root.marks else (0, len(text))  # a block with nothing in it

    def _yaml(self) -> Any:
        told = flow(self.text)
        if told is not None:
            return told
        if self.source.levels and "\n" not in self.text and not is_closed(self.text):
            raise InvalidWorkflow(self._not_closed())
        data = yaml_form.read(self.source, templates=True)
        return data["k"] if self.source.levels else data

    def _not_closed(self) -> Problem:
        message = f"the value of '{_cut(self.name)}' is never closed, or something stands behind it"
        hint = "close it, or put all of it in quotes; a bullet has no comments"
        start = self.source.added + self.value.start - self.source.start
        return self.source.problem(start, "syntax", message, path=("k",), hint=hint)

    def _scalar(self) -> Any:
        try:
            return scalar(self.text)
        except ValueError:
            message = f"{_cut(self.text)} is no number a workflow can hold"
            problem = self.source.problem(self.value.start, "number", message, path=self.path, hint="put it in quotes")
            raise InvalidWorkflow(problem) from None


def parameters(entity: Entity, source: Source, place: Callable[[str], Path]) -> Iterator[Parameter | Problem]:
    """The parameters of an entity in order, each name once, and what is wrong with the others.

    ``place`` says where in the workflow the parameter of a name stands.
    """
    first: dict[str, Parameter] = {}
    for part in entity.parts:
        found = _bullet(part, source, place) if isinstance(part, Bullet) else _fence(part, source, place)
        if isinstance(found, Parameter) and first.setdefault(found.name, found) is not found:
            message = f"'{found.name}' is given twice"
            hint = f"take one out; the first is in line {source.line(first[found.name].key.start)}"
            found = source.problem(found.key.start, "duplicate-key", message, path=found.path, hint=hint)
        yield found


def _bullet(bullet: Bullet, source: Source, place: Callable[[str], Path]) -> Parameter | Problem:
    text, line = source.text, bullet.line
    quoted = _QUOTED_KEY.match(text, line.start)
    colon = _COLON.search(text, quoted.end() if quoted else line.start, line.end)
    if colon is None or colon.start() == line.start:
        message, hint = "a bullet that is no '- key: value'", "start a list in prose with * instead of -"
        return source.problem(bullet.start + bullet.indent, "bullet", message, hint=hint)
    key = stripped(text, line.start, colon.start())
    name = text[slice(*key)]
    try:
        if quoted:
            name = scalar(name) if is_told(name) else yaml_form.read(Source(name, source.file, text, key.start))
    except InvalidWorkflow as error:
        return error.problems[0]
    value = stripped(text, colon.end(), bullet.end)
    written = text[slice(*value)]
    if "\n" not in written and value.start <= line.end and (not is_yaml(written) or is_told(written)):
        return Parameter(name, place(name), key, value, "scalar", written, source)
    # A map with one key, so that YAML measures what is below from the dash.
    added = f"{' ' * bullet.indent}k:"
    whole = text[colon.end() : bullet.end if "\n" in written else value.end]
    part = Source(added + whole, source.file, text, colon.end(), len(added), place(name), 1)
    return Parameter(name, place(name), key, value, "yaml", written, part)


def _fence(fence: Fence, source: Source, place: Callable[[str], Path]) -> Parameter | Problem:
    words = source.text[slice(*fence.info)].split()
    if not words:
        message = "a fenced block without a tag"
        hint = (
            f"name the parameter it is: {fence.marks}shell command; a block inside of another needs fewer marks than it"
        )
        return source.problem(fence.start + fence.indent, "untagged-fence", message, hint=hint)
    name = words[-1]
    key = Span(fence.info.end - len(name), fence.info.end)
    path = place(name)
    content = source.text[slice(*fence.content)]
    language = words[0].lower()
    if len(words) > 1 and language in ("yaml", "json"):
        # With its last line break, which the block at the end of a YAML text keeps.
        data = source.text[fence.content.start : fence.content.end + 1] if content else ""
        part = Source(data, source.file, source.text, fence.content.start, 0, path, 0)
        return Parameter(name, path, key, fence.content, "yaml" if language == "yaml" else "json", content, part)
    return Parameter(name, path, key, fence.content, "text", _dedented(content, fence.indent), source)


def _dedented(content: str, indent: int) -> str:
    content = content.replace("\r\n", "\n").removesuffix("\r")
    return re.sub(rf"^ {{1,{indent}}}", "", content, flags=re.MULTILINE) if indent else content


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
