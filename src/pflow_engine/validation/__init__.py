"""Documents to Workflows, or to every problem they have."""

from pflow_engine.validation.change import Sound
from pflow_engine.validation.nested import absolute
from pflow_engine.validation.structure import schema_problems
from pflow_engine.validation.validate import find_problems, validate, validate_ir, validate_nested

__all__ = ["Sound", "absolute", "find_problems", "schema_problems", "validate", "validate_ir", "validate_nested"]
