"""Cases, marked tests and the fixture to explorations, and what they found to failures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.document.model import Document
from pflow_engine.flow import Flow
from pflow_engine.nodes import Registry
from pflow_engine.result import RunResult
from pflow_testkit.cases import Case, InvalidCase
from pflow_testkit.options import rerun_command
from pflow_testkit.options.stress import KEY, StressOptions
from pflow_testkit.runner import Ready, prepare_case
from pflow_testkit.runner import Setting as CaseSetting
from pflow_testkit.sandbox import emptied, own_place
from pflow_testkit.stress import Exploration, Plan, Token
from pflow_testkit.stress.exploring import explored
from pflow_testkit.stress.flows import explore_flow
from pflow_testkit.stress.running import Setting
from pflow_testkit.stress.scope import Scope, seen_from

_PLAN = ("schedules", "strategy", "depth", "seed", "budget")
_SETTING = ("granularity", "include")
_CHOICES = {"strategy": ("pct", "random", "threads"), "granularity": ("opcode", "line", "hook")}
_THROUGH = (pytest.skip.Exception,)
_BAR_STEPS = 20


class Stress:
    """What the fixture ``stress`` is: explores schedules of code outside of workflows, or of a workflow."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._item: pytest.Item = request.node

    def explore(
        self, fn: Callable[[], Any], *, check: Callable[[Any], None] | None = None, **options: Any
    ) -> Exploration:
        """Call ``fn`` under schedule after schedule; fail the test with the report of the first that breaks it.

        ``fn`` makes what its threads share, starts them and waits for them. ``options`` are those of the marker
        ``pflow_stress``.
        """
        __tracebackhide__ = True
        plan, rest = _settled(options, self._item)
        setting = Setting(fn, rest["granularity"], Scope(rest["include"]), check, _THROUGH)
        return _passed(explored(setting, plan, _progress(self._item, plan)), self._item)

    def explore_flow(self, flow: Flow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Exploration:
        """The same for the items of a compiled workflow, held to what it comes to when they run one by one."""
        __tracebackhide__ = True
        check = options.pop("check", None)
        plan, rest = _settled(options, self._item)
        progress = _progress(self._item, plan)
        return _passed(
            explore_flow(flow, inputs, plan=plan, check=check, through=_THROUGH, on_progress=progress, **rest),
            self._item,
        )


def stress_test(item: pytest.Function, marker: pytest.Mark) -> None:
    """Run a test that is marked ``pflow_stress``: its body once for each schedule."""
    __tracebackhide__ = True
    if marker.args:
        pytest.fail("@pytest.mark.pflow_stress takes its options by name: pflow_stress(schedules=200)", pytrace=False)
    names = item._fixtureinfo.argnames  # noqa: SLF001  # as pytest's own pytest_pyfunc_call
    work = partial(item.obj, **{name: item.funcargs[name] for name in names})
    plan, rest = _settled(dict(marker.kwargs), item)
    setting = Setting(work, rest["granularity"], Scope(rest["include"]), None, _THROUGH)
    _passed(explored(setting, plan, _progress(item, plan)), item)


def stress_case(  # noqa: PLR0913  # what a case is run with
    document: Document,
    case: Case,
    registry: Registry,
    request: pytest.FixtureRequest,
    folder: Path,
    setting: CaseSetting,
) -> None:
    """Run a case under its schedules, and hold each result to what it expects.

    Raises:
        InvalidWorkflow, InvalidCase, InvalidInput: as when it is run once.
    """
    __tracebackhide__ = True
    ready = prepare_case(document, case, registry, folder, request.getfixturevalue, setting)
    item = request.node
    options = dict(ready.case.stress) if isinstance(ready.case.stress, Mapping) else {}
    if wrong := _wrong(options):
        raise InvalidCase(case.problem("bad-stress", wrong, ("stress", "budget")))
    plan, rest = _settled(options, item)
    progress = _progress(item, plan)
    with seen_from(os.getcwd()), own_place(folder, ready.case.env, ready.hidden) as work:  # noqa: PTH109  # text, no path

        def afresh() -> dict[str, Any]:
            # Each schedule finds the files of the case, and no others.
            emptied(work)
            ready.begin(work)
            return {}

        found = explore_flow(
            ready.flow,
            ready.case.inputs,
            plan=plan,
            check=partial(_check, ready),
            options=afresh,
            through=_THROUGH,
            on_progress=progress,
            **rest,
        )
    _passed(found, item)


def _check(ready: Ready, result: RunResult) -> None:
    said = ready.judged(result).in_short()
    if said:
        raise AssertionError(said)


def replayed(options: StressOptions) -> Token | None:
    """The schedule that the command line names, if any.

    Raises:
        pytest.UsageError: it names none.
    """
    try:
        return None if options.replay is None else Token.parse(options.replay)
    except ValueError as error:
        raise pytest.UsageError(f"--pflow-schedule: {error}") from None


def _settled(options: dict[str, Any], item: pytest.Item) -> tuple[Plan, dict[str, Any]]:
    # What the command line says counts more than what the test says.
    __tracebackhide__ = True
    session: StressOptions = item.config.stash[KEY]
    marker = item.get_closest_marker("pflow_stress")
    given = {**(marker.kwargs if marker is not None else {}), **options}
    wrong = _wrong(given)
    if wrong:
        pytest.fail(wrong, pytrace=False)
    plan = Plan(**{name: given[name] for name in _PLAN if given.get(name) is not None and name != "budget"})
    plan = replace(plan, budget=seconds_of(given.get("budget")))
    plan = replace(plan, schedules=session.schedules or plan.schedules)
    plan = replace(plan, seed=plan.seed if session.seed is None else session.seed)
    plan = replace(plan, replay=replayed(session))
    include: Sequence[str] = given.get("include") or ()
    return plan, {"granularity": given.get("granularity") or "opcode", "include": include}


def _wrong(given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        if name not in (*_PLAN, *_SETTING):
            return f"pflow_stress has no option '{name}'; it has {', '.join((*_PLAN, *_SETTING))}"
        choices = _CHOICES.get(name)
        if choices and value is not None and value not in choices:
            return f"pflow_stress: {name} is one of {', '.join(choices)}, not {value!r}"
    try:
        seconds_of(given.get("budget"))
    except ValueError as error:
        return f"pflow_stress: {error}"
    return ""


def seconds_of(budget: Any) -> float | None:
    """Seconds of a budget: ``10``, ``"10s"``, ``"500ms"``, ``"2m"``.

    Raises:
        ValueError: it is none.
    """
    if budget is None or (isinstance(budget, int | float) and not isinstance(budget, bool)):
        return budget
    text = str(budget).strip()
    for unit, seconds in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return float(number) * seconds
    raise ValueError(f"budget is a time like 10s, 500ms or 2m, not {budget!r}")


def _passed(exploration: Exploration, item: pytest.Item) -> Exploration:
    __tracebackhide__ = True
    item.user_properties.append(("pflow_schedules", str(exploration.schedules)))
    for warning in exploration.warnings if exploration.found is None else ():
        _warn(item, warning)
    if exploration.plan.budget is not None or exploration.found is None:
        item.add_report_section("call", "pflow stress", exploration.summary)
    if exploration.found is not None:
        item.user_properties.append(("pflow_schedule", str(exploration.found.token)))
        pytest.fail(exploration.found.report(rerun_command(item)), pytrace=False)
    return exploration


def _warn(item: pytest.Item, text: str) -> None:
    __tracebackhide__ = True
    try:
        item.warn(pytest.PytestWarning(text))
    except pytest.PytestWarning:
        # Under "-W error" a warning is raised where it is given.
        pytest.fail(text, pytrace=False)


def _progress(item: pytest.Item, plan: Plan) -> Callable[[int, int], None] | None:
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty or reporter.verbosity < 1:
        return None
    step = max(plan.schedules // _BAR_STEPS, 1)

    def tell(done: int, total: int) -> None:
        if done % step == 0:
            reporter.rewrite(f"{item.nodeid} {done}/{total} schedules ")

    return tell
