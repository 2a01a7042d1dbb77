"""Outcomes to exit codes."""

from __future__ import annotations

from typing import Final

from pflow_engine.errors import InvalidInput, PflowError

SUCCESS: Final = 0
FAILED: Final = 1
USAGE: Final = 2
DEGRADED: Final = 3
INTERRUPTED: Final = 130

TOLD: Final = """\b
Exit codes:
  0    success
  1    failed: the workflow failed, or has problems
  2    usage: wrong options or inputs, a file or a scheduler that is not there
  3    degraded: some items of a batch failed (0 with --allow-degraded)
  130  interrupted by Ctrl-C
"""

_NOT_THERE: Final = frozenset({"unreadable", "file-type", "trace-file"})


def code_of(error: PflowError) -> int:
    """The code of an error: whether the call has to be mended, or the workflow."""
    calls = [problem.code for problem in error.problems if problem.code in _NOT_THERE or problem.code[:5] == "dask-"]
    return USAGE if calls or isinstance(error, InvalidInput) else FAILED
