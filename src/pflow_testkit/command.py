"""The command ``pflow-testkit`` to the engine's command line.

Outside the engine's package: importing that takes some tenths of a second, in which Ctrl-C would show a traceback.
"""

from __future__ import annotations

import sys
from typing import Final, NoReturn

_INTERRUPTED: Final = 130


def main() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    try:
        from pflow_engine.cli import main as run  # noqa: PLC0415  # that is what may be interrupted

        run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201  # what else would say it is not there yet
        sys.exit(_INTERRUPTED)
