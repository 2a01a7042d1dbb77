"""RunResults to what people and programs read."""

from pflow_engine.formatting.steps import build_execution_steps
from pflow_engine.formatting.text import format_success_as_text, problem_without_secrets

__all__ = ["build_execution_steps", "format_success_as_text", "problem_without_secrets"]
