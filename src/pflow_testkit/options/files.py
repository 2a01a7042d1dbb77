"""The files that options name to be written, to what is wrong with them, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

from pflow_testkit.options.session import Options

_OVERWRITES = "this lies among the workflows, and would be written over; name another file"


class OutputFile(NamedTuple):
    """A file to write. ``option`` is what asked for it, as written; ``name`` the part of it that names the file."""

    option: str
    name: str
    path: Path

    @property
    def wrong(self) -> str:
        """Why it cannot be written; empty if it can."""
        fault = _fault(self)
        return f"{self.option}: {fault}" if fault else ""


def output_file(config: pytest.Config, option: str, name: str) -> OutputFile:
    """The file that an option names, as seen from where pytest was started."""
    return OutputFile(option, name, config.invocation_params.dir / name)


def refuse_wrong(files: Iterable[OutputFile]) -> None:
    """See to it that files can be written.

    Raises:
        pytest.UsageError: some cannot: all of them, each with its reason.
    """
    wrong = [file.wrong for file in files if file.wrong]
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def _fault(file: OutputFile) -> str:
    if not file.name.strip():
        return "takes a file, and got an empty name"
    if file.path.is_dir():
        return "this is a folder; name a file in it"
    folder = Path(os.path.realpath(file.path)).parent  # a link is written through
    if not folder.is_dir():
        return f"there is no folder '{folder}'; make it first"
    return _shut(file.path, folder)


def _shut(path: Path, folder: Path) -> str:
    from pflow_engine.trace import is_stream  # noqa: PLC0415  # only where a file is to be written

    if is_stream(path):
        return "" if os.access(path, os.W_OK) else "this may not be written"
    return "" if os.access(folder, os.W_OK) else f"the folder '{folder}' may not be written"


def keep_apart(files: Iterable[OutputFile], options: Options) -> None:
    """See to it that no file is written over another one, nor over a workflow or its cases.

    Raises:
        pytest.UsageError: it would be, as in "--pflow-summary flows/triage.json", meant for an option without a value
            and a path.
    """
    files = list(files)
    wrong = [
        f"{one.option} and {other.option} name the same file"
        for one, other in combinations(files, 2)
        if os.path.realpath(one.path) == os.path.realpath(other.path)
    ]
    wrong += [f"{file.option}: {_OVERWRITES}" for file in files if _is_kept(file.path, options)]
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def _is_kept(file: Path, options: Options) -> bool:
    path = Path(os.path.abspath(file))  # noqa: PTH100  # keeps symbolic links as written
    if not path.is_file() or not options.claims(path):
        return False
    from pflow_engine.document.folder import CASE_FILE  # noqa: PLC0415  # as above
    from pflow_engine.document.load import form_of, load  # noqa: PLC0415  # as above
    from pflow_engine.errors import PflowError  # noqa: PLC0415  # as above

    if form_of(path) is None or CASE_FILE.search(path.name):
        return form_of(path) is not None
    try:
        load(path)
    except PflowError as error:
        return error.code != "no-nodes"  # which a report of the last run has none of
    return True
