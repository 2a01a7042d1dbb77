"""A workflow file and words ``NAME=VALUE`` to a run: its outputs on stdout, all else on stderr."""

from __future__ import annotations

import contextlib
import sys
from typing import Final

import click

from pflow_engine.batch.dask import DaskExecutor
from pflow_engine.cli.codes import DEGRADED, FAILED, INTERRUPTED, SUCCESS
from pflow_engine.cli.command import Command, json_option
from pflow_engine.cli.completing import inputs, node_ids, workflows
from pflow_engine.cli.plugins import known_types, named_plugins, send_by_value
from pflow_engine.cli.prepare import Prepared, prepare, prepare_node
from pflow_engine.cli.progress import bars, wants_progress
from pflow_engine.cli.streams import say, show, show_json
from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import load
from pflow_engine.formatting import format_success_as_text, outputs_as_text, problems_as_text, run_as_json
from pflow_engine.result import RunResult

_SECONDS: Final = 10
"""How long a scheduler may take to answer, before anything runs."""


@click.command(cls=Command)
@click.argument("file", shell_complete=workflows)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=inputs)
@json_option
@click.option(
    "--trace",
    "trace_file",
    metavar="FILE",
    type=click.Path(),
    help="Write the trace of the run there, whatever happens.",
)
@click.option("--only", "node", metavar="NODE", shell_complete=node_ids, help="Run that node alone.")
@click.option(
    "--from",
    "earlier",
    metavar="TRACE",
    type=click.Path(),
    help="With --only: an earlier run's trace has what it needs.",
)
@click.option("--dask", "scheduler", metavar="URL", help="Run parallel batches on the Dask cluster of that scheduler.")
@click.option("--allow-degraded", is_flag=True, help="Exit with 0 where some items of a batch failed.")
def run(file: str, values: tuple[str, ...], *, as_json: bool, allow_degraded: bool, **how: str | None) -> int:
    """Run the workflow FILE with inputs, and print its outputs.

    A value is read by the type that the input declares. NAME=@FILE takes the text of a file, NAME=@- what comes on
    stdin, NAME=@@x the text @x. An input that declares 'stdin' takes what is piped in.

    With --only, the outputs of the nodes before are given as NODE.OUTPUT=VALUE, or taken from an earlier trace.
    """
    prepared = _prepared(file, values, how["node"], how["earlier"])
    if not as_json:
        say(problems_as_text(prepared.flow.workflow.warnings))
    executor = _cluster(how["scheduler"]) if how["scheduler"] else None
    try:
        result = _run(prepared, executor, how["trace_file"], progress=not as_json and wants_progress())
    except KeyboardInterrupt:
        trace = how["trace_file"]
        say(f"interrupted; the trace is in {trace}" if trace else "interrupted")
        return INTERRUPTED
    _report(result, as_json=as_json)
    return _code(result, allow_degraded=allow_degraded)


def _prepared(file: str, values: tuple[str, ...], node: str | None, earlier: str | None) -> Prepared:
    if earlier and not node:
        raise click.UsageError("--from goes with --only: it gives a node what the nodes before it gave")
    registry = known_types()
    with contextlib.redirect_stdout(sys.stderr):  # a plugin may have something to say, and that is no result
        flow = compile_ir_to_flow(load(file), registry)
    return prepare(flow, values) if node is None else prepare_node(flow, values, node, earlier, registry)


def _cluster(scheduler: str) -> DaskExecutor:
    # Asked now: a cluster that is not there would be a failure of the first batch.
    DaskExecutor(scheduler, timeout=_SECONDS)(1).shutdown()
    send_by_value(named_plugins())
    return DaskExecutor(scheduler)


def _run(prepared: Prepared, executor: DaskExecutor | None, trace_file: str | None, *, progress: bool) -> RunResult:
    # What a node prints is no result.
    with bars(shown=progress) as on_event, contextlib.redirect_stdout(sys.stderr):
        return prepared.flow.run(
            prepared.inputs,
            upstream=prepared.upstream,
            executor=executor,
            on_event=on_event,
            trace_file=trace_file,
        )


def _report(result: RunResult, *, as_json: bool) -> None:
    if as_json:
        show_json(run_as_json(result))
        return
    say(format_success_as_text(result))
    show(outputs_as_text(result))


def _code(result: RunResult, *, allow_degraded: bool) -> int:
    if result.status == "degraded":
        return SUCCESS if allow_degraded else DEGRADED
    return FAILED if result.status == "failed" else SUCCESS
