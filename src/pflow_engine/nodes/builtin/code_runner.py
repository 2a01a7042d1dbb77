"""A job on standard input to an outcome on the descriptor that the first argument names, both pickled.

Run as a script by the code node, in a process of its own. Whatever it imports, each run of a code node waits
for: so it imports next to nothing (not even typing), and nothing of this package. The job is two pickles, since the
first has the path by which classes in the second are found: ``(sys.path, code)``, then the inputs.
"""

from __future__ import annotations

import _ast as ast  # the parser's own half of ast, which is there already
import _pickle as pickle  # the half of pickle that is fast to import
import os
import sys

_FILE = "<code>"
_CONTAINERS = {"list": list, "dict": dict}


def main(descriptor: int) -> None:
    """Run the job. The outcome has ``result`` (pickled) and its ``type``, or ``error`` and maybe ``traceback``."""
    os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        # By line, so that what was printed before a kill is there.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]  # nobody has replaced them yet
    outcome = _outcome()
    with open(descriptor, "wb") as told:
        told.write(pickle.dumps(outcome))


def _outcome() -> dict[str, object]:
    sys.path[:], source = pickle.load(sys.stdin.buffer)
    sys.argv[:] = [_FILE]
    try:
        inputs = pickle.load(sys.stdin.buffer)
    except Exception as error:  # noqa: BLE001  # classes that are not found here fail each in its own way
        return {"error": f"the inputs cannot be read in the code's process: {_said(error)}"}
    try:
        variables = _run(source, inputs)
    except BaseException as error:  # noqa: BLE001  # SystemExit too is a failure of the code, not of the workflow
        return {"error": f"{_said(error)}{_line(error)}", "traceback": _traceback(error, source)}
    if "result" not in variables:
        return {"error": "the code set no 'result'"}
    return _handed_on(variables["result"])


def _run(source: str, inputs: dict[str, object]) -> dict[str, object]:
    tree = compile(source, _FILE, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    # The code is __main__: classes and functions that it defines are looked up there, by dataclasses and pools.
    module = sys.modules["__main__"] = type(sys)("__main__")
    variables = vars(module)
    variables.update(inputs)
    for name, kind in _annotated(tree):
        variables.update(_parsed(name, kind, inputs.get(name)))
    exec(compile(tree, _FILE, "exec", dont_inherit=True), variables)  # noqa: S102  # what this node is for
    return variables


def _annotated(tree: ast.Module) -> list[tuple[str, type]]:
    # Declarations alone: `data: list = …` assigns, and may well be what parses the text.
    found: list[tuple[str, type]] = []
    for line in tree.body:
        if isinstance(line, ast.AnnAssign) and line.value is None and isinstance(line.target, ast.Name):
            word = line.annotation.value if isinstance(line.annotation, ast.Subscript) else line.annotation
            if isinstance(word, ast.Name) and word.id in _CONTAINERS:
                found.append((line.target.id, _CONTAINERS[word.id]))
    return found


def _parsed(name: str, kind: type, value: object) -> dict[str, object]:
    # Shells print lists and maps as text: an input declared one takes the JSON of it.
    if not isinstance(value, str):
        return {}
    import json  # noqa: PLC0415  # start-up time: few codes get text for a list

    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return {name: parsed} if isinstance(parsed, kind) else {}


def _handed_on(result: object) -> dict[str, object]:
    kind = type(result).__name__
    try:
        return {"result": pickle.dumps(result), "type": kind}
    except Exception as error:  # noqa: BLE001  # whatever __reduce__ raises means: it cannot be pickled
        return {"error": f"the result of type {kind} cannot be handed on: {error}; make it plain data"}


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) and error.filename == _FILE else str(error)
    return f"{type(error).__name__}{': ' if text else ''}{text}"


def _line(error: BaseException) -> str:
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == _FILE else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line})" if line else ""


def _traceback(error: BaseException, source: str) -> str:
    import linecache  # noqa: PLC0415  # start-up time: only code that fails pays
    import traceback  # noqa: PLC0415  # as above

    # Each with its newline: carets under a last line without one are a column off.
    lines = [f"{line}\n" for line in source.split("\n")]
    linecache.cache[_FILE] = (len(source), None, lines, _FILE)
    told = traceback.TracebackException.from_exception(error)
    linked = [told]
    for part in linked:
        part.stack[:] = [frame for frame in part.stack if frame.filename == _FILE]
        linked += [other for other in (part.__cause__, part.__context__, *(part.exceptions or ())) if other]
    return "".join(told.format())


if __name__ == "__main__":
    main(int(sys.argv[1]))
