"""The workflows that a process collected to their places in a tally."""

from __future__ import annotations

import os

import pytest

from pflow_engine.document.load import load
from pflow_engine.document.model import Workflow
from pflow_engine.errors import PflowError
from pflow_engine.validation import validate
from pflow_testkit.coverage.tally import Tally
from pflow_testkit.registry import registry_for_cases
from pflow_testkit.storage import CASES


def count_on(tally: Tally, config: pytest.Config) -> list[Workflow]:
    """Count on their places, and on those of what they nest; gives each that is sound."""
    sound = []
    for path, cases in config.stash.get(CASES, {}).items():
        file = os.path.relpath(path)
        try:
            document = load(file)
            registry = registry_for_cases(config, path, document, cases)
            workflow = validate(document, registry)
            tally.add_workflow(workflow, registry)
        except PflowError:
            # What is wrong with it is told by its item 'validate'.
            tally.add_unsound(file)
        else:
            sound.append(workflow)
    return sound
