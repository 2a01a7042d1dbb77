"""A run to OpenTelemetry spans (extra ``[otel]``)."""

from pflow_engine.otel.listener import spans

__all__ = ["spans"]
