"""Two canonical traces to what changed between them, in words."""

from pflow_testkit.changes.model import Change, Severity
from pflow_testkit.changes.report import changes_report, first_in_words
from pflow_testkit.changes.trace import trace_changes, value_changes

__all__ = ["Change", "Severity", "changes_report", "first_in_words", "trace_changes", "value_changes"]
