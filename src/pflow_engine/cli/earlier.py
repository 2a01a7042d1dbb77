"""A trace file to what is known of that run: its inputs, and what its nodes gave."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pflow_engine.document.load import read_text
from pflow_engine.errors import InvalidInput, Problem
from pflow_engine.trace import REDACTED, TRACE_VERSION, revive


@dataclass(frozen=True, slots=True)
class Known:
    """Values by input, and by node and output. ``lost`` says of the others, ``since`` or ``fetch.response``, why."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)


def read_trace(file: str) -> Known:
    """What a trace that ``--trace`` has written knows.

    Raises:
        InvalidWorkflow: it cannot be read.
        InvalidInput: it is no such trace.
    """
    trace = _parsed(file)
    lost: dict[str, str] = {}
    inputs = dict(_values(trace["inputs"], "", file, lost))
    outputs = {node["id"]: dict(_values(node["outputs"], f"{node['id']}.", file, lost)) for node in trace["nodes"]}
    return Known(inputs, outputs, lost)


def _parsed(file: str) -> Mapping[str, Any]:
    try:
        trace = json.loads(read_text(Path(file)))
    except (ValueError, RecursionError):
        trace = None
    if not isinstance(trace, dict) or trace.get("trace_version") != TRACE_VERSION:
        message, hint = "this is no trace of a run", "give a file that 'run --trace' has written"
        raise InvalidInput(Problem("trace-file", message, hint=hint, file=file))
    return trace


def _values(written: Mapping[str, Any], before: str, file: str, lost: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, value in written.items():
        if REDACTED in json.dumps(value):
            lost[before + name] = f"it was a secret, or had one in it, and {file} does not have it"
            continue
        try:
            yield name, revive(value)
        except ValueError as error:
            lost[before + name] = f"{error} from {file}"
