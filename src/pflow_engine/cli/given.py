"""Words ``NAME=VALUE`` to values: text, a file's text (``@file``), or what comes on stdin (``@-``)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pflow_engine.document.model import Workflow
from pflow_engine.errors import InvalidInput, Problem, nearest


@dataclass(frozen=True, slots=True)
class Words:
    """What was given, by name, as text; and what is wrong with the rest of it, by the same names."""

    texts: Mapping[str, str]
    problems: Mapping[str, Problem]


def read_words(workflow: Workflow, words: Iterable[str]) -> Words:
    """The text of each word; of a declared input ``stdin`` that is not named, what is piped in."""
    texts: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    of_stdin: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        try:
            if not equals or not name:
                raise _refused("input-word", f"'{word}' is not NAME=VALUE", _near(word, workflow))
            if name in texts or name in problems:
                raise _refused("input-twice", f"'{name}' is given twice", "take one of them out")
            if _is_stdin(name, value, workflow):
                of_stdin.append(name)
            else:
                texts[name] = _text(name, value)
        except InvalidInput as error:
            problems[name] = error.problems[0]
    if of_stdin:
        _add_stdin(of_stdin, texts, problems)
    else:
        _add_piped(workflow, texts, problems)
    return Words(texts, problems)


def _is_stdin(name: str, value: str, workflow: Workflow) -> bool:
    declared = workflow.inputs.get(name)
    return value == "@-" or (value == "-" and declared is not None and declared.stdin)


def _text(name: str, value: str) -> str:
    if value.startswith("@@"):
        return value[1:]
    return _decoded(name, value[1:], Path(value[1:]).read_bytes) if value.startswith("@") else value


def _decoded(name: str, place: str, read: Callable[[], bytes]) -> str:
    try:
        return read().decode()
    except UnicodeDecodeError as error:
        said, hint = f"not UTF-8, at byte {error.start}", "save it as UTF-8"
    except (OSError, ValueError) as error:  # ValueError: a name no file can have
        said, hint = (getattr(error, "strerror", None) or str(error)).lower(), "write @@ where the value begins with @"
    raise _refused("input-file", f"input '{name}': {place} cannot be read: {said}", hint)


def _add_piped(workflow: Workflow, texts: dict[str, str], problems: dict[str, Problem]) -> None:
    known = {*texts, *problems}
    waiting = [name for name, declared in workflow.inputs.items() if declared.stdin and name not in known]
    if waiting and _is_piped():
        _add_stdin(waiting, texts, problems)
        if texts.get(waiting[0]) == "":  # schedulers and build machines give an empty pipe to all that they start
            del texts[waiting[0]]


def _add_stdin(names: list[str], texts: dict[str, str], problems: dict[str, Problem]) -> None:
    if len(names) > 1:
        told = " and ".join(f"'{name}'" for name in names)
        hint = "give all but one of them"
        problems |= {
            name: Problem("input-stdin", f"{told} all take what comes on stdin", hint=hint) for name in names[:1]
        }
        return
    for name in names:
        try:
            texts[name] = _decoded(name, "stdin", sys.stdin.buffer.read)
        except InvalidInput as error:
            problems[name] = error.problems[0]


def _is_piped() -> bool:
    # Not a terminal, and not /dev/null.
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or none at all
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _near(word: str, workflow: Workflow) -> str:
    close = nearest(word, workflow.inputs)
    return f"did you mean '{close[0]}=…'?" if close else "write the name of an input, '=' and its value"


def _refused(code: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput(Problem(code, message, hint=hint))
