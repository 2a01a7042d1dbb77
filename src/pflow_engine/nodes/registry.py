"""Names to node types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter
from typing import Any

import pluggy

from pflow_engine.nodes.hooks import PROJECT, plugin_manager
from pflow_engine.nodes.node import NodeType, node_type


class Registry:
    """The node types a workflow may use, and the plugins that brought them.

    ``Registry()`` is empty; ``Registry.default()`` has the built-in types and every installed plugin's.
    """

    def __init__(self) -> None:
        self._types: dict[str, NodeType] = {}
        self._plugins = plugin_manager()

    @classmethod
    def default(cls) -> Registry:
        """A new registry with the built-in types and those of installed plugins."""
        registry = cls()
        for plugin in _installed():
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

    def plug(self, plugin: Any) -> None:
        """Register a plugin (any object or module with our hooks) and let it add its types."""
        if self._plugins.is_registered(plugin):
            return
        self._plugins.register(plugin, name=f"{type(plugin).__name__} {id(plugin)}")
        hook = self._plugins.subset_hook_caller("pflow_register_nodes", _others(self._plugins, plugin))
        hook(registry=self)

    def wrap(self, spec: Any, layer: Any) -> Any:
        """A node's leaf inside what every plugin puts around it, in the order they were plugged."""
        for implementation in self._plugins.hook.pflow_wrap_node.get_hookimpls():
            given = {"spec": spec, "layer": layer}
            wrapped = implementation.function(*(given[name] for name in implementation.argnames))
            layer = layer if wrapped is None else wrapped
        return layer

    def get(self, name: str) -> NodeType | None:
        """The type of that name."""
        return self._types.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))


def _others(plugins: pluggy.PluginManager, plugin: Any) -> Iterable[Any]:
    return [other for other in plugins.get_plugins() if other is not plugin]


@cache
def _installed() -> tuple[Any, ...]:
    # Reading entry points walks every installed distribution: once a process.
    from pflow_engine.nodes import builtin  # noqa: PLC0415  # loaded with the first registry, for start-up time

    found = pluggy.PluginManager(PROJECT)
    found.load_setuptools_entrypoints(PROJECT)
    return (builtin, *(plugin for _, plugin in sorted(found.list_name_plugin(), key=itemgetter(0))))
