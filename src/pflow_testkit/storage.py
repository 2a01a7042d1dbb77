"""Tests to the files that keep what was seen: ``__traces__/triage.json/two-commits.trace.json``.

Each test has files of its own, in a folder beside the test's file that carries its whole name: ``hello.json`` and
``hello.yaml`` never share one. A name that makes no plain file name gets a part of its hash, so that two tests never
share a file either.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from pflow_engine.errors import Problem

CASES: pytest.StashKey[dict[Path, tuple[Any, ...]]] = pytest.StashKey()
"""The cases of the workflow files that a process collected: these need not be read again."""

USED: pytest.StashKey[set[Path]] = pytest.StashKey()
"""The files that tests of a process asked for."""

KINDS: Final = ("trace", "outputs", "batch_metadata")
"""What a snapshot may be of."""

_LONGEST: Final = 150
"""Bytes of a name that are kept; file systems take 255, and endings and temporary files need room."""


def folder_of(kind: str, file: Path) -> Path:
    """The folder of a test file's snapshots (``TRACES``) or cassettes."""
    return file.parent / kind / file.name


def slug(name: str, *, space: str = "-") -> str:
    """The file name of a test's name: ``two commits`` to ``two-commits``. ``space`` stands for each space."""
    name = unicodedata.normalize("NFC", name)
    words = re.sub(rf"[^\w.\[\]{space}]+", "-", name).strip("-. ")
    cut = words.encode()[:_LONGEST].decode(errors="ignore").rstrip()
    if cut and cut == name.replace(" ", space):
        return cut
    return f"{cut}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def snapshot_name(case: str, kind: str) -> str:
    """The file of one kind of snapshot of a case."""
    return f"{slug(case)}.{kind}.json"


def cassette_name(name: str, *, space: str = "-") -> str:
    """The file of the cassette of a case; with another ``space``, of a Python test."""
    return f"{slug(name, space=space)}.json"


def of_kept_file(problem: Problem, what: str) -> Problem:
    """A problem of reading a file of ours, whose reader speaks of workflows, in words about that file."""
    if problem.code == "empty":
        return replace(problem, message=f"the {what} is empty", hint=f"take the {what} anew")
    message, hint = (text.replace("a workflow", f"a {what}") for text in (problem.message, problem.hint))
    return replace(problem, message=message, hint=hint)


def clashes(names: Iterable[str]) -> dict[str, str]:
    """Names that would share a file with an earlier one (``a b`` and ``a-b``; also where case does not count)."""
    first: dict[str, str] = {}
    found = {}
    for name in names:
        other = first.setdefault(slug(name).casefold(), name)
        if other != name:
            found[name] = other
    return found
