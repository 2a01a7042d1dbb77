"""The published form of a trace, as data."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from pflow_engine.copying import copy_data


def trace_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``Trace.to_dict()``.

    Each property says ``x-stability``: ``stable`` is the same in every run with the same inputs, ``volatile``
    (times, paths, versions) is not, nor is anything below it.
    """
    schema: dict[str, Any] = copy_data(_schema())
    return schema


@cache
def _schema() -> dict[str, Any]:
    text = resources.files("pflow_engine.trace").joinpath("schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
