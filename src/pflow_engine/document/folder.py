"""A folder to the files in it that may be workflows, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from pflow_engine.document.load import form_of

CASE_FILE: Final = re.compile(r"[._-]tests?\.(?:ya?ml|json)$")
"""How a file ends that has cases of a workflow, or was meant to."""

_PASSED_OVER: Final = (".*", "*.egg", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}", "__*__")
"""Folders nobody keeps workflows in: those that pytest passes over, and what tools keep for themselves."""


def is_workflow_name(path: Path) -> bool:
    """Whether a file may be a workflow by its name: ``batch-test.json`` may, ``batch.test.yaml`` has its cases."""
    found = CASE_FILE.search(path.name)
    return form_of(path) is not None and (found is None or not found[0].startswith("."))


def workflow_files(folder: Path) -> Iterator[Path]:
    """The files in a folder, and in those below it, that may be workflows: in the order of their names.

    Raises:
        OSError: a folder cannot be read.
    """
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if not _is_passed_over(entry):
                yield from workflow_files(entry)
        elif is_workflow_name(entry):
            yield entry


def _is_passed_over(folder: Path) -> bool:
    named = any(fnmatch(folder.name, pattern) for pattern in _PASSED_OVER)
    return named or (folder / "pyvenv.cfg").exists() or _leads_up(folder)


def _leads_up(folder: Path) -> bool:
    # A link to a folder that it stands in would be followed for ever.
    above = folder.parent.resolve()
    return folder.is_symlink() and folder.resolve() in (above, *above.parents)
