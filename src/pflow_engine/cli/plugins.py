"""The plugins that a command line names, to the node types it knows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import click

from pflow_engine.errors import Problem
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


def likely_plugins(problems: Iterable[Problem]) -> str:
    """Where there are unknown node types: the option for the conftest.py that may have them, unless it was given."""
    files = dict.fromkeys(problem.file for problem in problems if problem.code == "unknown-type" and problem.file)
    found = dict.fromkeys(filter(None, map(_conftest_above, files)))
    if not found:
        return ""
    named = {os.path.realpath(plugin.__file__ or "") for plugin in named_plugins()}
    options = [f"-p {file}" for file in found if os.path.realpath(file) not in named]
    return f"Node types of a conftest.py are known to: pflow-testkit {' '.join(options)} …" if options else ""


def _conftest_above(file: str) -> str:
    """The nearest that registers node types, no further up than where the command was called."""
    folder = Path(os.path.abspath(file)).parent  # noqa: PTH100  # as it is named, whatever links are on the way
    inside = [each for each in (folder, *folder.parents) if each.is_relative_to(Path.cwd())]
    for each in inside or [folder]:
        conftest = each / "conftest.py"
        if conftest.is_file() and b"def pflow_register_nodes" in conftest.read_bytes():
            return str(conftest.relative_to(Path.cwd()) if inside else conftest)
    return ""


def send_by_value(plugins: Iterable[ModuleType]) -> None:
    """Let workers on other machines have what they could not import."""
    import cloudpickle  # noqa: PLC0415  # it comes with Dask, an extra

    from pflow_engine.nodes.plugins import is_of_file  # noqa: PLC0415  # start-up time

    for plugin in filter(is_of_file, plugins):
        cloudpickle.register_pickle_by_value(plugin)
