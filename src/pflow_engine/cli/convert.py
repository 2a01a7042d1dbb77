"""A workflow file to the same workflow in another form."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pflow_engine.cli.codes import SUCCESS
from pflow_engine.cli.command import Command
from pflow_engine.cli.completing import workflows
from pflow_engine.cli.plugins import known_types
from pflow_engine.cli.streams import say, show
from pflow_engine.document.load import form_of, load, parse
from pflow_engine.document.model import Document, Form
from pflow_engine.document.positions import Path as Place
from pflow_engine.document.positions import path_text
from pflow_engine.document.write import to_text
from pflow_engine.errors import InvalidInput, InvalidWorkflow, Problem
from pflow_engine.formatting import problems_as_text
from pflow_engine.trace import write_text

_KEPT = frozenset({"ir", "name", "description", "ir_version"})
"""What is kept of a wrapped workflow."""


@click.command(cls=Command)
@click.argument("file", shell_complete=workflows)
@click.option(
    "--to", type=click.Choice(["json", "yaml", "markdown"]), help="The form; else the one of the target's name."
)
@click.option(
    "-o", "--output", metavar="TARGET", type=click.Path(), help="Write a file, whole or not at all, and not to stdout."
)
@click.option("--force", is_flag=True, help="Overwrite TARGET.")
def convert(file: str, *, to: Form | None, output: str | None, force: bool) -> int:
    """Write the workflow FILE in another form: JSON, YAML or Markdown.

    It stays the same workflow: comments, and prose that is no part of it, are not kept. Where TARGET is in another
    folder, the files of nested workflows are named as seen from there; on stdout they are named as in FILE.
    """
    form = _form(to, output)
    document = load(file)
    text = _text(document, document.ir, form)
    if output is not None and _folder(document.folder) != _folder(Path(output).parent):
        text = _text(document, _moved(document, Path(output).parent), form)
    say(problems_as_text(_lost(document)))
    if output is None:
        show(text)
    else:
        _write(output, text, force=force)
    return SUCCESS


def _form(to: Form | None, output: str | None) -> Form:
    named = form_of(Path(output)) if output is not None else None
    if output is not None and named is None:
        raise click.UsageError(f"'{output}' must end with .json, .yaml, .yml or .pflow.md")
    if to and named and to != named:
        raise click.UsageError(f"'{output}' is {named} by its name, not {to}")
    form = to or named
    if form is None:
        raise click.UsageError("say which form with --to, or the file to write with -o")
    return form


def _text(document: Document, ir: Mapping[str, Any], form: Form) -> str:
    try:
        return to_text(ir, form)
    except InvalidWorkflow as error:
        places = {path_text(place): place for place in _places(document.ir, ())}
        raise InvalidWorkflow([_placed(document, problem, places) for problem in error.problems]) from None


def _places(value: Any, above: Place) -> Iterator[Place]:
    yield above
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from _places(item, (*above, key))


def _placed(document: Document, problem: Problem, places: Mapping[str, Place]) -> Problem:
    return document.problem(problem.code, problem.message, places.get(problem.path, ()), hint=problem.hint)


def _folder(path: Path) -> str:
    # As it is written: so are the files of nested workflows found, whatever links are on the way.
    return os.path.abspath(path)  # noqa: PTH100  # pathlib has no word for it


def _moved(document: Document, folder: Path) -> dict[str, Any]:
    registry, problems = known_types(), []
    nodes = []
    for index, node in enumerate(document.ir["nodes"]):
        kind, ref = registry.get(node["type"]), node.get("params", {}).get("workflow_ref")
        if kind is None or not kind.interface.nests or not isinstance(ref, str) or Path(ref).is_absolute():
            nodes.append(node)
        elif "${" in ref:
            problems.append(_named_by_template(document, index, ref))
        else:
            seen = Path(os.path.relpath(document.folder / ref, folder)).as_posix()
            nodes.append({**node, "params": {**node["params"], "workflow_ref": seen}})
    if problems:
        raise InvalidWorkflow(problems)
    return {**document.ir, "nodes": nodes}


def _named_by_template(document: Document, index: int, ref: str) -> Problem:
    message = "the file of this workflow is named by a template, and would not be found from the other folder"
    hint = f"write into {document.folder}, or name the file without a template"
    path = ("nodes", index, "params", "workflow_ref")
    return document.problem("workflow-ref", message, path, hint=hint, within=ref)


def _lost(document: Document) -> list[Problem]:
    beside = parse(document.text, document.form, document.file) if document.prefix else {}
    return [
        document.problem("not-kept", f"'{name}' beside the IR is not kept", (name,), key=True, severity="warning")
        for name in beside
        if name not in _KEPT
    ]


def _write(output: str, text: str, *, force: bool) -> None:
    try:
        write_text(output, text, fresh=not force)
    except FileExistsError:
        raise _refused("exists", "there is a file of that name", "--force overwrites it", output) from None
    except OSError as error:
        message = f"cannot be written: {(error.strerror or str(error)).lower()}"
        raise _refused("unwritable", message, "look at its folder", output) from None


def _refused(code: str, message: str, hint: str, file: str) -> InvalidInput:
    return InvalidInput(Problem(code, message, hint=hint, file=file))
