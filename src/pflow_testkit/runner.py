"""A case and its workflow to a run, and to what is wrong with it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.clock import Clock
from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.model import Document, Workflow
from pflow_engine.document.positions import Path as DataPath
from pflow_engine.document.positions import path_text
from pflow_engine.errors import InvalidInput, Problem, did_you_mean
from pflow_engine.flow import Flow
from pflow_engine.formatting import format_success_as_text, problem_without_secrets, problems_as_text
from pflow_engine.nodes import Registry
from pflow_engine.result import RunResult
from pflow_engine.trace import strict_json
from pflow_engine.validation import validate
from pflow_engine.wrappers import NodeSpec
from pflow_testkit.cases import SUFFIX, Case, InvalidCase
from pflow_testkit.cases.places import env_faults, file_faults, injection_faults
from pflow_testkit.cassettes import Cassette, Miss, Privacy, Tape
from pflow_testkit.clock import SkippingClock
from pflow_testkit.expectations import FIXTURE, differences
from pflow_testkit.faults import Faults
from pflow_testkit.hooks import STUB, UserHooks
from pflow_testkit.nested import may_be_in, nodes_in, records_of
from pflow_testkit.normalise import canonical_text
from pflow_testkit.sandbox import own_place, own_places
from pflow_testkit.stubs import CallLog, StandIns, example_stub, stub_problems, stubs_of_folder
from pflow_testkit.watching import Watch

FixtureValue = Callable[[str], Any]
_MOST_OUTPUTS = 600


@dataclass(frozen=True)
class Ran:
    """A case that ran: its result, the calls of its nodes, and what did not come out as expected."""

    result: RunResult
    problems: tuple[Problem, ...]
    complete: bool
    hooks: UserHooks

    def report(self) -> str:
        """What the failure shows: each difference with its place in the case file, then the run. No secrets."""
        if not self.problems:
            return ""
        said = problems_as_text(self._safe())
        text = f"{said}\n\n{format_success_as_text(self.result)}" if self.complete else said
        return str(self.hooks.redact(text))

    def in_short(self) -> str:
        """The first line of each problem. No secrets."""
        return str(self.hooks.redact("\n".join(str(problem).splitlines()[0] for problem in self._safe())))

    def _safe(self) -> list[Problem]:
        redact = self.result.trace.redactor() if self.problems else str
        return [problem_without_secrets(problem, redact) for problem in self.problems]

    def summary(self) -> str:
        """What ran, and the outputs of the run. No secrets."""
        outputs = canonical_text(self.result.trace.to_dict()["outputs"])
        text = f"{format_success_as_text(self.result)}\noutputs: {_cut(outputs)}"
        return str(self.hooks.redact(text))


@dataclass(frozen=True)
class Setting:
    """What a test brings to a run beside its case. Without a ``clock``, nothing in the run really waits.

    ``hidden`` are variables of the environment that the run does not see; None if something in it may reach out.
    ``watch`` has those who are told of each run that ended.
    """

    hooks: UserHooks = field(default_factory=UserHooks)
    cassette: Cassette | None = None
    clock: Clock | None = None
    hidden: tuple[str, ...] | None = ()
    watch: Watch = field(default_factory=Watch)

    def tape(self, folder: Path) -> Tape | None:
        """The cassette for one run in ``folder``, if the test has one."""
        return self.cassette.tape(Privacy(self.hooks, own_places(folder))) if self.cassette else None


def _cut(text: str) -> str:
    return text.rstrip() if len(text) <= _MOST_OUTPUTS else f"{text[:_MOST_OUTPUTS]}…"


def clock_of(request: pytest.FixtureRequest) -> Clock:
    """The clock of a test: what its fixture ``pflow_clock`` gives, ours or one of the user's.

    Raises:
        pytest.fail.Exception: that is no clock.
    """
    clock: Clock = request.getfixturevalue("pflow_clock")
    if all(callable(getattr(clock, name, None)) for name in ("now", "today", "sleep", "within")):
        return clock
    said = f"the fixture pflow_clock gives {type(clock).__name__}, which is no clock (now, today, sleep, within)"
    pytest.fail(said, pytrace=False)


def run_flow(flow: Flow, inputs: Any, tape: Tape | None, **options: Any) -> RunResult:
    """Run a flow, on a cassette if there is one, which keeps what was recorded even if the run is interrupted.

    Raises:
        InvalidInput: the inputs do not fit.
        InvalidCassette: what was recorded until the interrupt cannot be kept.
    """
    if tape is None:
        return flow.run(inputs, **options)
    defaults = {name: declared.default for name, declared in flow.workflow.inputs.items()}
    tape.learn("", strict_json({**defaults, **(inputs or {})}))
    try:
        return flow.run(inputs, **options)
    except BaseException:
        tape.cut_short()
        raise


@dataclass(frozen=True)
class Ready:
    """A case that can be run, any number of times one after the other."""

    flow: Flow
    case: Case
    setting: Setting
    log: CallLog
    faults: Faults
    tape: Tape | None

    @property
    def hidden(self) -> tuple[str, ...] | None:
        """The variables that a run does not see; None where it may reach out, and sees what its user has."""
        return None if self.case.live else self.setting.hidden

    def begin(self, work: Path) -> None:
        """Write the files of the case into its working folder, and forget what was called before."""
        self.log.clear()
        for name, content in self.case.files.items():
            _write(work / name, content)

    def run(self, folder: Path, **options: Any) -> RunResult:
        """Run it in its own folder, home and environment. ``options`` are those of ``Flow.run``.

        Raises:
            InvalidCase: its inputs do not fit the workflow.
        """
        with own_place(folder, self.case.env, self.hidden) as work:
            self.begin(work)
            try:
                options = {"clock": self.setting.clock or SkippingClock(), **options}
                options, tell = self.setting.watch.begin(options, self.setting.hooks.redact)
                result = run_flow(self.flow, self.case.inputs, self.tape, **options)
            except InvalidInput as error:
                raise InvalidCase([_in_case(self.case, problem) for problem in error.problems]) from None
        self.faults.after(result.trace.nodes)
        tell(result)
        return result

    def ran(self, folder: Path) -> Ran:
        """Run it, and hold the result against what the case expects.

        Raises:
            InvalidCase: its inputs do not fit the workflow.
            InvalidCassette: what was recorded cannot be kept.
        """
        return self.judged(self.run(folder))

    def judged(self, result: RunResult) -> Ran:
        """Hold a result against what the case expects.

        Raises:
            InvalidCassette: what was recorded cannot be kept.
        """
        found = [*_unexpected(self.case, result), *_unmet(self.case, self.faults)]
        given_up = bool(found) and self.tape is not None and self.tape.cassette.give_up()
        misses = self.tape.finish(result.trace.redactor()) if self.tape else ()
        kept_out = [*(_not_stubbed(self.case, spec) for spec in self.log.blocked), *_missed(self.case, misses)]
        # Where a node was kept from running, what came after it says nothing.
        found = kept_out or [*found, *([_given_up(self.case)] if given_up else [])]
        file = self.flow.workflow.document.file
        named = tuple(problem if problem.file else replace(problem, file=file) for problem in found)
        return Ran(result, named, not kept_out, self.setting.hooks)


def prepare_case(  # noqa: PLR0913  # what a case is run with
    document: Document,
    case: Case,
    registry: Registry,
    folder: Path,
    fixture: FixtureValue,
    setting: Setting,
) -> Ready:
    """Fill in fixtures, put in stubs, faults and the cassette, and compile.

    Raises:
        InvalidWorkflow: the workflow has problems.
        InvalidCase: the case does not fit the workflow.
    """
    log = CallLog()
    case = _with_fixtures(case, fixture)
    own = set(case.stubs)
    case = replace(case, stubs=stubs_of_folder(case.stubs, setting.hooks, document, registry))
    faults, tape = Faults.of(case.faults), setting.tape(folder)
    stand_ins = StandIns(case.stubs, case.live, log, document, faults, tape)
    registry.plug(stand_ins)
    registry.asks_outside = stand_ins.reaches_out
    workflow = validate(document, registry)
    problems = [*_misfits(case, workflow, registry, own), *_fault_misfits(case, faults, workflow, registry)]
    if problems:
        raise InvalidCase(problems)
    return Ready(compile_ir_to_flow(workflow, registry), case, setting, log, faults, tape)


def _with_fixtures(case: Case, fixture: FixtureValue) -> Case:
    filled = {name: _filled(getattr(case, name), fixture) for name in ("inputs", "files", "env", "stubs", "faults")}
    return replace(case, **filled)


def _filled(value: Any, fixture: FixtureValue) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {FIXTURE}:
            return fixture(str(value[FIXTURE]))
        return {key: _filled(item, fixture) for key, item in value.items()}
    return [_filled(item, fixture) for item in value] if isinstance(value, list) else value


def _misfits(case: Case, workflow: Workflow, registry: Registry, own: set[str]) -> Iterator[Problem]:
    for section, faults in (("files", file_faults(case.files)), ("env", env_faults(case.env))):
        for path, message, hint in faults:
            yield case.problem(f"bad-{section}".removesuffix("s"), message, (section, *path), hint=hint, key=True)
    for path, message, hint in stub_problems(case.stubs, workflow, registry):
        if path and path[0] not in own:
            yield Problem("bad-stub", f"what {STUB} gives for node '{path[0]}': {message}", hint=hint)
            continue
        yield case.problem("bad-stub", message, ("stubs", *path), hint=hint, key=True)
    placed = list(nodes_in(workflow))
    if "batch_metadata" in case.snapshot and not any(each.node.batch for each in placed):
        at: DataPath = ("snapshot", list(case.snapshot).index("batch_metadata"))
        yield case.problem("no-batch", "the workflow has no batch to keep the metadata of", at, hint="take it out")
    ids = [each.path for each in placed]
    live = case.live if isinstance(case.live, tuple) else ()
    named: list[tuple[DataPath, str]] = [(("live", index), name) for index, name in enumerate(live)]
    named += [(("expect", "nodes", name), name) for name in case.expect.get("nodes", {})]
    named += [(("expect", "order", index), name) for index, name in enumerate(case.expect.get("order", []))]
    for path, name in named:
        if name not in ids and not may_be_in(workflow, name, registry):
            hint = did_you_mean(name, ids, otherwise="the nodes: ")
            yield case.problem("unknown-node", f"the workflow has no node '{name}'", path, hint=hint, key=True)


def _fault_misfits(case: Case, faults: Faults, workflow: Workflow, registry: Registry) -> Iterator[Problem]:
    for path, message, hint in (*injection_faults(case.faults), *faults.misfits(workflow, registry)):
        yield case.problem("bad-fault", message, ("faults", *path), hint=hint, key=True)


def _in_case(case: Case, problem: Problem) -> Problem:
    # The engine names the place of the declaration; what has to be mended is the case.
    name = problem.path.rpartition("inputs.")[2] or problem.message.rpartition("input '")[2].partition("'")[0]
    path: DataPath = ("inputs", name) if name in case.inputs else ("inputs",) if case.inputs else ("name",)
    return case.problem(problem.code, problem.message, path, hint=problem.hint, key=True)


def _write(target: Path, content: Any) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    target.write_text(text, encoding="utf-8")


def _unexpected(case: Case, result: RunResult) -> Iterator[Problem]:
    expected = case.expect
    # What is sound may end any way, unless the case says which.
    usual = result.status if expected.get("sound") else "success"
    wanted = expected.get("status", "failed" if "error" in expected else usual)
    if result.status != wanted:
        hint = "" if "status" in expected else f"if that is right, expect: {{status: {result.status}}}"
        message = f"the run is {result.status}, expected {wanted}"
        yield case.problem("status", message, ("expect", "status"), hint=hint)
    yield from _compared(case, expected.get("outputs", {}), result.outputs, ("outputs",), "outputs")
    for node_id, outputs in expected.get("nodes", {}).items():
        yield from _node(case, node_id, outputs, result)
    ran = [node.id for node in result.trace.nodes]
    if "order" in expected and expected["order"] != ran:
        message = f"the nodes ran in the order {', '.join(ran)}; expected {', '.join(expected['order'])}"
        yield case.problem("order", message, ("expect", "order"))
    yield from _error(case, expected, result)


def _unmet(case: Case, faults: Faults) -> Iterator[Problem]:
    for path, message, hint in faults.unmet_faults():
        yield case.problem("unmet-fault", message, ("faults", *path), hint=hint)


def _compared(case: Case, expected: Any, actual: Any, path: DataPath, what: str) -> Iterator[Problem]:
    for difference in differences(expected, actual):
        place = what + _tail(difference.path)
        message = f"{place} is {difference.got}, expected {difference.expected}"
        yield case.problem("difference", message, ("expect", *path, *difference.path))


def _node(case: Case, node_id: str, expected: Any, result: RunResult) -> Iterator[Problem]:
    path: DataPath = ("expect", "nodes", node_id)
    runs = [run for found in records_of(result.trace.nodes, node_id) for run in found]
    if not runs:
        ran = ", ".join(node.id for node in result.trace.nodes)
        yield case.problem("not-run", f"node '{node_id}' did not run (ran: {ran})", path, key=True)
        return
    # Of a nested workflow there is no store any more.
    left = runs[-1].outputs if "/" in node_id else result.store.get(node_id)
    for difference in differences(expected, left):
        what = path_text(difference.path) or "what it left"
        where = f"node '{node_id}'{_item(difference.path)}"
        message = f"{where}: {what} is {difference.got}, expected {difference.expected}"
        yield case.problem("difference", message, (*path, *difference.path))


def _item(path: DataPath) -> str:
    return f", item {path[1]}" if len(path) > 1 and path[0] in ("results", "errors") else ""


def _error(case: Case, expected: Mapping[str, Any], result: RunResult) -> Iterator[Problem]:
    if "error" not in expected or result.error is None:
        return
    wanted, said = expected["error"], result.error.summary
    if isinstance(wanted, str):
        if wanted not in said:
            message = f"the error does not contain {wanted!r}; it is: {said}"
            yield case.problem("error", message, ("expect", "error"))
    else:
        yield from _compared(case, wanted, said, ("error",), "the error")


def _not_stubbed(case: Case, spec: NodeSpec) -> Problem:
    stub = example_stub(spec)
    if case.file is None:
        first = f"cases:\n  - name: {case.name}\n"
        others = "run with --pflow-live, or record it with --pflow-record=once"
        hint = f"write a case file beside the workflow, NAME{SUFFIX} (or {others}):\n"
        paste = first + textwrap.indent(stub, "    ")
    else:
        others = f"live: [{spec.path}], --pflow-live, or --pflow-record=once to record it"
        hint = f"add this to the case (or {others}):\n"
        paste = stub
    return case.problem("not-stubbed", reaches_out(spec), hint=hint + textwrap.indent(paste, "    "))


def reaches_out(spec: NodeSpec) -> str:
    """What a test is told whose node reaches out without a stub."""
    effect = {"network": "the network", "model": "a model"}[spec.interface.effects]
    return f"node '{spec.path}' ({spec.type}) reaches for {effect}, and there is no stub for it"


def _given_up(case: Case) -> Problem:
    message = "the cassette was left as it was, since the case fails"
    hint = "mend the case, or take the cassette away first if it is to be made of this run"
    return case.problem("cassette", message, ("name",), hint=hint)


def _missed(case: Case, misses: Iterable[Miss]) -> Iterator[Problem]:
    for miss in misses:
        yield case.problem("no-recording", miss.message, ("name",), hint=miss.hint)


def _tail(path: DataPath) -> str:
    text = path_text(path)
    return text if not text or text.startswith("[") else f".{text}"
