"""Workflow files to test items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pflow_engine.document.folder import CASE_FILE
from pflow_engine.document.load import form_of, load
from pflow_engine.document.model import Document
from pflow_engine.document.positions import texts_in
from pflow_engine.errors import PflowError, Problem, did_you_mean
from pflow_engine.nodes import Registry
from pflow_engine.store import INDEX, LLM_CALLS
from pflow_engine.templates import parse as parse_template
from pflow_engine.validation import find_problems
from pflow_testkit.cases import DEFAULTS, SUFFIX, Case, case_file_of, cases_in, load_case_file, stem_of
from pflow_testkit.cassettes import Cassette
from pflow_testkit.hooks import hooks_for
from pflow_testkit.items import WorkflowItem, said_by, text_of
from pflow_testkit.nested import files_below
from pflow_testkit.options import CASSETTES, KEY, Mode
from pflow_testkit.options.flaky import KEY as FLAKY
from pflow_testkit.options.fuzz import FuzzOptions, is_fuzzed
from pflow_testkit.options.gate import GATE
from pflow_testkit.options.mutation import KEY as MUTATION
from pflow_testkit.options.stress import is_stressed
from pflow_testkit.registry import registry_for, registry_for_cases
from pflow_testkit.runner import Ran, Ready, Setting, clock_of, prepare_case
from pflow_testkit.sandbox import hidden_from
from pflow_testkit.snapshots import accepting, case_snapshots
from pflow_testkit.storage import CASES, cassette_name, folder_of
from pflow_testkit.watching import Watch

if TYPE_CHECKING:
    from pflow_testkit.gate.gate import Gate

_STEMS: pytest.StashKey[dict[Path, set[str]]] = pytest.StashKey()
"""The workflows of a folder, by what they share with their case files."""


class PflowWarning(UserWarning):
    """A problem of a workflow that does not stop it."""


def collect_file(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a file, if by its name it may be a workflow or a case file."""
    if path.name.endswith(SUFFIX):
        return CaseFile.from_parent(parent, path=path)
    if _is_misnamed(path, parent.config):
        return MisnamedCaseFile.from_parent(parent, path=path)
    return WorkflowFile.from_parent(parent, path=path) if form_of(path) else None


class WorkflowFile(pytest.Module):
    """A JSON, YAML or Markdown file: its items if it is a workflow, none if it is not.

    A module to pytest, so that fixtures of module scope have something to live in; nothing is imported.
    """

    def _getobj(self) -> ModuleType:
        return ModuleType(stem_of(self.path))

    def collect(self) -> Iterator[pytest.Item]:
        """``validate``, and ``run[…]`` for each case.

        Raises:
            CollectError: the file, or the case file beside it, cannot be parsed.
        """
        try:
            self.document: Document = load(self.shown)
            beside = self._case_file()
            cases = self._cases(beside)
        except PflowError as error:
            if error.code == "no-nodes" and not _is_there(case_file_of(self.path)):
                return
            raise self.CollectError(text_of(error.problems)) from None
        self.config.stash.setdefault(CASES, {})[self.path] = cases
        yield _item(self, "validate", lambda request: _validate(request, self, cases))
        gate = self.config.stash.get(GATE, None)
        if gate is not None and gate.compares(self.path, self.document, cases):
            yield _item(self, "gate", lambda request: _gate(request, gate))
        for case in cases:
            yield _item(self, f"run[{case.name}]", _runner(self, case), case)
            if is_stressed(case, self.config):
                yield _item(self, f"stress[{case.name}]", _stresser(self, case), case)
            if self.config.stash[FLAKY]:
                yield _item(self, f"flaky[{case.name}]", _repeater(self, case), case)
        if self.config.stash[MUTATION] is not None:
            yield from self._mutants(cases, beside)
        written = beside.ir.get("fuzz") if beside is not None else None
        if is_fuzzed(written, self.config):
            from pflow_testkit.fuzz.items import FuzzItem  # noqa: PLC0415  # for start-up time

            yield FuzzItem.of(self, self.document, cases, FuzzOptions.of(written))

    def _mutants(self, cases: tuple[Case, ...], beside: Document | None) -> Iterator[pytest.Item]:
        from pflow_testkit.mutation.items import Mutants  # noqa: PLC0415  # for start-up time
        from pflow_testkit.mutation.sources import SOURCES, Source  # noqa: PLC0415  # same

        def setting(request: pytest.FixtureRequest, case: Case) -> Setting:
            return _replaying(request, self, case)

        source = Source(self.document, cases, beside, partial(_registry_of, self), setting)
        self.config.stash.setdefault(SOURCES, []).append(source)
        for name, test in Mutants(source).tests(registry_for_cases(self.config, self.path, self.document, cases)):
            yield _item(self, name, test)

    @cached_property
    def shown(self) -> str:
        """The file as people name it from where they stand."""
        return os.path.relpath(self.path)

    def _case_file(self) -> Document | None:
        path = case_file_of(self.path)
        return load_case_file(path, os.path.relpath(path)) if _is_there(path) else None

    def _cases(self, beside: Document | None) -> tuple[Case, ...]:
        written = cases_in(beside) if beside is not None else ()
        return written or ((Case(DEFAULTS),) if runs_by_itself(self.document) else ())


