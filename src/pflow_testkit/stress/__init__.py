"""Thread-safety stress: schedules that are tried, the one that breaks, and how it does."""

from pflow_testkit.stress.explorer import Exploration, Plan
from pflow_testkit.stress.exploring import explore
from pflow_testkit.stress.failure import Failure
from pflow_testkit.stress.report import Finding
from pflow_testkit.stress.schedule import Token

__all__ = ["Exploration", "Failure", "Finding", "Plan", "Token", "explore"]
