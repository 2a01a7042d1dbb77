"""Files and folders to every problem of the workflows in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from pflow_engine.cli.codes import FAILED, SUCCESS, code_of
from pflow_engine.cli.command import Command, json_option
from pflow_engine.cli.completing import workflows
from pflow_engine.cli.streams import say, show_problems
from pflow_engine.document.folder import workflow_files
from pflow_engine.document.load import load
from pflow_engine.document.model import Document
from pflow_engine.errors import InvalidInput, InvalidWorkflow, PflowError, Problem
from pflow_engine.nodes.registry import Registry
from pflow_engine.validation import find_problems


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, shell_complete=workflows)
@json_option
def validate(files: tuple[str, ...], *, as_json: bool) -> int:
    """Find every problem of FILES. Of a folder, each workflow in it and below it is looked at.

    What is no workflow is passed over in a folder, and a problem where it is named.
    """
    documents, errors = _read(files)
    registry = Registry.default()
    found = [problem for document in documents for problem in find_problems(document, registry)]
    problems = _once([*(problem for error in errors for problem in error.problems), *found])
    if as_json or problems:
        show_problems(problems, as_json=as_json)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if not as_json:
        say(f"{_many(len(documents), 'workflow')}, {_many(len(wrong), 'error')}")
    return max([*map(code_of, errors), FAILED if wrong else SUCCESS])


def _read(files: Iterable[str]) -> tuple[list[Document], list[PflowError]]:
    documents: dict[str, Document] = {}
    errors: dict[str, PflowError] = {}
    for file in files:
        try:
            for each, named in _collected(file):
                _read_one(each, documents, errors, named=named)
        except InvalidInput as error:
            errors[file] = error
    return list(documents.values()), list(errors.values())


def _read_one(file: str, documents: dict[str, Document], errors: dict[str, PflowError], *, named: bool) -> None:
    known = _absolute(file)
    try:
        documents[known] = documents.get(known) or load(file)
    except InvalidWorkflow as error:
        if named or error.code != "no-nodes":
            errors[known] = error


def _collected(file: str) -> Iterator[tuple[str, bool]]:
    if not Path(file).is_dir():
        yield file, True
        return
    try:
        found = list(workflow_files(Path(file)))
    except OSError as error:
        message = f"cannot be read: {(error.strerror or str(error)).lower()}"
        raise InvalidInput(
            Problem("unreadable", message, hint="look at its permissions", file=str(error.filename))
        ) from None
    if not found:
        raise InvalidInput(Problem("no-workflows", "there is no workflow in this folder", file=file))
    yield from ((str(each), False) for each in found)


def _once(problems: Iterable[Problem]) -> list[Problem]:
    # Those of a nested workflow come with each that nests it.
    return list({(_absolute(each.file), each.position, each.code, each.message): each for each in problems}.values())


def _absolute(file: str) -> str:
    return os.path.abspath(file)  # noqa: PTH100  # a link is a file of its own: what it nests stands beside it


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