def gate_of_removed(session: pytest.Session, path: Path) -> WorkflowItem:
    """The item ``gate`` of a workflow that is gone."""
    gate, file = session.config.stash[GATE], WorkflowFile.from_parent(session, path=path)
    return _item(file, "gate", lambda request: _gate(request, gate))


class CaseFile(pytest.File):
    """A case file: its cases belong to the workflows beside it, but one without a workflow is a mistake."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing.

        Raises:
            CollectError: there is no workflow of its name.
        """
        stem, stems = self.path.name.removesuffix(SUFFIX), _stems_beside(self.path, self.config)
        if stem not in stems:
            message = f"there is no workflow '{stem}' beside this case file"
            hint = did_you_mean(stem, stems, otherwise="beside it: ")
            raise self.CollectError(str(Problem("case-file", message, hint=hint, file=os.path.relpath(self.path))))
        yield from ()


class MisnamedCaseFile(pytest.File):
    """A file beside a workflow whose name is almost that of its case file: its cases would never run."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing.

        Raises:
            CollectError: always, with the right name.
        """
        hint = f"rename it to {CASE_FILE.sub(SUFFIX, self.path.name)}"
        shown = os.path.relpath(self.path)
        raise self.CollectError(str(Problem("case-file", f"case files end with {SUFFIX}", hint=hint, file=shown)))


def _item(parent: WorkflowFile, name: str, test: Callable[..., None], case: Case | None = None) -> WorkflowItem:
    item: WorkflowItem = WorkflowItem.from_parent(parent, name=name, callobj=test)
    item.case = case
    return item


def runs_by_itself(document: Document) -> bool:
    """Whether a workflow runs without being given anything: every input has a default, every name is known."""
    ir = document.ir
    declared = ir.get("inputs", {})
    if declared:
        return isinstance(declared, dict) and all(
            isinstance(entry, dict) and ("default" in entry or entry.get("required") is False)
            for entry in declared.values()
        )
    nodes = ir.get("nodes")
    nodes = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    batches = [node["batch"] for node in nodes if isinstance(node.get("batch"), dict)]
    named = [node.get("id") for node in nodes] + [batch.get("as", "item") for batch in batches]
    known = {name for name in named if isinstance(name, str)} | {INDEX, LLM_CALLS}
    references = [reference for _, text in texts_in(nodes, ()) for reference in parse_template(text).references]
    return {path.root for reference in references for path in reference.paths()} <= known


def _validate(request: pytest.FixtureRequest, file: WorkflowFile, cases: tuple[Case, ...]) -> None:
    problems = _problems(request, file, cases)
    if any(problem.severity == "error" for problem in problems):
        pytest.fail(text_of(problems), pytrace=False)
    if problems and not _warned(request.node, PflowWarning(f"\n{text_of(problems)}")):
        pytest.fail(text_of(problems), pytrace=False)


def _problems(request: pytest.FixtureRequest, file: WorkflowFile, cases: tuple[Case, ...]) -> list[Problem]:
    try:
        registry = registry_for_cases(request.config, file.path, file.document, cases)
        registry.asks_outside = True
        return find_problems(file.document, registry)
    except PflowError as error:
        return list(error.problems)


def _warned(item: pytest.Item, warning: PflowWarning) -> bool:
    # Under "-W error" a warning is raised where it is given.
    try:
        item.warn(warning)
    except PflowWarning:
        return False
    return True


def _gate(request: pytest.FixtureRequest, gate: Gate) -> None:
    said = said_by(lambda: _judged(gate, request))
    if said:
        pytest.fail(said, pytrace=False)


def _judged(gate: Gate, request: pytest.FixtureRequest) -> str:
    said, stale = gate.judge(request)
    refused = stale and not _warned(request.node, PflowWarning(f"\n{text_of(stale)}"))
    return "\n\n".join(filter(None, [said, text_of(stale) if refused else ""]))


def _runner(file: WorkflowFile, case: Case) -> Callable[..., None]:
    def run(request: pytest.FixtureRequest, tmp_path: Path) -> None:
        said = said_by(lambda: _test(request, file, case, tmp_path))
        if said:
            pytest.fail(said, pytrace=False)

    return run


def _stresser(file: WorkflowFile, case: Case) -> Callable[..., None]:
    def run(request: pytest.FixtureRequest, tmp_path: Path) -> None:
        from pflow_testkit.stress_items import stress_case  # noqa: PLC0415  # for start-up time

        def stress() -> str:
            allowed, setting = _allowed(request, case), _replaying(request, file, case)
            stress_case(file.document, allowed, _registry_of(file), request, tmp_path, setting)
            return ""

        said = said_by(stress)
        if said:
            pytest.fail(said, pytrace=False)

    return run


