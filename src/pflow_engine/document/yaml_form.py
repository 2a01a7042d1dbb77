"""YAML text to data, and, when asked, to the spans of its values."""

from __future__ import annotations

import re
from typing import Any

import yaml

from pflow_engine.document.plain import TOO_DEEP
from pflow_engine.document.positions import Source, first_problems, in_file_order
from pflow_engine.document.spans import Spans
from pflow_engine.document.yaml.data import Fault, Parser, TextAt, read_events
from pflow_engine.document.yaml.flow_templates import shielded
from pflow_engine.document.yaml.spans import located
from pflow_engine.errors import InvalidWorkflow, Problem

_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
"""What newer ones say, who read ahead and so come to their own limit before the events are looked at."""

_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


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
    shown, text_at = _shown(text, templates=templates)
    parser = Parser(shown)
    try:
        return located(parser, text_at)
    finally:
        parser.dispose()


def _parse(source: Source, *, templates: bool) -> Any:
    shown, text_at = _shown(source.text, templates=templates)
    parser = Parser(shown)
    try:
        data, faults = read_events(parser, text_at)
    finally:
        parser.dispose()
    if faults:
        problems = first_problems((_told(fault, source) for fault in faults), source.whole, source.file)
        raise InvalidWorkflow(sorted(problems, key=in_file_order))
    return data


def _shown(text: str, *, templates: bool) -> tuple[str, TextAt | None]:
    if not templates or "${" not in text:
        return text, None
    shield = shielded(text)
    return shield.text, shield.text_at if shield.starts else None


def _told(fault: Fault, source: Source) -> Problem:
    hint = fault.hint if fault.first is None else f"{fault.hint}{source.line(fault.first)}"
    return source.problem(fault.offset, fault.code, fault.message, path=fault.path, hint=hint)


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
