"""Python code and its inputs to its result.

It runs in a process of its own, always: a thread that runs too long cannot be stopped, and what it prints
cannot be told from what other threads print.
"""

from __future__ import annotations

import keyword
import pickle
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.builtin.outputs import STREAMS, leave, text_output
from pflow_engine.nodes.builtin.params import TIMEOUT, read_params
from pflow_engine.nodes.builtin.process import Ended, Launch, run_group
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import Store

_RUNNER: Final = str(Path(__file__).with_name("code_runner.py"))


class Code(Node):
    """Runs Python code; what it sets ``result`` to is the output."""

    interface: ClassVar[Interface] = Interface(
        params={
            "code": Param("string", required=True, description="Python that sets 'result'"),
            "inputs": Param("object", description="variables of the code"),
            "timeout": TIMEOUT,
        },
        outputs={"result": "any", **STREAMS, "error": "string"},
        actions=("default", "error"),
        effects="process",
    )

    def prep(self, _shared: Store) -> dict[str, Any]:
        """The params, checked; ``job`` is what the runner reads."""
        given = read_params(self.interface, self.params)
        return {**given, "job": pickle.dumps((sys.path, given["code"])) + _pickled(given["inputs"] or {})}

    def exec(self, prep_result: dict[str, Any]) -> dict[str, Any]:
        """The outputs of the code."""
        with tempfile.TemporaryFile() as told:
            command = (sys.executable, _RUNNER, str(told.fileno()))
            launch = Launch(command, stdin=prep_result["job"], pass_fds=(told.fileno(),))
            ended = run_group(launch, prep_result["timeout"], self.context.cancel)
            told.seek(0)
            return _outputs(ended, told.read())

    def post(self, shared: Store, _prep_result: dict[str, Any], exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)


def _pickled(inputs: Mapping[str, Any]) -> bytes:
    problems = [problem for name in inputs for problem in _name_problems(name)]
    if problems:
        raise Unhealable(problems)
    try:
        return pickle.dumps(dict(inputs))
    except Exception as error:  # whatever __reduce__ raises means: it cannot be pickled
        raise Unhealable([*_value_problems(inputs)]) from error


def _name_problems(name: Any) -> Iterator[Problem]:
    if not (isinstance(name, str) and name.isidentifier()) or keyword.iskeyword(name):
        hint = "name it like a Python variable: letters, digits and _"
        yield Problem("param-type", f"input '{name}' of the code is no Python name", hint=hint)


def _value_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    for name, value in inputs.items():
        try:
            pickle.dumps(value)
        except Exception as error:  # noqa: BLE001  # as above
            message = f"input '{name}' of type {type(value).__name__} cannot be handed to the code: {error}"
            yield Problem("param-type", message, hint="give it plain data: text, numbers, lists, maps")


def _outputs(ended: Ended, told: bytes) -> dict[str, Any]:
    outcome = pickle.loads(told) if told else {}  # noqa: S301  # from our runner, as trusted as the workflow
    return {
        **text_output("stdout", ended.stdout),
        **text_output("stderr", ended.stderr + outcome.get("traceback", "").encode()),
        **_result(ended, outcome),
    }


def _result(ended: Ended, outcome: dict[str, Any]) -> dict[str, Any]:
    if ended.stopped:
        return {"error": ended.stopped}
    if not outcome:
        return {"error": f"the code ended its process, with exit code {ended.exit_code}"}
    if "error" in outcome:
        return {"error": outcome["error"]}
    try:
        return {"result": pickle.loads(outcome["result"])}  # noqa: S301  # as above
    except Exception as error:  # noqa: BLE001  # a class that only the code knows fails here, each in its own way
        kind = outcome["type"]
        return {"error": f"the result of type {kind} cannot be handed on: {error}; make it plain data"}
