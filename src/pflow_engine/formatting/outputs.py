"""A run's outputs to text: one alone as it is, several by name."""

from __future__ import annotations

import json

from pflow_engine.document.yaml.text import yaml_text
from pflow_engine.result import RunResult


def outputs_as_text(result: RunResult) -> str:
    """A text that is the only output as it is, any other only output as JSON, several as YAML; none as nothing.

    Secrets are taken out as they are from the trace.
    """
    if not result.outputs:
        return ""
    outputs = result.trace.shown_outputs(result.trace.redactor())
    if len(outputs) != 1:
        return yaml_text(outputs)
    (value,) = outputs.values()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
