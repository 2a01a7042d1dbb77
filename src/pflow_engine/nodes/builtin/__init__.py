"""The node types that are always there, as the first plugin."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pflow_engine.nodes.builtin.code_node import Code
from pflow_engine.nodes.builtin.echo_node import Echo
from pflow_engine.nodes.builtin.file_nodes import DeleteFile, ReadFile, WriteFile
from pflow_engine.nodes.builtin.http_node import Http
from pflow_engine.nodes.builtin.llm_node import Llm
from pflow_engine.nodes.builtin.shell_node import Shell
from pflow_engine.nodes.builtin.transfer_nodes import CopyFile, MoveFile
from pflow_engine.nodes.builtin.workflow_node import NestedWorkflow
from pflow_engine.nodes.hooks import hookimpl
from pflow_engine.nodes.node import NodeType, node_type

if TYPE_CHECKING:
    from pflow_engine.nodes.registry import Registry

_TYPES = {
    "code": Code,
    "copy-file": CopyFile,
    "delete-file": DeleteFile,
    "echo": Echo,
    "http": Http,
    "llm": Llm,
    "move-file": MoveFile,
    "read-file": ReadFile,
    "shell": Shell,
    "workflow": NestedWorkflow,
    "write-file": WriteFile,
}


@hookimpl
def pflow_register_nodes(registry: Registry) -> None:
    """Register every built-in type."""
    for kind in _kinds():
        registry.add(kind)


@cache
def _kinds() -> tuple[NodeType, ...]:
    # Once a process: a registry is made for each workflow that is compiled without one.
    return tuple(node_type(name, source) for name, source in _TYPES.items())
