"""A place in the test tree to the node types known there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pluggy
import pytest

from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.nodes import Registry


def registry_for(config: pytest.Config, *paths: Path) -> Registry:
    """The built-in and installed types, and those of every conftest.py from the top down to any of ``paths``.

    pytest itself only knows hooks whose names start with ``pytest_``; ours are looked up here, in pytest
    plugins and in the loaded conftest.py files whose folder a path lies in, the deepest last.

    Raises:
        InvalidWorkflow: a hook that does not take what it is given, naming its file.
    """
    registry = Registry.default()
    for plugin in _plugins_for(config, paths):
        try:
            registry.plug(plugin)
        except pluggy.PluginValidationError as error:
            hint = "define it as: def pflow_register_nodes(registry)"
            message = f"a hook that cannot be called: {str(error).splitlines()[-1]}"
            file = str(getattr(plugin, "__file__", "") or plugin)
            raise InvalidWorkflow(Problem("hook", message, hint=hint, file=file)) from None
    return registry


def _plugins_for(config: pytest.Config, paths: tuple[Path, ...]) -> list[Any]:
    found = [plugin for _, plugin in config.pluginmanager.list_name_plugin() if _has_hooks(plugin)]
    seen_here = [plugin for plugin in found if _is_above(_folder(plugin), paths)]
    return sorted(seen_here, key=lambda plugin: len((_folder(plugin) or Path()).parts))


def _is_above(folder: Path | None, paths: tuple[Path, ...]) -> bool:
    return folder is None or any(path.is_relative_to(folder) for path in paths)


def _has_hooks(plugin: Any) -> bool:
    return any(callable(getattr(plugin, name, None)) for name in ("pflow_register_nodes", "pflow_wrap_node"))


def _folder(plugin: Any) -> Path | None:
    file = getattr(plugin, "__file__", None)
    return Path(file).parent if file and Path(file).name == "conftest.py" else None
