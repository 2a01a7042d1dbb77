"""A difference to how bad it is."""

from __future__ import annotations

from typing import Any

from pflow_testkit.changes.model import Severity
from pflow_testkit.changes.values import Difference

_RANKS = {"success": 0, "completed": 0, "degraded": 1, "failed": 2, "cancelled": 2, "interrupted": 3}


def of_contract(difference: Difference) -> Severity:
    """Of a value that others may use: what is gone, or of another type, breaks them."""
    gone = difference.kind == "removed" and isinstance(difference.path[-1], str)
    return Severity.BREAKING if gone or difference.kind == "retyped" else Severity.BEHAVIOUR


def of_run(difference: Difference) -> Severity:
    """Of the run itself."""
    match difference.path:
        case ("workflow" | "trace_version", *_):
            return Severity.COSMETIC
        case _:
            return _of_state(difference, difference.path)


def of_node(difference: Difference) -> Severity:
    """Of one run of a node, with its items under ``items``."""
    match difference.path:
        case ("warnings", *_):
            return Severity.COSMETIC
        case ("items", int(), step, *below):
            return _of_state(difference, (step, *below))
        case ("batch",) if difference.kind == "removed":
            return Severity.BREAKING
        case _ if difference.cosmetic:
            return Severity.COSMETIC
        case path:
            return _of_state(difference, path)


def _of_state(difference: Difference, path: tuple[Any, ...]) -> Severity:
    match path:
        case ("outputs", *_):
            return of_contract(difference)
        case ("status",):
            worse = _rank(difference.old) < _rank(difference.new)
            return Severity.BREAKING if worse else Severity.BEHAVIOUR
        case ("error",) if difference.kind == "added":
            return Severity.BREAKING
        case _:
            return Severity.BEHAVIOUR


def _rank(status: Any) -> int:
    return _RANKS.get(status, 0) if isinstance(status, str) else 0
