"""The pytest hooks, a line or two each.

Every pytest run of everyone who has this installed loads this module: nothing heavy is imported until a
workflow is collected or the fixture is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pflow_testkit.ledger import Ledger
from pflow_testkit.options import FOLDERS, HOST, KEY, OBSERVERS, STOPPED, WATCHERS
from pflow_testkit.options.coverage import add_coverage_options, read_coverage_options
from pflow_testkit.options.files import OutputFile, keep_apart
from pflow_testkit.options.flaky import KEY as FLAKY
from pflow_testkit.options.flaky import add_flaky_options, read_flaky_options
from pflow_testkit.options.fuzz import add_fuzz_options
from pflow_testkit.options.gate import GATE, add_gate_options, read_gate_options, wants_gate
from pflow_testkit.options.gate import KEY as GATE_OPTIONS
from pflow_testkit.options.mutation import KEY as MUTATION
from pflow_testkit.options.mutation import add_mutation_options, read_mutation_options
from pflow_testkit.options.report import add_report_options, read_report_options
from pflow_testkit.options.session import add_arguments, add_session_options, read_session_options
from pflow_testkit.options.stress import KEY as STRESS
from pflow_testkit.options.stress import MARKER, add_stress_options, read_stress_options

if TYPE_CHECKING:
    from pflow_testkit.clock import SkippingClock
    from pflow_testkit.faults import Faults
    from pflow_testkit.session import Pflow
    from pflow_testkit.snapshots import RunSnapshot
    from pflow_testkit.stress_items import Stress


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--pflow-workflows`` and its kin."""
    add_session_options(parser)
    add_stress_options(parser)
    add_gate_options(parser)
    add_coverage_options(parser)
    add_mutation_options(parser)
    add_flaky_options(parser)
    add_report_options(parser)
    add_fuzz_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; opt in to the folders."""
    config.addinivalue_line(
        "markers", "pflow_workflow(path): the workflow that pflow.run() runs in this test, as seen from its folder."
    )
    config.addinivalue_line("markers", MARKER)
    config.stash[KEY] = read_session_options(config)
    config.stash[HOST] = dict(os.environ)
    config.pluginmanager.register(Ledger(config), "pflow_ledger")
    _look_up_schedule(config)
    config.stash[GATE_OPTIONS] = read_gate_options(config)
    config.stash[WATCHERS], config.stash[OBSERVERS] = [], []
    files = [*config.stash[GATE_OPTIONS].files, *_count_coverage(config)]
    _count_mutants(config)
    keep_apart([*files, *_make_page(config)], config.stash[KEY])
    config.stash[FLAKY] = read_flaky_options(config)
    if config.stash[KEY].folders:
        add_arguments(config, config.stash[KEY])
    if wants_gate(config.stash[GATE_OPTIONS], config.stash[KEY]):
        from pflow_testkit.gate.session import open_gate  # noqa: PLC0415  # for start-up time

        open_gate(config)


def _look_up_schedule(config: pytest.Config) -> None:
    options = config.stash[STRESS] = read_stress_options(config)
    if options.replay is not None:
        from pflow_testkit.stress_items import replayed  # noqa: PLC0415  # for start-up time

        replayed(options)


def _count_coverage(config: pytest.Config) -> tuple[OutputFile, ...]:
    options = read_coverage_options(config)
    if options is None:
        return ()
    from pflow_testkit.coverage.session import CoverageSession  # noqa: PLC0415  # for start-up time

    config.pluginmanager.register(CoverageSession(config, options), "pflow_coverage")
    return options.files


def _count_mutants(config: pytest.Config) -> None:
    options = config.stash[MUTATION] = read_mutation_options(config)
    if options is not None:
        from pflow_testkit.mutation.session import MutationSession  # noqa: PLC0415  # for start-up time

        config.pluginmanager.register(MutationSession(options), "pflow_mutation")


def _make_page(config: pytest.Config) -> tuple[OutputFile, ...]:
    file = read_report_options(config)
    if file is None or config.stash[KEY].init:
        return ()
    from pflow_testkit.report.session import ReportSession  # noqa: PLC0415  # for start-up time

    config.pluginmanager.register(ReportSession(config, file.path), "pflow_report")
    return (file,)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which folders are opted in."""
    folders = [os.path.relpath(folder) for folder in config.stash[KEY].folders]
    return [f"pflow workflows: {', '.join(folders)}"] if folders else []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nothing that we keep beside tests is a test."""
    return True if collection_path.name in FOLDERS else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claim workflow files in opted-in folders."""
    if not parent.config.stash[KEY].claims(file_path):
        return None
    from pflow_testkit.collector import collect_file  # noqa: PLC0415  # for start-up time

    return collect_file(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the gate of workflows that are gone; leave out what comes out as it did."""
    gate = session.config.stash.get(GATE, None)
    if gate is None:
        return
    from pflow_testkit.collector import gate_of_removed  # noqa: PLC0415  # for start-up time

    items += [gate_of_removed(session, path) for path in gate.removed()]
    gate.deselect(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Under ``--pflow-init``, write case files instead of running tests."""
    if not session.config.stash[KEY].init:
        return None
    from pflow_testkit.first_case import write_first_cases  # noqa: PLC0415  # for start-up time

    return write_first_cases(session)


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    """Say the first difference of two runs, traces or batches."""
    if op != "==" or not (_is_ours(left) or _is_ours(right)):
        return None
    from pflow_testkit.assertions import explain  # noqa: PLC0415  # for start-up time

    return explain(left, right)


def _is_ours(side: Any) -> bool:
    if isinstance(side, dict):
        return "batch_metadata" in side or "trace_version" in side
    return type(side).__module__.startswith("pflow_engine")


@pytest.fixture
def trace_snapshot(request: pytest.FixtureRequest) -> RunSnapshot:
    """A snapshot of a run's trace: assert result == trace_snapshot."""
    from pflow_testkit.snapshots import run_snapshot  # noqa: PLC0415  # for start-up time

    return run_snapshot(request, "trace")


@pytest.fixture
def batch_snapshot(request: pytest.FixtureRequest) -> RunSnapshot:
    """A snapshot of the counts and the metadata of batches: assert result == batch_snapshot."""
    from pflow_testkit.snapshots import run_snapshot  # noqa: PLC0415  # for start-up time

    return run_snapshot(request, "batch_metadata")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remember of a test whether it came to its end, for the faults that it did not meet."""
    if call.when != "teardown":
        item.stash[STOPPED] = call.excinfo is not None


@pytest.fixture
def pflow_clock() -> SkippingClock:
    """The clock of workflows in this test: sleeping takes no time, but counts; pflow_clock.slept has the seconds."""
    from pflow_testkit.clock import SkippingClock  # noqa: PLC0415  # for start-up time

    return SkippingClock()


@pytest.fixture
def pflow_faults(request: pytest.FixtureRequest) -> Iterator[Faults]:
    """Let nodes fail, wait, hang or give spoilt outputs: pflow_faults.raises(node, text, item=…, attempt=…)."""
    from pflow_testkit.session import faults_of  # noqa: PLC0415  # for start-up time

    yield from faults_of(request)


@pytest.fixture
def pflow(request: pytest.FixtureRequest) -> Pflow:
    """Run pflow workflows: pflow.run(path_or_ir, inputs, stubs=…), pflow.stub(node, …), pflow.calls(node)."""
    from pflow_testkit.session import Pflow  # noqa: PLC0415  # for start-up time

    return Pflow(request)


@pytest.fixture
def stress(request: pytest.FixtureRequest) -> Stress:
    """Try schedules of threads until one breaks: stress.explore(fn, schedules=200, check=None)."""
    from pflow_testkit.stress_items import Stress  # noqa: PLC0415  # for start-up time

    return Stress(request)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a test marked ``pflow_stress`` under its schedules."""
    marker = pyfuncitem.get_closest_marker("pflow_stress")
    if marker is None or "stress" in pyfuncitem.fixturenames or hasattr(pyfuncitem, "case"):
        return None
    from pflow_testkit.stress_items import stress_test  # noqa: PLC0415  # for start-up time

    stress_test(pyfuncitem, marker)
    return True
