"""Node types: what a node is, and where they are found."""

from pflow_engine.nodes.node import Context, Interface, Node, NodeType, Param, node
from pflow_engine.nodes.registry import Registry

__all__ = ["Context", "Interface", "Node", "NodeType", "Param", "Registry", "node"]
