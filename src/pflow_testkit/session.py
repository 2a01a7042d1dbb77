"""What the fixtures are: workflows run from Python tests, with the same stubs, faults and rules as case files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import from_data, load
from pflow_engine.document.model import Document, Workflow
from pflow_engine.errors import InvalidWorkflow, PflowError, Problem, did_you_mean
from pflow_engine.flow import Flow
from pflow_engine.result import RunResult
from pflow_engine.validation import validate
from pflow_engine.wrappers import NodeSpec
from pflow_testkit.cassettes import Cassette
from pflow_testkit.expectations import Fault
from pflow_testkit.faults import Faults
from pflow_testkit.hooks import UserHooks, failing_in_words, hooks_for
from pflow_testkit.nested import files_below, nodes_in
from pflow_testkit.options import CASSETTES, KEY, STOPPED
from pflow_testkit.registry import registry_for
from pflow_testkit.runner import Setting, clock_of, reaches_out, run_flow
from pflow_testkit.sandbox import hidden_from, own_place
from pflow_testkit.storage import cassette_name, folder_of
from pflow_testkit.stubs import CallLog, NodeCall, StandIns, outputs_to_stub, stub_problems, stubs_of_folder
from pflow_testkit.watching import Watch

_Made = TypeVar("_Made")
Source = str | os.PathLike[str] | Mapping[str, Any] | Document


class Pflow:
    """Runs workflows in a test. Network and model nodes must be stubbed, unless ``live``.

    Runs take place in ``folder``, empty unless the test puts files there, with a home of their own.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.folder = Path(request.getfixturevalue("tmp_path")) / "pflow" / "work"
        self.folder.mkdir(parents=True)
        self._config: pytest.Config = request.config
        self._path: Path = request.node.path
        self._default = _marked_workflow(request.node.get_closest_marker("pflow_workflow"))
        self._setting = _setting(request)
        self._faults: Faults = request.getfixturevalue("pflow_faults")
        self._stubs: dict[str, Any] = {}
        self._log = CallLog()
        self._nodes: set[str] = set()

    def stub(self, node: str, outputs: Any = None, /, **named: Any) -> None:
        """Let outputs stand in for a node (by id, or ``type:NAME``) in every later run of this test.

        As in a case file: a dict of outputs, or a list of rules with ``when``, ``attempts`` and ``raises``.

        Raises:
            TypeError: outputs are given both ways.
        """
        if outputs is not None and named:
            raise TypeError(f"pflow.stub('{node}', …) takes a dict of outputs or outputs by name, not both")
        self._stubs[node] = named if outputs is None else outputs

    def load(self, source: Source | None = None) -> Workflow:
        """A validated workflow: a path (as seen from the test's folder or the current one), or an IR.

        Raises:
            InvalidWorkflow: with every problem.
        """
        __tracebackhide__ = True
        document = _plainly(lambda: self._document(source))
        stand_ins = StandIns(self._stubs, live=False, log=CallLog(), document=document, faults=self._faults)
        return _plainly(lambda: self._compiled(document, stand_ins, self._setting_for(document).hooks)).workflow

    def run(
        self,
        source: Source | None = None,
        inputs: Mapping[str, Any] | None = None,
        *,
        stubs: Any = None,
        faults: Sequence[Mapping[str, Any]] = (),
        live: bool = False,
        **options: Any,
    ) -> RunResult:
        """Run a workflow; ``source`` may be left out under ``@pytest.mark.pflow_workflow(path)``.

        ``stubs`` maps nodes to what stands in for them, as ``stub`` takes it, for this run only. ``faults`` are those
        of this run, as a case file writes them and ``strategies.faults_for`` makes them: one may go unmet.
        ``options`` are those of ``Flow.run``: ``executor``, ``clock``, ``on_event``, ``cancel``, ``trace_file``.
        Without a ``clock`` it is that of ``pflow_clock``: nothing really waits.

        Raises:
            InvalidWorkflow: the workflow has problems, or a stub or a fault does not fit it.
            InvalidInput: the inputs do not fit.
            pytest.fail.Exception: a node that reaches out has no stub; the message has one to paste.
        """
        __tracebackhide__ = True
        log = CallLog()
        # What is no map of stubs goes on as it is, and is refused with the rest that does not fit.
        standing_in: Any = {**self._stubs, **(stubs or {})} if isinstance(stubs, Mapping | None) else stubs
        may_reach_out = live or self._config.stash[KEY].live
        document = _plainly(lambda: self._document(source))
        setting = self._setting_for(document)
        tape = setting.tape(self.folder.parent)
        of_run = _plainly(lambda: self._faults.behind(faults))
        stand_ins = StandIns(standing_in, may_reach_out, log, document, of_run, tape)
        flow = _plainly(lambda: self._compiled(document, stand_ins, setting.hooks))
        hidden = None if may_reach_out or (tape and tape.cassette.records) else hidden_from(self._config)
        with own_place(self.folder.parent, {}, hidden):
            options, tell = setting.watch.begin({"clock": setting.clock, **options}, setting.hooks.redact)
            result = _plainly(lambda: run_flow(flow, inputs, tape, **options))
        self._faults.after(result.trace.nodes)
        tell(result)
        self._log.extend(log)
        missed = _plainly(lambda: tape.finish(result.trace.redactor()) if tape else ())
        if log.blocked or missed:
            more = [f"{miss.message}\n{miss.hint}" for miss in missed]
            pytest.fail("\n".join([*map(_not_stubbed, log.blocked), *more]), pytrace=False)
        return result

    def calls(self, node: str) -> list[NodeCall]:
        """Every call of a node in this test: its params, and in a batch its item, index and attempt.

        Raises:
            InvalidWorkflow: no workflow that ran has such a node.
        """
        __tracebackhide__ = True
        if node not in self._nodes and not self._log.calls(node):
            hint = did_you_mean(node, self._nodes, otherwise="the nodes: ")
            raise InvalidWorkflow(Problem("unknown-node", f"no workflow that ran has a node '{node}'", hint=hint))
        return self._log.calls(node)

    def _setting_for(self, document: Document) -> Setting:
        # The hooks of the workflow's folder hold as well as those of the test's.
        return replace(self._setting, hooks=failing_in_words(lambda: hooks_for(self._config, *self._paths(document))))

    def _paths(self, document: Document) -> tuple[Path, ...]:
        return self._path, Path(document.file).absolute(), *files_below(document)

    def _compiled(self, document: Document, stand_ins: StandIns, hooks: UserHooks) -> Flow:
        registry = registry_for(self._config, *self._paths(document))
        stubs = stubs_of_folder(stand_ins.stubs, hooks, document, registry)
        registry.plug(replace(stand_ins, stubs=stubs))
        registry.asks_outside = stand_ins.reaches_out
        workflow = validate(document, registry)
        self._nodes.update(each.path for each in nodes_in(workflow))
        misfits = _misfits("stub", stub_problems(stubs, workflow, registry))
        faults = stand_ins.faults.misfits(workflow, registry)
        misfits += _misfits("fault", ((path[1:], message, hint) for path, message, hint in faults))
        if misfits:
            raise InvalidWorkflow(misfits)
        return compile_ir_to_flow(workflow, registry)

    def _document(self, source: Source | None) -> Document:
        if source is None and self._default is None:
            hint = "name one, or mark the test with @pytest.mark.pflow_workflow('path')"
            raise InvalidWorkflow(Problem("no-workflow", "pflow.run was given no workflow", hint=hint))
        given = self._default if source is None else source
        if isinstance(given, Document):
            return given
        if isinstance(given, str | os.PathLike):
            beside, here = self._path.parent / given, Path(given)
            return load(os.path.relpath(here if here.exists() and not beside.exists() else beside))
        assert given is not None
        return from_data(given)


