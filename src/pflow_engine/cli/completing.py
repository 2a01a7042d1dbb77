"""A command line that is not yet whole to what may come next. What cannot be read has nothing to offer."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pflow_engine.cli.plugins import known_types
from pflow_engine.document.folder import is_workflow_name
from pflow_engine.document.load import load
from pflow_engine.document.model import Document
from pflow_engine.errors import InvalidInput, InvalidWorkflow


def workflows(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Workflow files, and the folders on the way to them."""
    return _files(typed, is_workflow_name)


def python_files(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Files that may be plugins, and the folders on the way to them."""
    return _files(typed, lambda path: path.suffix == ".py")


def _files(typed: str, wanted: Callable[[Path], bool]) -> list[CompletionItem]:
    folder, name = os.path.split(typed)
    try:
        entries = sorted(Path(folder).iterdir())
    except (OSError, ValueError):
        return []
    shown = [entry for entry in entries if entry.name.startswith(name) and (name or entry.name[0] != ".")]
    paths = [(os.path.join(folder, entry.name), entry) for entry in shown]  # noqa: PTH118  # as it was typed
    return [
        CompletionItem(f"{path}/" if entry.is_dir() else path)
        for path, entry in paths
        if entry.is_dir() or wanted(entry)
    ]


def inputs(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The inputs of the workflow that are not given yet: ``since=``."""
    document = _document(ctx)
    declared = document.ir.get("inputs") if document else None
    if not isinstance(declared, dict) or "=" in typed:
        return []
    given = {word.partition("=")[0] for word in ctx.params.get("values") or ()}
    told = {name: entry.get("description") for name, entry in declared.items() if isinstance(entry, dict)}
    return [
        CompletionItem(f"{name}=", help=told[name] if isinstance(told[name], str) else None)
        for name in told
        if name not in given and f"{name}=".startswith(typed)
    ]


def node_ids(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The nodes of the workflow."""
    document = _document(ctx)
    nodes = document.ir["nodes"] if document else None
    ids = [node.get("id") for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    return _starting(typed, (name for name in ids if isinstance(name, str)))


def node_types(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The node types that are there."""
    try:
        # What a plugin says on the way would stand in the line that is typed.
        with contextlib.redirect_stderr(io.StringIO()):
            return _starting(typed, known_types(ctx))
    except InvalidInput:
        return []


def _starting(typed: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(typed)]


def _document(ctx: click.Context) -> Document | None:
    # Where the value of an option is still to come, click has read no arguments yet.
    file = ctx.params.get("file") or next(iter(ctx.args), None)
    try:
        return load(file) if file else None
    except InvalidWorkflow:
        return None
