"""The plugins that a command line names, to the node types it knows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

import click

from pflow_engine.nodes.registry import Registry


class PluginName(click.ParamType[str]):
    """A module's name or a file's path; the environment has several as PATH does."""

    name = "name"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """The names that are there."""
        return [name for name in rv.split(os.pathsep) if name]


def named_plugins(ctx: click.Context | None = None) -> tuple[ModuleType, ...]:
    """The plugins that the command line, or else the environment, names.

    Raises:
        InvalidInput: with all that is wrong with them.
    """
    from pflow_engine.nodes.plugins import load_plugins  # noqa: PLC0415  # start-up time: seldom are there any

    root = (ctx or click.get_current_context()).find_root()
    if root.obj is None:  # once: a module does what it does when it is loaded
        root.obj = load_plugins(root.params["plugins"])
    found: tuple[ModuleType, ...] = root.obj
    return found


def known_types(ctx: click.Context | None = None) -> Registry:
    """The built-in types, those of installed plugins and those of named ones.

    Raises:
        InvalidInput: as above.
    """
    plugins = named_plugins(ctx)
    with contextlib.redirect_stdout(sys.stderr):
        return Registry.default(plugins)


def send_by_value(plugins: Iterable[ModuleType]) -> None:
    """Let workers on other machines have what they could not import."""
    import cloudpickle  # noqa: PLC0415  # it comes with Dask, an extra

    from pflow_engine.nodes.plugins import is_of_file  # noqa: PLC0415  # start-up time

    for plugin in filter(is_of_file, plugins):
        cloudpickle.register_pickle_by_value(plugin)
