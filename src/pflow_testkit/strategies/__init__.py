"""Hypothesis strategies: workflows, batch blocks, inputs, faults, and the values in them."""

from pflow_testkit.strategies.batches import batch_configs
from pflow_testkit.strategies.faults import faults_for
from pflow_testkit.strategies.inputs import inputs_for
from pflow_testkit.strategies.shapes import Shape, shapes_in
from pflow_testkit.strategies.values import like, texts, values
from pflow_testkit.strategies.workflows import workflows

__all__ = [
    "Shape",
    "batch_configs",
    "faults_for",
    "inputs_for",
    "like",
    "shapes_in",
    "texts",
    "values",
    "workflows",
]
