"""A file, a dict or JSON text to a Document."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pflow_engine.document import json_form, yaml_form
from pflow_engine.document.model import Document, Form
from pflow_engine.document.normalise import is_trace, is_workflow, normalise, unwrap
from pflow_engine.document.plain import data_problems
from pflow_engine.document.positions import problem_at
from pflow_engine.document.spans import Spans
from pflow_engine.errors import InvalidWorkflow, Problem, nearest
from pflow_engine.garbage import uncollected
from pflow_engine.value_types import type_name

_FORMS: dict[str, Form] = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".pflow.md": "markdown"}
"""By how a file's name ends; any other ``.md`` is no workflow."""


@uncollected()
def load(path: str | os.PathLike[str]) -> Document:
    """Read and parse a workflow file (``*.json``, ``*.yaml``, ``*.yml``, ``*.pflow.md``).

    Raises:
        InvalidWorkflow: no such file, not readable, not UTF-8, empty, not JSON, YAML or Markdown, or no workflow.
    """
    file = os.fspath(path)
    form = form_of(Path(file))
    if form is None and not Path(file).is_dir():
        hint = f"workflow files end with {', '.join(_FORMS)}"
        raise InvalidWorkflow(Problem("file-type", "not a workflow file by its name", hint=hint, file=file))
    text = read_text(Path(file))
    assert form is not None, "reading a folder has failed"
    return _document(parse(text, form, file), file, form, text)


def load_nested(path: Path, instead: Mapping[Path, Document]) -> Document:
    """The same of a file that another document nests, where documents at hand stand for some files.

    Raises:
        InvalidWorkflow: as above.
    """
    if not instead:
        return load(path)
    found = instead.get(real(path))
    return replace(load(path) if found is None else replace(found, file=str(path)), instead=instead)


def real(path: Path) -> Path:
    """The absolute path of a file, as it is told from others."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name no file can have: to read it says so
        return path.absolute()


def from_data(source: Mapping[str, Any] | str) -> Document:
    """A Document of an IR already at hand: a dict, or JSON text.

    Raises:
        InvalidWorkflow: JSON text that is none, or data that is no workflow.
    """
    if isinstance(source, str):
        return from_text(source, "json")
    problems = data_problems(source)
    if problems:
        raise InvalidWorkflow([replace(problem, file="<ir>") for problem in problems])
    return _document(source, "<ir>", "data", "")


@uncollected()
def from_text(text: str, form: Form) -> Document:
    """A Document of a text at hand; ``<json>`` stands for its file.

    Raises:
        InvalidWorkflow: the text does not parse, or is no workflow.
    """
    file = f"<{form}>"
    return _document(parse(text, form, file), file, form, text)


def parse(text: str, form: Form, file: str) -> Any:
    """The data of a file in one of the three forms, whatever it means."""
    if not text.strip():
        raise InvalidWorkflow(problem_at("", file, 0, "empty", "the file is empty", hint="write a workflow into it"))
    with uncollected():
        return _reader(form).parse(text, file)


def locate(text: str, form: Form) -> Spans:
    """Where each value of a text that parses stands."""
    with uncollected():
        spans: Spans = _reader(form).spans(text)
    return spans


def form_of(path: Path) -> Form | None:
    """The form a file's name promises, if any."""
    name = path.name.lower()
    return next((form for ending, form in _FORMS.items() if name.endswith(ending) and name != ending), None)


def _reader(form: Form) -> Any:
    if form == "markdown":
        from pflow_engine.document import markdown_form  # noqa: PLC0415  # most sessions have no such file

        return markdown_form
    return json_form if form == "json" else yaml_form


def read_text(path: Path) -> str:
    """A file's text, which must be UTF-8 (a byte order mark is passed over).

    Raises:
        InvalidWorkflow: with the reason the system gives, or the place of the first byte that is no UTF-8.
    """
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name no file can have
        raise InvalidWorkflow(_unreadable(path, error)) from None
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InvalidWorkflow(_not_utf8(path, raw, error.start)) from None


def _not_utf8(path: Path, raw: bytes, start: int) -> Problem:
    before = len(raw[:start].decode())
    message = f"not UTF-8: byte 0x{raw[start]:02x}"
    is_utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    hint = "it looks like UTF-16: save the file as UTF-8" if is_utf16 else "save the file as UTF-8"
    return problem_at(raw.decode(errors="replace"), str(path), before, "encoding", message, hint=hint)


def _unreadable(path: Path, error: OSError | ValueError) -> Problem:
    if isinstance(error, FileNotFoundError):
        said = f"a link to {path.readlink()}, which is not there" if path.is_symlink() else "no such file"
        return Problem("unreadable", said, hint=_near_file(path), file=str(path))
    if path.is_dir():
        hint = "name a workflow file in it"
        return Problem("unreadable", "this is a folder, not a file", hint=hint, file=str(path))
    hint = "look at its permissions" if isinstance(error, PermissionError) else ""
    reason = getattr(error, "strerror", None) or str(error)
    return Problem("unreadable", f"cannot be read: {reason.lower()}", hint=hint, file=str(path))


def _near_file(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f"there is no folder {path.parent} either"
    # Endings are alike anyway: what counts is the name before them.
    stems = {name.partition(".")[0]: name for name in names if form_of(Path(name)) and name != path.name}
    close = nearest(path.name.partition(".")[0], stems)
    return f"did you mean '{path.parent / stems[close[0]]}'?" if close else ""


def _document(data: Any, file: str, form: Form, text: str) -> Document:
    if not is_workflow(data):
        raise InvalidWorkflow(problem_at(text, file, 0, "no-nodes", _no_workflow(data), hint="add a list 'nodes'"))
    ir, prefix = unwrap(data)
    finder = None if form == "data" else partial(locate, form=form)
    return Document(file, form, text, normalise(ir), prefix, finder)


def _no_workflow(data: Any) -> str:
    if data is None:
        return "no workflow: there is nothing in the file"
    if not isinstance(data, dict):
        return f"no workflow: the top of the file is of type {type_name(data)}, not object"
    return "no workflow: it is the trace of a run" if is_trace(data) else "no workflow: it has no 'nodes'"
