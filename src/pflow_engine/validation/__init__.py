"""Documents to Workflows, or to every problem they have."""

from pflow_engine.validation.structure import schema_problems
from pflow_engine.validation.validate import find_problems, validate, validate_ir

__all__ = ["find_problems", "schema_problems", "validate", "validate_ir"]
