"""A sub-command's call to its exit code: what is wrong with files and inputs is told in one way."""

from __future__ import annotations

from typing import Any

import click

from pflow_engine.cli.codes import INTERRUPTED, code_of
from pflow_engine.cli.plugins import likely_plugins
from pflow_engine.cli.streams import say, show_problems
from pflow_engine.errors import PflowError
from pflow_engine.formatting import problems_as_text


class Command(click.Command):
    """A command that gives an exit code. Where it was asked for JSON, its problems are JSON on stdout."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except PflowError as error:
            if ctx.params.get("as_json"):
                show_problems(error.problems, as_json=True)
            else:
                say(problems_as_text(error.problems))
                say(likely_plugins(error.problems))
            return code_of(error)
        except KeyboardInterrupt:
            trace = ctx.params.get("trace_file")
            say(f"interrupted; the trace is in {trace}" if trace else "interrupted")
            return INTERRUPTED


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
