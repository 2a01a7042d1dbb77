"""A shell command to what it printed and its exit code."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from pflow_engine.nodes.builtin.file_access import place
from pflow_engine.nodes.builtin.outputs import STREAMS, leave, text_output
from pflow_engine.nodes.builtin.params import TIMEOUT, bytes_of, read_params, text_of
from pflow_engine.nodes.builtin.process import Ended, Launch, run_group
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import Store

_LAST_LINES = 3
_LONGEST_QUOTE = 500


class Shell(Node):
    """Runs a command with ``/bin/sh``."""

    interface: ClassVar[Interface] = Interface(
        params={
            "command": Param("string", required=True, description="what /bin/sh runs"),
            "stdin": Param(description="given to the command: text as it is, other data as JSON"),
            "cwd": Param("string", description="the folder to run in"),
            "env": Param("object", description="environment variables to add"),
            "timeout": TIMEOUT,
            "ignore_errors": Param("boolean", default=False, description="whether any exit code is a success"),
        },
        outputs={**STREAMS, "exit_code": "integer", "error": "string"},
        actions=("default", "error"),
        effects="process",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked; ``launch`` is what to start."""
        given = read_params(self.interface, self.params)
        return {**given, "launch": _launch(given)}

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """The outputs of the command."""
        ended = run_group(prep_result["launch"], prep_result["timeout"], self.context.cancel)
        error = _error(ended, ignore_errors=prep_result["ignore_errors"])
        return {
            **text_output("stdout", ended.stdout),
            **text_output("stderr", ended.stderr),
            "exit_code": ended.exit_code,
            **({"error": error} if error else {}),
        }

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


def _launch(given: dict[str, Any]) -> Launch:
    added = {str(name): text_of("env", value) for name, value in (given["env"] or {}).items()}
    return Launch(
        ("/bin/sh", "-c", given["command"]),
        stdin=None if given["stdin"] is None else bytes_of("stdin", given["stdin"]),
        cwd=None if given["cwd"] is None else str(place(given["cwd"])),
        env={**os.environ, **added},
    )


def _error(ended: Ended, *, ignore_errors: bool) -> str:
    if ended.stopped:
        return ended.stopped
    if ended.exit_code == 0 or ignore_errors:
        return ""
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    said = "\n".join(lines[-_LAST_LINES:])[:_LONGEST_QUOTE]
    return f"Command failed with exit code {ended.exit_code}{': ' if said else ''}{said}"
