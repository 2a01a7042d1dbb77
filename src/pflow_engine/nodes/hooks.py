"""The pluggy hooks through which node types and layers come in from outside."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pflow_engine.nodes.registry import Registry

PROJECT = "pflow_engine"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks an implementation that wants an option of pluggy's, such as ``tryfirst``; others need no mark."""


class Hooks:
    """What a plugin may implement; the entry point group is ``pflow_engine``."""

    @hookspec
    def pflow_register_nodes(self, registry: Registry) -> None:
        """Register node types: ``registry.register("double", Double)``."""

    @hookspec
    def pflow_wrap_node(self, spec: Any, layer: Any) -> Any:
        """Give a layer around a node's leaf (inside TemplateAware), or None to leave it as it is.

        Called once a node when a workflow is compiled. ``spec`` is its ``NodeSpec``, ``layer`` what it has
        so far; a later plugin wraps what an earlier one gave.
        """


HOOKS = frozenset(name for name in vars(Hooks) if name.startswith("pflow_"))
_MARK = f"{PROJECT}_impl"
"""The attribute that pluggy's marker leaves."""


class _Manager(pluggy.PluginManager):
    """Takes functions by our hooks' names, marked or not, as pytest does with ``pytest_…`` in a conftest.py."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        # A registry is made for each run of a test, and a module has dozens of names that are no hooks.
        if isinstance(plugin, ModuleType) and name not in HOOKS and not hasattr(vars(plugin).get(name), _MARK):
            return None
        marked = super().parse_hookimpl_opts(plugin, name)
        if marked is not None or name not in HOOKS or not inspect.isroutine(getattr(plugin, name)):
            return marked
        return pluggy.HookimplOpts(
            wrapper=False, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False, specname=None
        )


def plugin_manager() -> pluggy.PluginManager:
    """A manager with our hooks and nothing registered."""
    manager = _Manager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager
