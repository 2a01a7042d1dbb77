"""A workflow engine: documents, validation, compilation, running, traces."""

from pflow_engine.api import run
from pflow_engine.batch.dask import DaskExecutor
from pflow_engine.clock import CancelToken, Clock, RealClock
from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import load
from pflow_engine.document.model import Document, Workflow
from pflow_engine.document.schema import BATCH_CONFIG_SCHEMA, FLOW_IR_SCHEMA
from pflow_engine.errors import (
    InvalidInput,
    InvalidWorkflow,
    NodeFailed,
    PflowError,
    Position,
    Problem,
    Unhealable,
)
from pflow_engine.flow import Flow
from pflow_engine.formatting import build_execution_steps, format_success_as_text
from pflow_engine.nodes import Interface, Node, NodeType, Param, Registry, node
from pflow_engine.nodes.hooks import hookimpl
from pflow_engine.result import RunResult
from pflow_engine.store import NamespacedSharedStore
from pflow_engine.templates import TemplateResolver
from pflow_engine.trace import Event, Trace
from pflow_engine.validation import validate, validate_ir

__all__ = [
    "BATCH_CONFIG_SCHEMA",
    "FLOW_IR_SCHEMA",
    "CancelToken",
    "Clock",
    "DaskExecutor",
    "Document",
    "Event",
    "Flow",
    "Interface",
    "InvalidInput",
    "InvalidWorkflow",
    "NamespacedSharedStore",
    "Node",
    "NodeFailed",
    "NodeType",
    "Param",
    "PflowError",
    "Position",
    "Problem",
    "RealClock",
    "Registry",
    "RunResult",
    "TemplateResolver",
    "Trace",
    "Unhealable",
    "Workflow",
    "build_execution_steps",
    "compile_ir_to_flow",
    "format_success_as_text",
    "hookimpl",
    "load",
    "node",
    "run",
    "validate",
    "validate_ir",
]
