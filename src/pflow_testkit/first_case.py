"""A workflow to its first case file, and its first snapshot.

A workflow that reaches for nothing is run twice with example inputs: how it ended is what the case expects, and its
trace the first snapshot, unless the two runs differ. Of one that reaches out the case has the stubs to fill.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from pflow_engine.copying import copy_data
from pflow_engine.document.load import load
from pflow_engine.document.model import Document, Workflow
from pflow_engine.errors import InvalidWorkflow, PflowError, Problem
from pflow_engine.nodes import NodeType, Registry
from pflow_engine.trace import write_text
from pflow_engine.validation import validate
from pflow_testkit.cases import Case, case_file_of
from pflow_testkit.changes import first_in_words, trace_changes
from pflow_testkit.clock import SkippingClock
from pflow_testkit.expectations import is_matcher
from pflow_testkit.hooks import UserHooks, hooks_for
from pflow_testkit.nested import Placed, files_below, nodes_in, nodes_written
from pflow_testkit.normalise import canonical_text
from pflow_testkit.options import KEY, TRACES
from pflow_testkit.registry import registry_for
from pflow_testkit.runner import Ran, Setting, prepare_case
from pflow_testkit.sandbox import own_places
from pflow_testkit.snapshots.seen import Seen
from pflow_testkit.storage import folder_of, snapshot_name
from pflow_testkit.stubs import CallLog, StandIns, outputs_to_stub, reaches_outside, stubs_of_folder

NAME: Final = "example"
_EXAMPLES: Final[dict[str, Any]] = {
    "string": "example", "integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}
}  # fmt: skip
_BY_NAME: Final[dict[str, Any]] = {"status_code": 200}
_MOST_SHOWN: Final = 2000
"""Characters of outputs that are written into the case as expectations."""


@dataclass(frozen=True)
class FirstCase:
    """A case as it will stand in its file; what to say of it, and its first snapshot if it has one."""

    fields: dict[str, Any]
    notes: tuple[str, ...] = ()
    snapshot: str = ""
    comments: tuple[str, ...] = ()


def write_first_cases(session: pytest.Session) -> bool:
    """``--pflow-init``: write the case files, say what was done, and run nothing."""
    config = session.config
    said: list[str] = []
    for path in config.stash[KEY].init:
        try:
            said += write_first_case(config, load(os.path.relpath(path)), path)
        except (PflowError, OSError) as error:
            reason = str(error) if isinstance(error, PflowError) else f"{error.filename}: {error.strerror}"
            said += [reason, f"no case file was written for {os.path.relpath(path)}"]
            session.testsfailed += 1
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.section("pflow first cases", sep="-")
        reporter.write("".join(f"{line}\n" for line in said))
    return True


def write_first_case(config: pytest.Config, document: Document, path: Path) -> list[str]:
    """Write the case file of a workflow; gives what to tell the user.

    Raises:
        PflowError: the workflow has problems, or a case file is there already. Nothing is written then.
    """
    target = case_file_of(path)
    shown = os.path.relpath(target)
    if target.exists() or target.is_symlink():
        hint = "add to it by hand, or take it away first"
        raise InvalidWorkflow(Problem("case-file", "there is a case file already", hint=hint, file=shown))
    case = _first_case(config, document, path)
    write_text(target, _as_yaml(case))
    said = [f"wrote {shown}", *case.notes]
    if case.snapshot:
        kept = folder_of(TRACES, path) / snapshot_name(NAME, "trace")
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, case.snapshot)
        said.insert(1, f"wrote {os.path.relpath(kept)}")
    return said


def _first_case(config: pytest.Config, document: Document, path: Path) -> FirstCase:
    hooks = hooks_for(config, path)
    registry = registry_for(config, path, *files_below(document))
    stubs = stubs_of_folder({}, hooks, document, registry)
    registry.plug(StandIns(stubs, True, CallLog(), document))
    for each in nodes_written(document):
        registry.excuse(each.type)  # what reaches out is given a stub
    workflow = validate(document, registry)
    inputs = _example_inputs(workflow)
    to_fill = dict(_stubs_to_fill(workflow, registry, stubs))
    fields: dict[str, Any] = {"name": NAME, **({"inputs": inputs} if inputs else {})}
    if to_fill:
        return _to_be_filled(fields, to_fill, workflow)
    runs = [_ran(config, document, path, Case(NAME, inputs=inputs), hooks) for _ in range(2)]
    return _of_runs(fields, runs, workflow)


def _example_inputs(workflow: Workflow) -> dict[str, Any]:
    needed = {name: declared for name, declared in workflow.inputs.items() if declared.required}
    return {
        name: copy_data(_EXAMPLES.get(declared.type, f"example {name}"))
        for name, declared in needed.items()
        if not declared.has_default
    }


def _stubs_to_fill(
    workflow: Workflow, registry: Registry, stubs: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, node, _ in nodes_in(workflow):
        kind = registry.get(node.type)
        if kind is not None and reaches_outside(kind.interface) and path not in stubs:
            yield path, _example_outputs(kind)


def _example_outputs(kind: NodeType) -> dict[str, Any]:
    outputs = outputs_to_stub(kind.interface).items()
    return {name: _BY_NAME.get(name, copy_data(_EXAMPLES.get(word, "example"))) for name, word in outputs}


def _to_be_filled(fields: dict[str, Any], stubs: dict[str, Any], workflow: Workflow) -> FirstCase:
    placed = [each for each in nodes_in(workflow) if each.path in stubs]
    lines = [f"  {_place(each)} ({each.node.type}): {', '.join(stubs[each.path])}" for each in placed]
    notes = ["fill in what these nodes would give, then run pytest with --snapshot-update:", *lines]
    comment = "Fill in the stubs: what each node would have given. Then take the snapshot with --snapshot-update."
    return FirstCase({**fields, "stubs": stubs, "snapshot": ["trace"]}, tuple(notes), comments=(comment,))


def _place(placed: Placed) -> str:
    workflow = placed.workflow
    problem = workflow.document.problem("", "", (*workflow.node_path(placed.node.id), "id"))
    line = f":{problem.position.line}" if problem.position else ""
    return f"{workflow.document.file}{line}  {placed.path}"


def _ran(
    config: pytest.Config, document: Document, path: Path, case: Case, hooks: UserHooks
) -> tuple[Ran, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        registry = registry_for(config, path, *files_below(document))
        setting = Setting(hooks, clock=SkippingClock())
        ran = prepare_case(document, case, registry, place, _no_fixture, setting).ran(place)
        seen = Seen(hooks, own_places(place), ran.result.trace.to_dict(), workflow=ran.result.workflow)
        return ran, seen.canonical()


def _no_fixture(name: str) -> Any:
    raise PflowError(Problem("fixture", f"there is no fixture '{name}' here"))


def _of_runs(fields: dict[str, Any], runs: list[tuple[Ran, dict[str, Any]]], workflow: Workflow) -> FirstCase:
    (ran, before), (_, now) = runs
    result, changes = ran.result, trace_changes(before, now, workflow)
    expect: dict[str, Any] = {"status": result.status}
    if (
        result.status == "success"
        and not changes
        and _may_be_expected(result.outputs, result.trace.to_dict()["outputs"])
    ):
        expect["outputs"] = result.outputs
    notes = [] if result.status == "success" else [f"with these inputs the run is {result.status}: {_why(ran)}"]
    if changes:
        notes.append(f"two runs differ, so there is no snapshot: {first_in_words(changes)}")
        notes.append(
            "what may differ is taken out by pflow_testkit_normalise in a conftest.py; then add snapshot: [trace]"
        )
        return FirstCase({**fields, "expect": expect}, tuple(notes))
    snapshot = {**fields, "expect": expect, "snapshot": ["trace"]}
    return FirstCase(snapshot, tuple(notes), canonical_text(now))


def _why(ran: Ran) -> str:
    return ran.result.error.summary if ran.result.error else "some items failed"


def _may_be_expected(outputs: Mapping[str, Any], shown: Any) -> bool:
    # Small data of JSON without secrets, matchers and places of the run, which the expectation would not match.
    text = canonical_text(shown)
    plain = outputs == shown and not _has_matchers(outputs)
    return bool(outputs) and plain and len(text) <= _MOST_SHOWN and tempfile.gettempdir() not in text


def _has_matchers(value: Any) -> bool:
    if isinstance(value, Mapping):
        return is_matcher(value) or any(map(_has_matchers, value.values()))
    return isinstance(value, list) and any(map(_has_matchers, value))


def _as_yaml(case: FirstCase) -> str:
    comments = "".join(f"# {line}\n" for line in case.comments)
    written = yaml.safe_dump(
        {"cases": [case.fields]}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110
    )
    return comments + written
