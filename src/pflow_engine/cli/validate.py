"""Files and folders to every problem of the workflows in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from pflow_engine.cli.codes import FAILED, SUCCESS, code_of
from pflow_engine.cli.command import Command, json_option
from pflow_engine.cli.completing import workflows
from pflow_engine.cli.plugins import known_types, likely_plugins
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
    registry, found = known_types(), _read(files)
    problems = _once(problem for each in found.values() for problem in _problems(each, registry))
    if as_json or problems:
        show_problems(problems, as_json=as_json)
    wrong = [problem for problem in problems if problem.severity == "error"]
    errors = [each for each in found.values() if isinstance(each, PflowError)]
    if not as_json:
        say(likely_plugins(problems))
        say(f"{_many(len(found) - len(errors), 'workflow')}, {_many(len(wrong), 'error')}")
    return max([*map(code_of, errors), FAILED if wrong else SUCCESS])


def _read(files: Iterable[str]) -> dict[str, Document | PflowError]:
    found: dict[str, Document | PflowError] = {}
    for file in files:
        try:
            for each, named in _collected(file):
                _read_one(each, found, named=named)
        except InvalidInput as error:
            found[_absolute(file)] = error
    return found


def _read_one(file: str, found: dict[str, Document | PflowError], *, named: bool) -> None:
    known = _absolute(file)
    try:
        found[known] = found.get(known) or load(file)
    except InvalidWorkflow as error:
        if named or error.code != "no-nodes":
            found[known] = error


def _problems(found: Document | PflowError, registry: Registry) -> Iterable[Problem]:
    return found.problems if isinstance(found, PflowError) else find_problems(found, registry)


def _collected(file: str) -> Iterator[tuple[str, bool]]:
    if not file or not Path(file).is_dir():  # nothing is no folder: of a variable that is not set, say
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
