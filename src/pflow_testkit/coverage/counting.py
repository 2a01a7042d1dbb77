"""The workflows that a process collected to their places in tallies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from pflow_engine.document.load import load
from pflow_engine.document.model import Workflow
from pflow_engine.errors import PflowError
from pflow_engine.nodes import Registry
from pflow_engine.validation import validate
from pflow_testkit.coverage.tally import Tally
from pflow_testkit.registry import registry_for_cases
from pflow_testkit.storage import CASES


class _Sound(NamedTuple):
    """A workflow, and the types that it may use."""

    workflow: Workflow
    registry: Registry


_READ: pytest.StashKey[dict[str, _Sound | None]] = pytest.StashKey()
"""What was collected, by file, once it was read to count on it; None is a file with something wrong."""


def count_on(tally: Tally, config: pytest.Config) -> list[Workflow]:
    """Count on their places, and on those of what they nest; gives each that is sound.

    For the end of a session: every tally of it counts on the same workflows, so these are read for the first alone.
    """
    if _READ not in config.stash:
        config.stash[_READ] = dict(_read(config))
    read = config.stash[_READ]
    for file, sound in read.items():
        if sound is None:
            tally.add_unsound(file)
        else:
            tally.add_workflow(*sound)
    return [sound.workflow for sound in read.values() if sound is not None]


def _read(config: pytest.Config) -> Iterator[tuple[str, _Sound | None]]:
    for path, cases in config.stash.get(CASES, {}).items():
        file = os.path.relpath(path)
        try:
            document = load(file)
            registry = registry_for_cases(config, path, document, cases)
            yield file, _Sound(validate(document, registry), registry)
        except PflowError:
            # What is wrong with it is told by its item 'validate'.
            yield file, None
