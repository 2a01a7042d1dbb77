"""A tool's name and arguments, to an Answer. Nothing here knows of the protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema

from pflow_engine.clock import CancelToken
from pflow_engine.compiler import compile_ir_to_flow
from pflow_engine.document.load import from_text, load
from pflow_engine.document.model import Document
from pflow_engine.errors import InvalidInput, InvalidWorkflow, PflowError, Problem, did_you_mean
from pflow_engine.formatting import (
    describe_as_json,
    describe_as_text,
    format_success_as_text,
    mermaid,
    outputs_as_text,
    problems_as_json,
    problems_as_text,
    run_as_json,
)
from pflow_engine.mcp_server import schemas
from pflow_engine.mcp_server.answer import Answer, refused
from pflow_engine.mcp_server.effects import refuse_effects
from pflow_engine.mcp_server.pytest_run import run_tests
from pflow_engine.nodes.registry import Registry
from pflow_engine.result import RunResult
from pflow_engine.validation import find_problems, validate

Arguments = Mapping[str, Any]

_NOT_THERE: Final = frozenset({"unreadable", "file-type"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what it is told to be, the schemas of what it takes and gives, and what does it.

    ``reads`` says that it changes nothing.
    """

    description: str
    takes: Mapping[str, Any]
    gives: Mapping[str, Any]
    run: Callable[[Arguments, CancelToken, Registry], Answer]
    reads: bool = False

    def seconds(self, arguments: Arguments) -> float | None:
        """How long a call may take; None where there is no limit to it."""
        declared = self.takes["properties"].get("timeout")
        limit = declared and arguments.get("timeout", declared["default"])
        return limit if isinstance(limit, int | float) else None


def answer(name: str, arguments: Arguments, cancel: CancelToken, plugins: Iterable[Any] = ()) -> Answer:
    """Call a tool. What is wrong with the call, or the workflow, is an answer, too; so is a mistake of ours.

    ``plugins`` bring node types beside those of installed ones.
    """
    try:
        return _tool(name, arguments).run(arguments, cancel, Registry.default(plugins))
    except PflowError as error:
        return refused(error)
    except Exception as error:  # noqa: BLE001  # an agent can do nothing with a traceback
        message = f"{type(error).__name__}: {error}. This is a mistake of pflow-testkit"
        return refused(PflowError(Problem("internal", message, hint="please report it")))


def _tool(name: str, arguments: Arguments) -> Tool:
    tool = TOOLS.get(name)
    if tool is None:
        raise InvalidInput(Problem("unknown-tool", f"there is no tool '{name}'", hint=did_you_mean(name, TOOLS)))
    problems = list(_argument_problems(tool, arguments))
    if problems:
        raise InvalidInput(problems)
    return tool


def _argument_problems(tool: Tool, arguments: Arguments) -> Iterator[Problem]:
    known = tool.takes["properties"]
    for name in arguments:
        if name not in known:
            yield Problem("argument", f"unknown argument '{name}'", hint=did_you_mean(name, known))
    for name in tool.takes["required"]:
        if name not in arguments:
            yield Problem("argument", f"the argument '{name}' is missing", hint=known[name].get("description", ""))
    for name, schema in known.items():
        if name in arguments:
            errors = jsonschema.Draft202012Validator(schema).iter_errors(arguments[name])
            yield from (Problem("argument", f"argument '{name}': {error.message}") for error in errors)


def _validate(arguments: Arguments, _cancel: CancelToken, registry: Registry) -> Answer:
    if ("path" in arguments) == ("text" in arguments):
        raise InvalidInput(Problem("argument", "give a path or a text, and not both", hint="path names a file"))
    try:
        problems = find_problems(_document(arguments), registry)
    except InvalidWorkflow as error:
        if error.code in _NOT_THERE:
            raise
        problems = list(error.problems)
    text = problems_as_text(problems) or f"{arguments.get('path', 'the text')}: no problems"
    return Answer((text,), {"problems": problems_as_json(problems)})


def _document(arguments: Arguments) -> Document:
    return (
        from_text(arguments["text"], arguments.get("form", "json")) if "text" in arguments else load(arguments["path"])
    )


def _describe(arguments: Arguments, _cancel: CancelToken, registry: Registry) -> Answer:
    workflow = validate(load(arguments["path"]), registry)
    text = f"{describe_as_text(workflow, registry)}\n\n{mermaid(workflow)}"
    return Answer((text,), describe_as_json(workflow, registry))


def _run(arguments: Arguments, cancel: CancelToken, registry: Registry) -> Answer:
    workflow = validate(load(arguments["path"]), registry)
    refuse_effects(workflow, registry, arguments.get("allow_effects", []))
    flow = compile_ir_to_flow(workflow, registry)
    seconds = TOOLS["workflow_run"].seconds(arguments)
    assert seconds is not None
    late = threading.Timer(min(seconds, threading.TIMEOUT_MAX), cancel.cancel)
    late.daemon = True
    late.start()
    try:
        return _ran(flow.run(arguments.get("inputs", {}), cancel=cancel), seconds if cancel.cancelled else None)
    finally:
        late.cancel()


def _ran(result: RunResult, stopped: float | None) -> Answer:
    failed = result.status == "failed"
    late = f"stopped, since it took longer than {stopped:g}s" if failed and stopped is not None else ""
    texts = late, format_success_as_text(result), outputs_as_text(result)
    return Answer(tuple(filter(None, texts)), run_as_json(result), failed=failed)


def _test(arguments: Arguments, cancel: CancelToken, _registry: Registry) -> Answer:
    try:
        load(arguments["path"])
    except InvalidWorkflow as error:
        if error.code in _NOT_THERE:
            raise  # what is wrong with the file itself pytest tells as its outcome
    seconds = TOOLS["workflow_test"].seconds(arguments)
    assert seconds is not None
    return run_tests(arguments["path"], arguments.get("case"), seconds, cancel)


TOOLS: Final[Mapping[str, Tool]] = {
    "workflow_validate": Tool(
        "Find every problem of a workflow, each with its place and the likely fix. Runs nothing.",
        schemas.VALIDATE,
        schemas.PROBLEMS,
        _validate,
        reads=True,
    ),
    "workflow_describe": Tool(
        "Tell what a workflow takes, gives and does, with its chart in Mermaid's language. Runs nothing.",
        schemas.DESCRIBE,
        schemas.DESCRIBED,
        _describe,
        reads=True,
    ),
    "workflow_run": Tool(
        "Run a workflow with inputs. Nodes that reach for files, processes, the network or a model are refused, "
        "unless allow_effects names what they reach for.",
        schemas.RUN,
        schemas.RAN,
        _run,
    ),
    "workflow_test": Tool(
        "Run a workflow's tests: that it is valid, and each case of its case file (NAME.test.yaml), with the "
        "stubs that stand there in place of what reaches out.",
        schemas.TEST,
        schemas.TESTED,
        _test,
    ),
}
