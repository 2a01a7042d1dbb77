"""A session to the report of files that no test uses any more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pflow_testkit.cases import Case
from pflow_testkit.options import KEY, again_command
from pflow_testkit.snapshots.orphans import PythonTests, find_orphans, remove, written_cases
from pflow_testkit.storage import CASES, USED

_MOST_SHOWN = 20


def to_send(config: pytest.Config, items: Iterable[pytest.Item], passed: set[str]) -> dict[str, Any]:
    """On a worker of xdist: what it knows of Python tests, for the controller."""
    known = _known(config, items, passed)
    return {
        "names": {str(file): sorted(names) for file, names in known.names.items()},
        "passed": [[str(file), name] for file, name in known.passed],
        "used": [str(file) for file in known.used],
    }


def report(config: pytest.Config, items: Iterable[pytest.Item], passed: set[str], workers: list[Any]) -> list[str]:
    """What is left over, as lines for the terminal; with ``--pflow-prune`` it is removed."""
    options = config.stash[KEY]
    if not options.prune and any("::" in argument for argument in config.args):
        return []  # one test was asked for
    known = _merged([_known(config, items, passed), *map(_received, workers)])
    collected = config.stash.get(CASES, {})
    cases = partial(_cases, collected)
    try:
        orphans = find_orphans(options.folders, known, cases, config.getini("norecursedirs"))
    except OSError as error:
        return [f"snapshots and cassettes that no test uses were not looked for: {error.filename}: {error.strerror}"]
    if not orphans:
        return []
    only_looks = config.getoption("collectonly", default=False)
    return _removed(orphans) if options.prune and not only_looks else _listed(config, orphans)


def _known(config: pytest.Config, items: Iterable[pytest.Item], passed: set[str]) -> PythonTests:
    names: dict[Path, set[str]] = {}
    of_passed: set[tuple[Path, str]] = set()
    # With a part of the tests left out while they were collected, what is missing says nothing.
    whole = not config.getoption("lf", default=False) and not any("::" in argument for argument in config.args)
    for item in items:
        if whole and item.path.suffix == ".py":
            name = item.nodeid.partition("::")[2].replace("::", ".")
            names.setdefault(item.path, set()).add(name)
            if item.nodeid in passed:
                of_passed.add((item.path, name))
    return PythonTests(names, of_passed, set(config.stash.get(USED, ())))


def _received(data: Mapping[str, Any]) -> PythonTests:
    names = {Path(file): set(tests) for file, tests in data["names"].items()}
    passed = {(Path(file), name) for file, name in data["passed"]}
    return PythonTests(names, passed, {Path(file) for file in data["used"]})


def _merged(known: list[PythonTests]) -> PythonTests:
    names: dict[Path, set[str]] = {}
    for each in known:
        for file, tests in each.names.items():
            names.setdefault(file, set()).update(tests)
    passed = set().union(*(each.passed for each in known))
    return PythonTests(names, passed, set().union(*(each.used for each in known)))


def _cases(collected: Mapping[Path, tuple[Case, ...]], workflow: Path) -> tuple[Case, ...]:
    return collected[workflow] if workflow in collected else written_cases(workflow)


def _listed(config: pytest.Config, orphans: list[Path]) -> list[str]:
    command = again_command(config, "--pflow-prune")
    count = "1 file that no test uses" if len(orphans) == 1 else f"{len(orphans)} files that no test uses"
    return [f"{count} (was a case renamed or taken out?):", *_names(orphans), f"to remove: {command}"]


def _removed(orphans: list[Path]) -> list[str]:
    failed = remove(orphans)
    lines = [f"removed, since no test uses them ({len(orphans) - len(failed)}):"]
    lines += _names([path for path in orphans if path not in dict(failed)])
    return lines + [f"could not be removed: {os.path.relpath(path)}: {error.strerror}" for path, error in failed]


def _names(paths: list[Path]) -> list[str]:
    shown = [f"  {os.path.relpath(path)}" for path in paths[:_MOST_SHOWN]]
    return shown + [f"  ...and {len(paths) - _MOST_SHOWN} more"] * (len(paths) > _MOST_SHOWN)
