"""Workflows as written to what takes the secrets in them out of texts; a run has its own, ``trace.redactor()``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pflow_engine.trace.finding import environment_secrets, named_secrets
from pflow_engine.trace.redact import Redactor


def redactor_of(*irs: Mapping[str, Any], given: Iterable[Any] = ()) -> Redactor:
    """What takes out the secrets that are written in workflows and in what they are given; those of the environment."""
    written = (secret for ir in irs for secret in _written(ir))
    return Redactor.of([*environment_secrets(), *written, *named_secrets(list(given))])


def _written(ir: Mapping[str, Any]) -> Iterator[str]:
    # Of an input called api_key only the default is the secret, not its type.
    inputs = ir.get("inputs", {})
    yield from named_secrets([node.get("params") for node in ir.get("nodes", ())])
    yield from named_secrets({name: declared.get("default") for name, declared in inputs.items()})
