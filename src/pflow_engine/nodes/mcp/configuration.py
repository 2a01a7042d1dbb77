"""The folder of a workflow to the MCP servers that are configured there.

They are those of the nearest ``.mcp.json``, looked for from that folder upwards, no further than the root of the
repository or the home folder. Files further up are not merged in: one file says what there is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pflow_engine.document.load import locate, parse, read_text
from pflow_engine.document.positions import Path as DataPath
from pflow_engine.document.positions import in_file_order, problem_at
from pflow_engine.errors import InvalidWorkflow, Problem, did_you_mean
from pflow_engine.value_types import type_name

FILE: Final = ".mcp.json"

Transport = Literal["stdio", "http", "sse", "ws"]

_TRANSPORTS: Final[Mapping[str, Transport]] = {
    "stdio": "stdio", "http": "http", "streamable-http": "http", "streamable_http": "http", "streamableHttp": "http",
    "sse": "sse", "ws": "ws",
}  # fmt: skip
_FIELDS: Final = ("command", "args", "env", "cwd", "url", "headers", "type", "transport")

_Fault = tuple[DataPath, str, str]
"""A path in the file, what is wrong there, the fix."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is started (``command``), or where it runs (``url``); the fields of the other way are empty."""

    command: str = ""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    cwd: str = ""
    url: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def with_texts(self, change: Callable[[str], str]) -> Target:
        """The same with each text changed, in the order of the fields."""
        return Target(
            change(self.command),
            tuple(map(change, self.args)),
            tuple((name, change(value)) for name, value in self.env),
            change(self.cwd),
            change(self.url),
            tuple((name, change(value)) for name, value in self.headers),
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A server as its file has it, variables not filled in. ``folder`` is where that file stands."""

    name: str
    folder: str
    transport: Transport
    target: Target


def servers_for(folder: Path) -> Mapping[str, Server] | None:
    """The servers by name; None where there is no file.

    Raises:
        InvalidWorkflow: with every problem of the file.
    """
    file = _nearest(folder.absolute())
    return None if file is None else _read(file)


def _nearest(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return place / FILE
        if place == Path.home() or (place / ".git").exists():
            break
    return None


def _read(file: Path) -> Mapping[str, Server]:
    shown = os.path.relpath(file)
    text = read_text(Path(shown))
    data = parse(text, "json", shown)
    faults = list(_faults(data))
    if faults:
        raise InvalidWorkflow(sorted((_placed(text, shown, *fault) for fault in faults), key=in_file_order))
    return {name: _server(name, entry, file.parent) for name, entry in data["mcpServers"].items()}


def _placed(text: str, file: str, path: DataPath, message: str, hint: str) -> Problem:
    span = locate(text, "json").nearest(path)
    return problem_at(text, file, span.start if span else 0, "mcp-config", message, path=path, hint=hint)


def _faults(data: Any) -> Iterator[_Fault]:
    if not isinstance(data, dict) or not isinstance(data.get("mcpServers"), dict):
        at: DataPath = ("mcpServers",) if isinstance(data, dict) and "mcpServers" in data else ()
        yield at, "there is no map 'mcpServers'", 'write {"mcpServers": {"name": {"command": "…"}}}'
        return
    for name, entry in data["mcpServers"].items():
        path: DataPath = ("mcpServers", name)
        if isinstance(entry, dict):
            yield from _entry_faults(name, entry, path)
        else:
            yield path, f"server '{name}' is of type {type_name(entry)}, not a map", "give it a command, or a url"


def _entry_faults(name: str, entry: Mapping[str, Any], path: DataPath) -> Iterator[_Fault]:
    yield from _transport_faults(name, entry, path)
    for key in ("command", "cwd", "url"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            yield (*path, key), f"'{key}' of server '{name}' must be text", "put it in quotes"
    args = entry.get("args", [])
    if not isinstance(args, list):
        yield (*path, "args"), f"'args' of server '{name}' must be a list", 'put each argument into [ ]: ["-y", "…"]'
        args = []
    for index, value in enumerate(args):
        if not isinstance(value, str):
            yield (*path, "args", index), f"an argument of server '{name}' is of type {type_name(value)}", "quote it"
    for key in ("env", "headers"):
        yield from _map_faults(name, key, entry.get(key, {}), (*path, key))


def _transport_faults(name: str, entry: Mapping[str, Any], path: DataPath) -> Iterator[_Fault]:
    said = entry.get("type", entry.get("transport"))
    if said is not None and (not isinstance(said, str) or said not in _TRANSPORTS):
        key = "type" if "type" in entry else "transport"
        hint = did_you_mean(str(said), _TRANSPORTS, otherwise="one of: ")
        yield (*path, key), f"server '{name}' cannot be of type {said!r}", hint
        return
    wanted = "command" if said == "stdio" else "url" if said else "command or url"
    given = [key for key in ("command", "url") if key in entry and (said is None or key == wanted)]
    if not given:
        others = [key for key in entry if key not in _FIELDS]
        close = next((f"did you mean '{wanted.split(maxsplit=1)[0]}' by '{key}'?" for key in others if _meant(key)), "")
        hint = close or f"add {wanted}: a command to start, or the url of one that runs"
        yield path, f"server '{name}' has no {wanted}", hint
    elif len(given) > 1:
        yield path, f"server '{name}' has both a command and a url", "take one of them out"


def _meant(key: str) -> bool:
    return key.lower() in ("cmd", "comand", "commmand", "exec", "uri", "endpoint", "serverurl", "httpurl")


def _map_faults(name: str, key: str, value: Any, path: DataPath) -> Iterator[_Fault]:
    if not isinstance(value, dict):
        yield path, f"'{key}' of server '{name}' must be a map", f"write {{name: text}} for '{key}'"
        return
    for each, text in value.items():
        if not isinstance(text, str):
            message = f"'{each}' in '{key}' of server '{name}' is of type {type_name(text)}, not text"
            yield (*path, each), message, "put it in quotes"


def _server(name: str, entry: Mapping[str, Any], folder: Path) -> Server:
    said = entry.get("type", entry.get("transport"))
    transport = _TRANSPORTS[said] if said else "stdio" if "command" in entry else "http"
    return Server(name, str(folder), transport, _started(entry) if transport == "stdio" else _running(entry))


def _started(entry: Mapping[str, Any]) -> Target:
    args, env = tuple(entry.get("args", ())), tuple(entry.get("env", {}).items())
    return Target(entry["command"], args, env, entry.get("cwd", ""))


def _running(entry: Mapping[str, Any]) -> Target:
    return Target(url=entry["url"], headers=tuple(entry.get("headers", {}).items()))
