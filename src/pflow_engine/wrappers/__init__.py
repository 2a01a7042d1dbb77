"""The layers around a node, outside in: Instrumented, Batch, Namespaced, TemplateAware, Leaf."""

from pflow_engine.wrappers.chain import chain
from pflow_engine.wrappers.layer import Call, Layer, NodeSpec

__all__ = ["Call", "Layer", "NodeSpec", "chain"]
