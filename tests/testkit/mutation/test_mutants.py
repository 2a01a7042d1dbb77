"""Which changes are mutants: the quick verdict is that of a whole validation, whatever the operator."""

import json
import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pflow_engine import InvalidWorkflow, Registry
from pflow_engine.document.folder import is_workflow_name
from pflow_engine.document.load import from_data, load
from pflow_engine.validation import Sound, find_problems
from pflow_testkit.cases import case_file_of, load_cases
from pflow_testkit.mutation.model import Subject, edited
from pflow_testkit.mutation.mutants import mutants_of
from pflow_testkit.mutation.operators import OPERATORS
from pflow_testkit.stubs import CallLog, StandIns

DEMO = Path(__file__).parents[2] / "workflows"


FILES = [path.name for path in sorted(DEMO.iterdir()) if path.is_file() and is_workflow_name(path)]


def _registry(document):
    registry, cases = Registry.default(), case_file_of(Path(document.file))
    runpy.run_path(str(DEMO / "conftest.py"))["pflow_register_nodes"](registry)
    registry.asks_outside = False
    for case in load_cases(cases, str(cases)) if cases.exists() else ():
        registry.plug(StandIns(case.stubs, True, CallLog(), document))
    return registry


def _verdicts(document, registry):
    sound = Sound(document, registry)
    for name, operator in OPERATORS.items():
        for idea in operator(Subject(document.ir, registry)):
            ir = edited(document.ir, idea.edits)
            whole = find_problems(replace(document, ir=ir), registry)
            yield name, idea, sound.stays_sound(ir), not any(problem.severity == "error" for problem in whole)


def long_workflow(count):
    """A workflow of many nodes: echoes, batches, a process that may fail, and a loop."""
    return {
        "inputs": {"topic": {"type": "string", "default": "x"}, "other": {"type": "string", "default": "y"}},
        "nodes": [_node(number) for number in range(count)],
        "edges": [*_edges(count)],
        "outputs": {"last": {"source": f"${{n{count - 1}.text}}"}, "both": {"source": "${n0.text} ${other}"}},
    }


def _node(number):
    before = f"${{n{number - 1}.text}}" if number else "${topic}"
    match number % 10:
        case 5:
            batch = {"items": [before, 2], "parallel": True, "max_retries": 2, "retry_wait": 1}
            return {"id": f"n{number}", "type": "echo", "params": {"text": "${item}", "x": before}, "batch": batch}
        case 6:
            params = {"text": f"${{n{number - 1}.results[0].text ?? topic}}", "n": 3}
        case 7:
            return {"id": f"n{number}", "type": "shell", "params": {"command": "true", "stdin": before}}
        case 8:
            params = {"text": f"${{n{number - 1}.stdout}}"}
        case _:
            params = {"text": f"{before} step", "more": {"limit": number, "on": True}, "list": [1, 2, before]}
    return {"id": f"n{number}", "type": "echo", "params": params}


def _edges(count):
    yield from ({"from": f"n{number}", "to": f"n{number + 1}"} for number in range(count - 1))
    for number in range(7, count - 3, 10):
        yield {"from": f"n{number}", "to": f"n{number + (3 if number % 20 == 7 else -3)}", "action": "error"}


@pytest.mark.parametrize("name", FILES)
def test_demo_verdicts(name):
    """Each change that any operator makes of a workflow of the demo is judged as by a whole validation."""
    document = load(DEMO / name)
    found = list(_verdicts(document, _registry(document)))
    assert [] == [(operator, idea.path) for operator, idea, quick, whole in found if quick != whole]
    assert any(quick for _, _, quick, _ in found)


def test_long_verdicts():
    """The same of a workflow of many nodes, where each operator that has something to change is asked often."""
    document = from_data(long_workflow(40))
    found = list(_verdicts(document, _registry(document)))
    assert [] == [(operator, idea.path) for operator, idea, quick, whole in found if quick != whole]
    assert {True, False} == {quick for _, _, quick, _ in found}
    assert Counter(operator for operator, *_ in found).keys() >= {"drop-node", "swap-neighbours", "other-source"}


def test_shared_parts():
    """A mutant shares with the workflow what it does not change, and leaves the workflow as it was."""
    document = from_data(long_workflow(10))
    before = json.dumps(document.ir)
    mutants = [mutant for mutant in mutants_of(document, Registry.default()) if mutant.operator == "change-number"]
    assert before == json.dumps(document.ir)
    assert [9] * len(mutants) == [
        sum(one is other for one, other in zip(mutant.ir["nodes"], document.ir["nodes"], strict=True))
        for mutant in mutants
    ]


def test_unsound_has_none():
    """A workflow that is not sound has no mutant, not even one that would mend it."""
    ir = long_workflow(3)
    ir["nodes"][1]["params"]["list"] = "${nope.x}"
    with pytest.raises(InvalidWorkflow, match="nope"):
        list(mutants_of(from_data(ir), Registry.default()))