def _setting(request: pytest.FixtureRequest) -> Setting:
    item, record = request.node, request.config.stash[KEY].record
    name = item.nodeid.partition("::")[2].replace("::", ".")
    path = folder_of(CASSETTES, item.path) / cassette_name(name, space=" ")
    cassette = failing_in_words(lambda: Cassette(path, record, os.path.relpath(path)))
    return Setting(cassette=cassette, clock=clock_of(request), watch=Watch.of(request))


def faults_of(request: pytest.FixtureRequest) -> Iterator[Faults]:
    """The faults of a test, which fails in the end if one was never met and nothing else went wrong.

    Raises:
        pytest.fail.Exception: with each that was not, and why.
    """
    faults = Faults()
    yield faults
    unmet = [str(Problem("unmet-fault", message, hint=hint)) for _, message, hint in faults.unmet_faults()]
    if unmet and not request.node.stash.get(STOPPED, False):
        pytest.fail("\n".join(unmet), pytrace=False)


def _plainly(work: Callable[[], _Made]) -> _Made:
    # A mistake of the test's is shown at the test's own line, not deep in the engine.
    __tracebackhide__ = True
    try:
        return work()
    except PflowError as error:
        raise error.with_traceback(None) from error.__cause__


def _not_stubbed(spec: NodeSpec) -> str:
    stub = ", ".join(f"{name}=…" for name in outputs_to_stub(spec.interface))
    others = "live=True, --pflow-live, or --pflow-record=once to record it"
    fix = f"add this before the run (or {others}):\n    pflow.stub('{spec.path}', {stub})"
    return f"{reaches_out(spec)}\n{fix}"


def _marked_workflow(marker: pytest.Mark | None) -> str | None:
    if marker is None:
        return None
    if len(marker.args) != 1 or marker.kwargs:
        said = "@pytest.mark.pflow_workflow takes one path: @pytest.mark.pflow_workflow('triage.json')"
        pytest.fail(said, pytrace=False)
    return str(marker.args[0])


def _misfits(what: str, faults: Iterable[Fault]) -> list[Problem]:
    return [Problem(f"bad-{what}", message, ".".join(map(str, path)), hint) for path, message, hint in faults]
