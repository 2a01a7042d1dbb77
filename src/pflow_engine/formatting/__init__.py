"""RunResults, problems, workflows and node types to what people and programs read."""

from pflow_engine.formatting.as_json import describe_as_json, nodes_as_json, problems_as_json, run_as_json
from pflow_engine.formatting.description import describe_as_text, nodes_as_text
from pflow_engine.formatting.mermaid import mermaid
from pflow_engine.formatting.outputs import outputs_as_text
from pflow_engine.formatting.steps import build_execution_steps
from pflow_engine.formatting.text import format_success_as_text, problem_without_secrets, problems_as_text

__all__ = [
    "build_execution_steps",
    "describe_as_json",
    "describe_as_text",
    "format_success_as_text",
    "mermaid",
    "nodes_as_json",
    "nodes_as_text",
    "outputs_as_text",
    "problem_without_secrets",
    "problems_as_json",
    "problems_as_text",
    "run_as_json",
]
