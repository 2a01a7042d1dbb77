"""A place in the test tree to the node types known there."""

from __future__ import annotations

from pathlib import Path

import pluggy
import pytest

from pflow_engine.nodes import Registry
from pflow_testkit.hooks import REGISTER, WRAP, plugins_for, unusable


def registry_for(config: pytest.Config, *paths: Path) -> Registry:
    """The built-in and installed types, and those of every conftest.py from the top down to any of ``paths``.

    Raises:
        InvalidHook: a hook that does not take what it is given, naming its file.
    """
    registry = Registry.default()
    for plugin in plugins_for(config, paths, (REGISTER, WRAP)):
        try:
            registry.plug(plugin)
        except pluggy.PluginValidationError as error:
            raise unusable(plugin, REGISTER, str(error).splitlines()[-1], "registry") from None
    return registry
