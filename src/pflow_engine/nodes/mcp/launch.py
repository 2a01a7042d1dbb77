"""A configured server to what is started or connected to: variables filled in, secrets known.

``${NAME}`` is a variable of the environment, ``${NAME:-text}`` has a text for where there is none, as in other
programs that read these files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.mcp.configuration import Server, Target
from pflow_engine.trace.finding import named_secrets
from pflow_engine.trace.redact import Redactor

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_NOT_YET: Final = {"sse": "the older transport sse", "ws": "websockets"}


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, or where to connect to. ``secrets`` are the texts in it that nobody may see."""

    name: str
    target: Target

    @property
    def secrets(self) -> tuple[str, ...]:
        """What stands under the name of a secret, in the environment, the headers, the arguments or the URL."""
        args, env, headers = self.target.args, dict(self.target.env), dict(self.target.headers)
        flags = {flag: value for flag, value in pairwise(args) if flag.startswith("-") and "=" not in flag}
        flags |= {name: value for name, _, value in (each.partition("=") for each in args) if value}
        named = {"env": env, "headers": headers, "flags": flags, "texts": [*args, self.target.url]}
        return tuple(dict.fromkeys(named_secrets(named)))

    def without_secrets(self, text: str) -> str:
        """What a server says, fit to be shown."""
        return str(Redactor.of(self.secrets)(text))


def launch_of(server: Server, environ: Mapping[str, str]) -> Launch:
    """Fill in the variables.

    Raises:
        Unhealable: those that are not set, all of them, or a way of talking that we do not know.
    """
    if server.transport in _NOT_YET:
        message = f"the MCP server '{server.name}' talks {_NOT_YET[server.transport]}, which is not supported"
        raise Unhealable(Problem("mcp-transport", message, hint="use its streamable HTTP endpoint, type: http"))
    filled = _Filled(server.name, environ)
    target = server.target.with_texts(filled)
    filled.refuse_unset()
    cwd = str(Path(server.folder) / target.cwd) if server.transport == "stdio" else ""
    return Launch(server.name, replace(target, cwd=cwd))


class _Filled:
    """Texts with their variables filled in, and those that are not set."""

    def __init__(self, server: str, environ: Mapping[str, str]) -> None:
        self._server, self._environ = server, environ
        self._unset: dict[str, None] = {}

    def __call__(self, text: str) -> str:
        return _VARIABLE.sub(self._value, text)

    def refuse_unset(self) -> None:
        """Raise Unhealable if any was missing."""
        if self._unset:
            names = ", ".join(self._unset)
            message = f"the MCP server '{self._server}' needs variables of the environment that are not set: {names}"
            hint = f"set them, or give a text to use instead: ${{{next(iter(self._unset))}:-text}}"
            raise Unhealable(Problem("mcp-variable", message, hint=hint))

    def _value(self, found: re.Match[str]) -> str:
        name, otherwise = found.groups()
        # As in a shell: what is set to nothing counts as not set where there is a text to use instead.
        value = self._environ.get(name)
        if otherwise is not None:
            return value or otherwise
        if value is None:
            self._unset[name] = None
        return value or ""