def _repeater(file: WorkflowFile, case: Case) -> Callable[..., None]:
    def run(request: pytest.FixtureRequest, tmp_path: Path) -> None:
        from pflow_testkit.flaky.items import flaky_case  # noqa: PLC0415  # for start-up time

        def repeat() -> str:
            allowed, setting = _allowed(request, case), _replaying(request, file, case)
            prepare = partial(_prepared, request, file, setting)
            times, registry = request.config.stash[FLAKY], _registry_of(file)
            return flaky_case(file.document, allowed, registry, request, tmp_path, setting, prepare, times)

        said = said_by(repeat)
        if said:
            pytest.fail(said, pytrace=False)

    return run


def _test(request: pytest.FixtureRequest, file: WorkflowFile, case: Case, folder: Path) -> str:
    allowed, recording = _allowed(request, case), _recording(request, file, case)
    if case.expect.get("sound"):
        from pflow_testkit.fuzz.items import sound_case  # noqa: PLC0415  # for start-up time

        def again(plugin: object) -> Ready:
            return _prepared(request, file, _replaying(request, file, case), file.document, allowed, folder, plugin)

        first = partial(_prepared, request, file, recording, file.document, allowed, folder)
        ran = sound_case(allowed, first, again, folder)
    else:
        ran = _prepared(request, file, recording, file.document, allowed, folder).ran(folder)
    return "\n\n".join(filter(None, [ran.report(), _snapshots_said(request, case, ran)]))


def _allowed(request: pytest.FixtureRequest, case: Case) -> Case:
    return replace(case, live=request.config.stash[KEY].live or case.live)


def _prepared(  # noqa: PLR0913  # what a case is run with
    request: pytest.FixtureRequest,
    file: WorkflowFile,
    setting: Setting,
    document: Document,
    case: Case,
    folder: Path,
    *plugins: object,
) -> Ready:
    registry = _registry_of(file)
    for plugin in plugins:
        registry.plug(plugin)
    return prepare_case(document, case, registry, folder, request.getfixturevalue, setting)


def _recording(request: pytest.FixtureRequest, file: WorkflowFile, case: Case) -> Setting:
    return _setting(request, file, case, request.config.stash[KEY].record)


def _replaying(request: pytest.FixtureRequest, file: WorkflowFile, case: Case) -> Setting:
    # Of a mutant, a schedule or a run again nothing may reach out, and nothing be kept for the case.
    return _setting(request, file, case, "none")


def _setting(request: pytest.FixtureRequest, file: WorkflowFile, case: Case, mode: Mode) -> Setting:
    path = folder_of(CASSETTES, file.path) / cassette_name(case.name)
    cassette = Cassette(path, mode, os.path.relpath(path))
    hidden = None if cassette.records else hidden_from(request.config)
    hooks = hooks_for(request.config, file.path)
    return Setting(hooks, cassette, clock_of(request), hidden, Watch.of(request))


def _snapshots_said(request: pytest.FixtureRequest, case: Case, ran: Ran) -> str:
    if not ran.complete:
        return ""
    # A case that fails says nothing of what is right, so its snapshots are left as they are.
    snapshots = list(case_snapshots(request, case.name, case.snapshot, update=not ran.problems))
    said = [snapshot.said(missing=not ran.problems) for snapshot in snapshots if ran.result != snapshot]
    if not ran.problems and any(snapshot.is_missing for snapshot in snapshots):
        said.append(ran.summary())
    text = "\n\n".join(filter(None, said))
    return f"{text}\n{accepting(request.node)}" if text and not ran.problems else text


def _registry_of(file: WorkflowFile) -> Registry:
    return registry_for(file.config, file.path, *files_below(file.document))


def _is_misnamed(path: Path, config: pytest.Config) -> bool:
    # Beside batch.json, batch-test.json may be a workflow of its own: it is one if it has nodes.
    if not CASE_FILE.search(path.name) or CASE_FILE.sub("", path.name) not in _stems_beside(path, config):
        return False
    try:
        load(path)
    except PflowError:
        return True
    return False


def _stems_beside(path: Path, config: pytest.Config) -> set[str]:
    # Once for each folder: it may have thousands of case files.
    known, folder = config.stash.setdefault(_STEMS, {}), path.parent
    if folder not in known:
        files = [other for other in folder.iterdir() if form_of(other) and not other.name.endswith(SUFFIX)]
        known[folder] = {stem_of(other) for other in files}
    return known[folder]


def _is_there(path: Path) -> bool:
    # A link that leads nowhere is there: it is to be said that it leads nowhere.
    return path.exists() or path.is_symlink()
