"""The layers around a node, outside in: Instrumented, Batch, Namespaced, TemplateAware, Leaf."""

from pflow_engine.wrappers.chain import chain
from pflow_engine.wrappers.layer import Call, Layer, Level, NodeSpec
from pflow_engine.wrappers.leaf import Leaf

__all__ = ["Call", "Layer", "Leaf", "Level", "NodeSpec", "chain"]
