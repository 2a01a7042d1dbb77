"""A NodeSpec to its chain of layers. The order is written here and nowhere else.

Batch stands outside Namespaced so that an item's alias lands at the root of the item's store, where
``${item}`` is looked up; inside, it would land in the node's own namespace and be found by nobody.
"""

from __future__ import annotations

from pflow_engine.nodes.registry import Registry
from pflow_engine.wrappers.batch import PflowBatchNode
from pflow_engine.wrappers.flat import FlatNodeWrapper
from pflow_engine.wrappers.instrumented import InstrumentedNodeWrapper
from pflow_engine.wrappers.layer import Layer, NodeSpec
from pflow_engine.wrappers.namespaced import NamespacedNodeWrapper
from pflow_engine.wrappers.template_aware import TemplateAwareNodeWrapper


def chain(spec: NodeSpec, leaf: Layer, registry: Registry) -> Layer:
    """The frozen chain of one node around its leaf, outermost layer first to be called."""
    layer: Layer = registry.wrap(spec, leaf)
    layer = TemplateAwareNodeWrapper.of(spec, layer)
    layer = NamespacedNodeWrapper(layer) if spec.namespacing else FlatNodeWrapper(layer)
    if spec.batch is not None:
        layer = PflowBatchNode.of(spec, spec.batch, layer)
    return InstrumentedNodeWrapper(spec, layer)
