"""YAML text to data, and, when asked, to the spans of its values.

What is not plain data at first sight is composed into PyYAML's node tree (safe tags only), checked, and only then
made into data: duplicate keys, keys that are no text and alias bombs are refused while there are still marks to name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from pflow_engine.document.flow_templates import Shield, shielded
from pflow_engine.document.plain import DEEPEST, MOST_DIGITS, TOO_DEEP
from pflow_engine.document.positions import Path, Source, Span, Spans, first_problems, in_file_order
from pflow_engine.document.yaml_data import NeedsCare, quick_data
from pflow_engine.errors import InvalidWorkflow, Problem

_MOST_REPEATED = 100_000
"""Values that aliases may stand for, all in all."""

_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
"""What newer ones say, who read ahead and so come to their own limit before the events are looked at."""

_TAG = "tag:yaml.org,2002:"
_NOT_RESOLVED = (f"{_TAG}timestamp", f"{_TAG}value")
_KINDS = {
    f"{_TAG}str": "text",
    f"{_TAG}int": "an integer",
    f"{_TAG}float": "a number",
    f"{_TAG}bool": "a boolean",
    f"{_TAG}null": "null",
    f"{_TAG}seq": "a list",
    f"{_TAG}map": "a map",
}
"""The tags a value may have: those of JSON."""

_CONVERTED = frozenset({f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool"})
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)
_INDENT = re.compile(r"^[ \t?:-]*", re.MULTILINE)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _WorkflowLoader(_Loader):  # type: ignore[misc]  # the C loader where PyYAML has one
    """The safe loader without YAML 1.1's dates and its ``=``: a workflow's values are those of JSON."""


_WorkflowLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_RESOLVED]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def parse(text: str, file: str) -> Any:
    """YAML to data; raises as ``read`` does."""
    return read(Source.of(text, file))


def read(source: Source, *, templates: bool = False) -> Any:
    """YAML, a file or a part of one, to data. ``templates``: in ``[ ]`` and ``{ }`` they need no quotes.

    Raises:
        InvalidWorkflow: not YAML, more than one document, a key given twice or that is no text, a value JSON has
            no word for, one that contains itself, nesting too deep, or aliases that stand for too much.
    """
    try:
        return _parse(source, templates=templates)
    except yaml.YAMLError as error:
        raise InvalidWorkflow(_syntax(source, error)) from None


def spans(text: str, *, templates: bool = False) -> Spans:
    """Where each value and key of a YAML text that parses stands."""
    values: dict[Path, Span] = {}
    keys: dict[Path, Span] = {}
    shield = shielded(text) if templates else Shield(text)
    root = shield.restored(yaml.compose(shield.text, Loader=_WorkflowLoader))
    stack: list[tuple[Path, Any]] = [((), root)] if root is not None else []
    while stack:
        path, node = stack.pop()
        values[path] = Span(node.start_mark.index, node.end_mark.index)
        for step, key, child in _children(node):
            if key is not None:
                keys[*path, step] = Span(key.start_mark.index, key.end_mark.index)
            stack.append(((*path, step), child))
    return Spans(values, keys)


def _parse(source: Source, *, templates: bool) -> Any:
    shield = shielded(source.text) if templates else Shield(source.text)
    loader = _WorkflowLoader(shield.text)
    try:
        return quick_data(loader, shield.text_at if shield.starts else None)
    except (NeedsCare, yaml.YAMLError):
        return _parse_with_care(source, shield)
    finally:
        loader.dispose()


def _parse_with_care(source: Source, shield: Shield) -> Any:
    _refuse_depth(source, shield.text)
    loader = _WorkflowLoader(shield.text)
    try:
        root = shield.restored(loader.get_single_node())
        if root is None:
            return None
        problems = sorted(first_problems(_refused(root, loader, source), source.whole, source.file), key=in_file_order)
        if problems:
            raise InvalidWorkflow(problems)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _refuse_depth(source: Source, text: str) -> None:
    # Composing is recursive in C and takes time quadratic in the depth: look at the events first. Most files
    # have too few brackets and too little indentation to be deep, and are spared that.
    if len(text) <= DEEPEST:
        return
    deepest = text.count("[") + text.count("{") + 2 * max(len(found.group()) for found in _INDENT.finditer(text))
    if deepest <= DEEPEST:
        return
    depth = 0
    for event in _events(text):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            offset = event.start_mark.index
            raise InvalidWorkflow(source.problem(offset, "nesting", TOO_DEEP, hint="flatten the data"))


def _refused(root: Any, loader: Any, source: Source) -> Iterator[Problem]:
    if "*" in source.text and _repeats_too_much(root):
        message = f"its aliases stand for more than {_MOST_REPEATED} values, or for themselves"
        yield source.problem(_first_alias(source.text), "alias", message, hint="write the values out")
        return
    done: set[int] = set()
    stack: list[tuple[Path, Any]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if id(node) in done:
            continue
        done.add(id(node))
        yield from _refused_value(path, node, loader, source)
        if isinstance(node, yaml.MappingNode):
            yield from _refused_keys(path, node, source)
        stack.extend(((*path, step), child) for step, _, child in reversed(list(_children(node))))


def _first_alias(text: str) -> int:
    aliases: Iterator[Any] = (event for event in _events(text) if isinstance(event, yaml.AliasEvent))
    return int(next(aliases).start_mark.index)


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_WorkflowLoader)


def _refused_value(path: Path, node: Any, loader: Any, source: Source) -> Iterator[Problem]:
    if node.tag not in _KINDS:
        message = f"the tag {_short(node.tag)} makes no value a workflow can hold"
        hint = "take the tag out, or write text"
        yield source.problem(node.start_mark.index, "tag", message, path=path, hint=hint)
    elif node.tag in _CONVERTED and isinstance(node, yaml.ScalarNode) and not _is_sound(node, loader):
        message = f"{_cut(node.value)} is not {_KINDS[node.tag]} a workflow can hold"
        hint = f'write it as text: "{_cut(node.value)}"'
        yield source.problem(node.start_mark.index, "number", message, path=path, hint=hint)


def _is_sound(node: Any, loader: Any) -> bool:
    if len(node.value) > MOST_DIGITS and (node.tag == f"{_TAG}int" or ":" in node.value):
        return False  # 1:59:59… counts in sixties, which takes time quadratic in its length
    try:
        value = loader.construct_object(node)
        str(value)  # 0xfff… may be an integer that Python does not write
    except (ValueError, KeyError, IndexError):  # how PyYAML fails on "0b_", on "!!bool x", on '!!int ""'
        return False
    return not isinstance(value, float) or math.isfinite(value)


def _refused_keys(path: Path, node: Any, source: Source) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        where = key.start_mark.index
        if key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
            message = f"the key is {_KINDS.get(key.tag, 'no text')} to YAML, not text"
            hint = f'quote it: "{key.value}"' if isinstance(key, yaml.ScalarNode) else "use text"
            yield source.problem(where, "key", message, path=path, hint=hint)
        elif key.value in first:
            line = source.line(first[key.value])
            message, hint = f"key '{key.value}' is given twice", f"take one out; the first is in line {line}"
            yield source.problem(where, "duplicate-key", message, path=(*path, key.value), hint=hint)
        else:
            first[key.value] = where


def _repeats_too_much(root: Any) -> bool:
    # Values after expanding every alias, counted bottom-up so that a bomb is measured without going off.
    sizes: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(root, False)]
    open_nodes: set[int] = set()
    while stack:
        node, left = stack.pop()
        if left:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for _, _, child in _children(node))
        elif id(node) in open_nodes:
            return True
        elif id(node) not in sizes:
            open_nodes.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for _, _, child in _children(node))
    return sizes[id(root)] - len(sizes) > _MOST_REPEATED


def _children(node: Any) -> Iterator[tuple[str | int, Any, Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value) if isinstance(key, yaml.ScalarNode) else "?", key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, None, value


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag


def _cut(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"  # noqa: PLR2004  # enough to find it by


def _syntax(source: Source, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _unreadable(source, error)
    text, said, offset = source.text, str(getattr(error, "problem", error)), mark.index
    if said == _TOO_DEEP_FOR_LIBYAML:
        return source.problem(offset, "nesting", TOO_DEEP, hint="flatten the data")
    started = getattr(error, "context_mark", None)
    if said == "found unexpected end of stream" and started is not None:
        said, offset = "this text is never closed", started.index
    message, hint = next((words for start, words in _IN_WORDS.items() if said.startswith(start)), (said, ""))
    if text[offset : offset + 1] == "\t":
        message, hint = _IN_WORDS["found a tab"]
    elif conflict := _CONFLICT.search(text):
        hint = f"line {source.line(conflict.start())} starts a merge conflict: keep one side of it"
    elif text[offset - 1 : offset + 1] == "${":
        hint = 'inside [ ] and { } put a template in quotes: "${…}"'
    return source.problem(offset, "syntax", f"not YAML: {message}", hint=hint or _context(source, error))


_IN_WORDS = {
    "found a tab": ("a tab where spaces are needed", "indent with spaces"),
    "found character that cannot start": ("this character starts no value", "put the value in quotes"),
    "mapping values are not allowed": ("a ':' that makes no key here", "put text with ': ' in it in quotes"),
    "found undefined alias": ("an alias without its anchor", "put text that starts with * in quotes"),
    "but found another document": ("a second document", "a file holds one workflow: take out the '---' here"),
    "this text is never closed": ("this text is never closed", "close its quote"),
    "did not find expected key": ("a key is expected here", "look at the indentation of this line"),
    "did not find expected '-'": ("a '-' is expected here", "look at the indentation of this line"),
    "did not find expected node content": ("a value is expected here", "is a bracket still open?"),
}
"""What libyaml says, by how it starts: what is wrong, and the likely fix."""


def _context(source: Source, error: yaml.YAMLError) -> str:
    started = getattr(error, "context_mark", None)
    return f"it belongs to what starts in line {source.line(started.index)}" if started else ""


def _unreadable(source: Source, error: yaml.YAMLError) -> Problem:
    # libyaml counts bytes where it refuses a character, and characters everywhere else.
    offset = len(source.text.encode()[: getattr(error, "position", 0)].decode(errors="ignore"))
    message = f"not YAML: {getattr(error, 'reason', error)}"
    return source.problem(offset, "syntax", message, hint="take the character out, or write it as an escape")
