"""A file or an IR and its inputs, all the way to a RunResult."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import load
from pflow_engine.document.model import Document, Workflow
from pflow_engine.nodes.registry import Registry
from pflow_engine.result import RunResult


def run(
    source: str | os.PathLike[str] | Mapping[str, Any] | Document | Workflow,
    inputs: Mapping[str, Any] | None = None,
    *,
    registry: Registry | None = None,
    **options: Any,
) -> RunResult:
    """Load, validate, compile and run. ``options`` are those of ``Flow.run``.

    Raises:
        InvalidWorkflow: the file cannot be loaded, or has problems.
        InvalidInput: the inputs do not fit.
    """
    ir = load(source) if isinstance(source, str | os.PathLike) else source
    return compile_ir_to_flow(ir, registry).run(inputs, **options)
