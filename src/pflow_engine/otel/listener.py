"""A tracer provider to a listener for ``Flow.run(on_event=…)``.

Nothing of OpenTelemetry is imported until one is made.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from pflow_engine.errors import PflowError, Problem
from pflow_engine.trace import OnEvent

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


def spans(tracer_provider: TracerProvider | None = None) -> OnEvent:
    """A listener that makes spans of one run at a time: of the workflow, its nodes, their items and each attempt.

    Each is the current span while what it stands for runs, in whichever thread. Without ``tracer_provider`` the
    spans go to the global one.

    Raises:
        PflowError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace  # noqa: PLC0415  # start-up time, and an extra

        from pflow_engine.otel.live import Spans  # noqa: PLC0415  # as above
    except ImportError as error:
        hint = "pip install 'pflow-testkit[otel]'"
        raise PflowError(Problem("otel-missing", f"spans needs OpenTelemetry: {error}", hint=hint)) from error
    return Spans(trace.get_tracer("pflow_engine", version("pflow-testkit"), tracer_provider))
