"""Names to node types."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import pluggy

from pflow_engine.errors import InvalidWorkflow, Problem
from pflow_engine.nodes.family import Family, Found
from pflow_engine.nodes.hooks import PROJECT, plugin_manager
from pflow_engine.nodes.node import NodeType, node_type


class Registry:
    """The node types a workflow may use, and the plugins that brought them.

    ``Registry()`` is empty; ``Registry.default()`` has the built-in types and every installed plugin's. Of families
    of types it knows the outline; which there are, it knows ``at`` the folder of a workflow. ``asks_outside`` says
    whether a family may start processes and use the network to find that out.
    """

    def __init__(self) -> None:
        self._types: dict[str, NodeType] = {}
        self._families: list[Family] = []
        self._excused: set[str] = set()
        self._plugins = plugin_manager()
        self._folder: Path | None = None
        self._found: dict[str, Found] = {}
        self.asks_outside = True

    @classmethod
    def default(cls, plugins: Iterable[Any] = ()) -> Registry:
        """A new registry with the built-in types, those of installed plugins, and those of ``plugins``."""
        registry = cls()
        for plugin in (*_installed(), *plugins):
            registry.plug(plugin)
        return registry

    def register(self, name: str, source: Any) -> None:
        """Add a type: a class, a ``@node`` function or an instance. A later one of the same name wins.

        Raises:
            InvalidWorkflow: ``source`` is no node, or an instance that cannot be copied.
        """
        self._types[name] = node_type(name, source)

    def add(self, kind: NodeType) -> None:
        """Add a type that is already made."""
        self._types[kind.name] = kind

    def add_family(self, family: Family) -> None:
        """Add all types whose names start in the same way."""
        self._families.append(family)

    def excuse(self, name: str) -> None:
        """Let a type of a family be missing, since stubs stand in for its nodes."""
        self._excused.add(name)

    def at(self, folder: Path) -> Registry:
        """The same types, as a workflow in that folder has them."""
        here = copy.copy(self)
        vars(here).update(_folder=folder, _found={})
        return here

    def find(self, name: str) -> Found:
        """The type of that name, and what is wrong with it."""
        family = None if name in self._types else self._family_of(name)
        if family is None:
            return Found(self._types.get(name))
        if name not in self._found:
            self._found[name] = self._in_family(family, name)
        return self._found[name]

    def plug(self, plugin: Any) -> None:
        """Register a plugin (any object or module with our hooks) and let it add its types."""
        if self._plugins.is_registered(plugin):
            return
        self._plugins.register(plugin, name=f"{type(plugin).__name__} {id(plugin)}")
        hook = self._plugins.subset_hook_caller("pflow_register_nodes", _others(self._plugins, plugin))
        hook(registry=self)

    def wrap(self, spec: Any, layer: Any) -> Any:
        """A node's leaf inside what every plugin puts around it, in the order they were plugged.

        Raises:
            InvalidWorkflow: a plugin raised, naming its file and line.
        """
        for implementation in self._plugins.hook.pflow_wrap_node.get_hookimpls():
            given = {"spec": spec, "layer": layer}
            try:
                wrapped = implementation.function(*(given[name] for name in implementation.argnames))
            except Exception as error:
                raise _raised(error, spec.id) from error
            layer = layer if wrapped is None else wrapped
        return layer

    def get(self, name: str) -> NodeType | None:
        """The type of that name."""
        return self._types.get(name) or self.find(name).kind

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))

    def _family_of(self, name: str) -> Family | None:
        return next((family for family in self._families if name.startswith(family.prefix)), None)

    def _in_family(self, family: Family, name: str) -> Found:
        excused = name in self._excused
        if self._folder is None or (excused and not self.asks_outside):
            return Found(family.outline(name))
        found = family.find(name, self._folder, ask_outside=self.asks_outside)
        return Found(family.outline(name)) if found.kind is None and excused else found


def _raised(error: Exception, node_id: str) -> InvalidWorkflow:
    at = traceback.extract_tb(error.__traceback__)[-1]
    message = f"pflow_wrap_node raised {type(error).__name__} for node '{node_id}': {error}"
    hint = f"see line {at.lineno} of {Path(at.filename).name}"
    return InvalidWorkflow(Problem("plugin", message, hint=hint, file=at.filename))


def _others(plugins: pluggy.PluginManager, plugin: Any) -> Iterable[Any]:
    return [other for other in plugins.get_plugins() if other is not plugin]


@cache
def _installed() -> tuple[Any, ...]:
    # Reading entry points walks every installed distribution: once a process.
    from pflow_engine.nodes import builtin  # noqa: PLC0415  # loaded with the first registry, for start-up time
    from pflow_engine.nodes.mcp import plugin as mcp  # noqa: PLC0415  # same

    found = pluggy.PluginManager(PROJECT)
    found.load_setuptools_entrypoints(PROJECT)
    return (builtin, mcp, *(plugin for _, plugin in sorted(found.list_name_plugin(), key=itemgetter(0))))
