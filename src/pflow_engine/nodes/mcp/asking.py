"""A server to the tools that it has: asked once a process, for a short time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pflow_engine.clock import CancelToken
from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.mcp.launch import Launch
from pflow_engine.nodes.mcp.sdk import servers_class

LONGEST: Final = 10.0
"""Seconds. Whoever validates waits for it, and a server that has to be downloaded first takes longer anyway."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a tool ``takes`` and ``gives``, as JSON Schemas. ``flaw`` is what is wrong with the first one."""

    takes: Mapping[str, Any]
    gives: Mapping[str, Any] | None = None
    flaw: str = ""


def ask(launch: Launch) -> Mapping[str, Tool]:
    """The tools of a server by name. It is started for that, and ended.

    Raises:
        Unhealable: the MCP SDK is not installed, or the server does not say, with the reason.
    """
    answer = _asked(launch)
    if isinstance(answer, Problem):
        raise Unhealable(answer)
    return answer


@cache
def _asked(launch: Launch) -> Mapping[str, Tool] | Problem:
    # What did not answer is not asked again either: each time would take as long.
    try:
        servers = servers_class()(CancelToken(), LONGEST)
    except Unhealable as error:
        return error.problems[0]
    try:
        listed = servers.tools(launch)
    except BaseException:
        servers.cut()
        raise
    finally:
        servers.close()
    if isinstance(listed, str):
        return Problem("mcp-not-asked", listed, hint="the run will need it")
    return {name: Tool(takes, gives, _flaw(takes)) for name, (takes, gives) in listed.items()}


def _flaw(schema: Mapping[str, Any]) -> str:
    from jsonschema import SchemaError  # noqa: PLC0415  # start-up time: only where a server has answered
    from jsonschema.validators import Draft202012Validator, validator_for  # noqa: PLC0415  # same

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as error:
        return error.message
    return ""
