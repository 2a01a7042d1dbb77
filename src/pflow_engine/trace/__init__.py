"""What a run leaves behind: frozen records, and strict JSON of them."""

from pflow_engine.trace.finding import environment_secrets, named_secrets, registered_secrets
from pflow_engine.trace.model import TRACE_VERSION, BatchTrace, Event, Failure, NodeTrace, OnEvent, Trace, TraceStatus
from pflow_engine.trace.names import REDACTED, looks_secret
from pflow_engine.trace.recorder import Recorder
from pflow_engine.trace.redact import Redactor
from pflow_engine.trace.revive import revivable_json, revive
from pflow_engine.trace.schema import trace_schema
from pflow_engine.trace.strict import encodable, strict_json
from pflow_engine.trace.write import is_stream, write_json, write_text

__all__ = [
    "REDACTED",
    "TRACE_VERSION",
    "BatchTrace",
    "Event",
    "Failure",
    "NodeTrace",
    "OnEvent",
    "Recorder",
    "Redactor",
    "Trace",
    "TraceStatus",
    "encodable",
    "environment_secrets",
    "is_stream",
    "looks_secret",
    "named_secrets",
    "registered_secrets",
    "revivable_json",
    "revive",
    "strict_json",
    "trace_schema",
    "write_json",
    "write_text",
]
