"""Items and a callable to outcomes: retries, order, isolation of failures. Knows nothing of nodes."""

from pflow_engine.batch.attempt import FAILURES, Crossing, FarJob, ItemEvent, Job, Work, error_text, reported_text
from pflow_engine.batch.outcome import BatchInterrupted, Outcome, error_entries, timing
from pflow_engine.batch.run import ExecutorFactory, run_batch
from pflow_engine.batch.timeout import bounded

__all__ = [
    "FAILURES",
    "BatchInterrupted",
    "Crossing",
    "ExecutorFactory",
    "FarJob",
    "ItemEvent",
    "Job",
    "Outcome",
    "Work",
    "bounded",
    "error_entries",
    "error_text",
    "reported_text",
    "run_batch",
    "timing",
]
