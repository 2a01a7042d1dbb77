"""The MCP SDK, loaded when the first server is needed; or how to install it."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Final

from pflow_engine.errors import Problem, Unhealable

if TYPE_CHECKING:
    from pflow_engine.nodes.mcp.servers import Servers

_loading: Final = threading.Lock()
"""Over the filters of warnings, which are the process's: items of a parallel batch all come here first."""


def servers_class() -> type[Servers]:
    """The class that talks to servers.

    Raises:
        Unhealable: the SDK is not installed.
    """
    with _loading, warnings.catch_warnings():
        # What a library deprecates of another is nothing to a workflow, even where warnings are errors.
        warnings.simplefilter("ignore")
        try:
            from pflow_engine.nodes.mcp.servers import Servers  # noqa: PLC0415  # an extra, and 0.7 seconds
        except ImportError as error:
            message = f"MCP servers need the MCP SDK, which is not installed ({error})"
            raise Unhealable(Problem("mcp-missing", message, hint="pip install 'pflow-testkit[mcp]'")) from None
    return Servers
