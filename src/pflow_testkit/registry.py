"""A place in the test tree to the node types known there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pluggy
import pytest

from pflow_engine.document.model import Document
from pflow_engine.nodes import Registry
from pflow_testkit.cases import DEFAULTS, Case
from pflow_testkit.hooks import REGISTER, WRAP, hooks_for, plugins_for, unusable
from pflow_testkit.nested import files_below
from pflow_testkit.stubs import CallLog, StandIns, stubs_of_folder


def registry_for(config: pytest.Config, *paths: Path) -> Registry:
    """The built-in and installed types, and those of every conftest.py from the top down to any of ``paths``.

    To know more of them nothing outside is asked: that is for the item ``validate``, and for what may reach out.

    Raises:
        InvalidHook: a hook that does not take what it is given, naming its file.
    """
    registry = Registry.default()
    registry.asks_outside = False
    for plugin in plugins_for(config, paths, (REGISTER, WRAP)):
        try:
            registry.plug(plugin)
        except pluggy.PluginValidationError as error:
            raise unusable(plugin, REGISTER, str(error).splitlines()[-1], "registry") from None
    return registry


def registry_for_cases(config: pytest.Config, path: Path, document: Document, cases: Iterable[Case]) -> Registry:
    """The types that a workflow may use in its cases, stubbed ones that are not installed among them.

    Raises:
        InvalidHook: as above.
    """
    registry, hooks = registry_for(config, path, *files_below(document)), hooks_for(config, path)
    for case in cases or [Case(DEFAULTS)]:
        stubs = stubs_of_folder(case.stubs, hooks, document, registry)
        registry.plug(StandIns(stubs, True, CallLog(), document))
    return registry
