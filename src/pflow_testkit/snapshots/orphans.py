"""The snapshots and cassettes of a folder to those that no test writes any more.

What a case has is read from its case file, not from what ran: whatever was selected, ignored or killed, a file whose
case is written down is no orphan. Of a Python test it is known only where its whole module was collected. Nothing is
removed unless ``--pflow-prune`` asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from pflow_engine.errors import PflowError
from pflow_engine.trace.write import TEMPORARY
from pflow_testkit.cases import DEFAULTS, Case, case_file_of, load_cases
from pflow_testkit.options import CASSETTES, FOLDERS, TRACES
from pflow_testkit.storage import KINDS, cassette_name, slug, snapshot_name

Cases = Callable[[Path], tuple[Case, ...]]
"""The cases of a workflow file; raises PflowError where they cannot be read."""


@dataclass(frozen=True)
class PythonTests:
    """What a session knows of Python tests, by file: the names it collected; the files that passed tests used.

    ``names`` only has modules that were collected whole; ``passed`` are tests by file and name.
    """

    names: Mapping[Path, set[str]] = field(default_factory=dict)
    passed: set[tuple[Path, str]] = field(default_factory=set)
    used: set[Path] = field(default_factory=set)


def find_orphans(folders: Iterable[Path], python: PythonTests, cases: Cases, norecurse: Iterable[str]) -> list[Path]:
    """Every file below ``folders``, and beside the Python tests, that nobody uses any more, sorted."""
    kept = [place for folder in folders for place in _kept_below(folder, tuple(norecurse))]
    kept += [file.parent / kind for file in python.names for kind in FOLDERS]
    found: set[Path] = set()
    for place in dict.fromkeys(kept):
        for of_file in _folders_in(place):
            found.update(_orphans_of(of_file, python, cases))
    return sorted(found)


def remove(files: Iterable[Path]) -> list[tuple[Path, OSError]]:
    """Remove files, and the folders of ours that are empty then; gives what could not be removed."""
    failed = []
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            failed.append((file, error))
        for folder in (file.parent, file.parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return failed


def written_cases(workflow: Path) -> tuple[Case, ...]:
    """The cases in the case file of a workflow, or the one it has without any.

    Raises:
        InvalidCase: the case file has problems.
    """
    path = case_file_of(workflow)
    return (load_cases(path, os.path.relpath(path)) if path.exists() else ()) or (Case(DEFAULTS),)


def _kept_below(folder: Path, norecurse: tuple[str, ...]) -> Iterator[Path]:
    if folder.is_file():
        yield from (folder.parent / kind for kind in FOLDERS)
        return
    for here, names, _ in os.walk(folder):
        yield from (Path(here) / name for name in names if name in FOLDERS)
        # As pytest walks: not into what it would not collect from, nor into ours.
        names[:] = [
            name for name in names if name not in FOLDERS and not any(fnmatch(name, each) for each in norecurse)
        ]


def _folders_in(place: Path) -> list[Path]:
    return [entry for entry in sorted(place.iterdir()) if entry.is_dir()] if place.is_dir() else []


def _orphans_of(folder: Path, python: PythonTests, cases: Cases) -> Iterator[Path]:
    owner = folder.parent.parent / folder.name
    files = [file for file in folder.iterdir() if file.is_file()]
    yield from (file for file in files if file.name.startswith(".") and file.name.endswith(TEMPORARY))
    files = [file for file in files if _is_ours(file)]
    if not owner.exists():
        yield from files
    elif owner.suffix == ".py":
        yield from (file for file in files if owner in python.names and _is_unused(file, owner, python))
    else:
        try:
            wanted = set(_wanted(folder.parent.name, cases(owner)))
        except PflowError:
            return  # what cannot be read may use any of them; that it cannot is said by its own test
        yield from (file for file in files if file.name not in wanted)


def _is_ours(file: Path) -> bool:
    # What else people put there is theirs.
    endings = [".json"] if file.parent.parent.name == CASSETTES else [f".{kind}.json" for kind in KINDS]
    return not file.name.startswith(".") and file.name.endswith(tuple(endings))


def _wanted(kind: str, cases: Iterable[Case]) -> Iterator[str]:
    for case in cases:
        if kind == CASSETTES:
            yield cassette_name(case.name)
        else:
            yield from (snapshot_name(case.name, each) for each in case.snapshot)


def _is_unused(file: Path, owner: Path, python: PythonTests) -> bool:
    tests = [name for name in python.names[owner] if _is_of(file.name, name)]
    if file in python.used or not tests:
        return not tests
    return file.parent.parent.name == TRACES and all((owner, name) in python.passed for name in tests)


def _is_of(file: str, test: str) -> bool:
    stem = next((file.removesuffix(f".{kind}.json") for kind in KINDS if file.endswith(f".{kind}.json")), None)
    stem, own = stem or file.removesuffix(".json"), slug(test, space=" ")
    return stem == own or stem.startswith((f"{own}.", f"{own}["))
