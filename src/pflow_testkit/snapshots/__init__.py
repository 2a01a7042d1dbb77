"""Runs to files that say what they were, and the files that no test uses any more."""

from pflow_testkit.snapshots.snapshot import RunSnapshot, accepting, case_snapshots, is_kept, run_snapshot

__all__ = ["RunSnapshot", "accepting", "case_snapshots", "is_kept", "run_snapshot"]
