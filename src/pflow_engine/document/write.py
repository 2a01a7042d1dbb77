"""An IR to the text of a workflow file, which reads back as an equal IR."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from pflow_engine.document.load import from_data
from pflow_engine.document.markdown.write import markdown_text
from pflow_engine.document.model import Form
from pflow_engine.document.positions import MOST_PROBLEMS, path_text
from pflow_engine.document.schema import FLOW_IR_SCHEMA
from pflow_engine.document.yaml.text import yaml_text
from pflow_engine.errors import InvalidWorkflow, Problem


def to_text(ir: Mapping[str, Any], form: Form) -> str:
    """A workflow's IR, wrapped or not, as JSON, YAML or Markdown.

    Raises:
        InvalidWorkflow: the IR is none, or Markdown has no words for something in it, with all that it has none for.
    """
    sound = dict(from_data(ir).ir)
    _refuse_unsound(sound)
    if form == "markdown":
        return markdown_text(sound)
    return yaml_text(sound) if form == "yaml" else json.dumps(sound, indent=2, ensure_ascii=False) + "\n"


def _refuse_unsound(ir: Mapping[str, Any]) -> None:
    import jsonschema  # noqa: PLC0415  # takes a tenth of a second to load

    hint = "mend it first: validate says more"
    errors = jsonschema.Draft202012Validator(FLOW_IR_SCHEMA).iter_errors(ir)
    problems = [
        Problem("structure", error.message, path_text(tuple(error.absolute_path)), hint)
        for error in islice(errors, MOST_PROBLEMS)
    ]
    if problems:
        raise InvalidWorkflow(problems)
