"""What is never changed, since the changed workflow is run: what a process would execute."""

from __future__ import annotations

from typing import Final

from pflow_engine.nodes import Interface

_EXECUTED: Final = frozenset({"command", "code", "cwd", "env"})


def is_executed(interface: Interface, param: str) -> bool:
    """Whether a param says what a process does: in ``rm -rf ${folder}/tmp`` nothing may be left out for a test."""
    return interface.effects == "process" and param in _EXECUTED
