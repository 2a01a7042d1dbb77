"""A command line to a process's end: ``pflow-testkit``.

What is heavy (rich, Dask, the MCP SDK) is imported where a sub-command needs it: help and completion are quick.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from pflow_engine.cli.codes import FAILED, INTERRUPTED, TOLD
from pflow_engine.cli.completing import python_files
from pflow_engine.cli.completion import completion
from pflow_engine.cli.convert import convert
from pflow_engine.cli.describe import describe, nodes
from pflow_engine.cli.mcp import mcp
from pflow_engine.cli.plugins import PluginName
from pflow_engine.cli.run import run
from pflow_engine.cli.streams import keep_streams, say
from pflow_engine.cli.validate import validate

PROGRAM = "pflow-testkit"


@click.group(epilog=TOLD, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-p",
    "--plugin",
    "plugins",
    type=PluginName(),
    multiple=True,
    metavar="NAME",
    envvar="PFLOW_PLUGINS",
    show_envvar=True,
    shell_complete=python_files,
    help="A module, or a .py file such as flows/conftest.py, that brings node types. Repeatable.",
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM)
def command(plugins: tuple[str, ...]) -> None:  # sub-commands ask for what they need of them
    """Run, check, describe and convert pflow workflow files."""


for _each in (run, validate, describe, nodes, convert, mcp, completion):
    command.add_command(_each)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    keep_streams()
    sys.exit(ended(arguments))


def ended(arguments: Sequence[str] | None = None) -> int:
    """The exit code of a command line. No user sees a traceback."""
    try:
        code: int = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # a bug of ours, or of the system's: a line says more than a traceback
        say(_unexpected(error))
        return FAILED
    return code


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno != errno.EBADF:
        return f"error: {error.filename or 'the system'}: {(error.strerror or str(error)).lower()}"
    at = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(at.filename).name}:{at.lineno}"
    return f"error: {type(error).__name__} at {where}: {error}\nThis is a mistake of {PROGRAM}: please report it."
