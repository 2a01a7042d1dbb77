"""The parts of a case as written to what is wrong with them: name, files, env, stubs, faults, expect.

These are the rules a JSON Schema has no words for, or only poor ones. The checks take any value: what a fixture
gave is held against them once more. A map ``{$fixture: name}`` stands for a value that is not known yet.
"""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pflow_engine.document.positions import Path
from pflow_engine.errors import did_you_mean, nearest
from pflow_engine.value_types import is_of_type, type_name
from pflow_testkit.expectations import FIXTURE, Fault, matcher_problems, shown

STUB_WORDS = ("when", "attempts", "raises", "action")
"""The keys of a stub's rule that are no outputs."""

FAULT_KINDS = ("raises", "error", "delay", "hang", "corrupt")
"""What a fault of a case may do."""

_ABOUT = ("item", "index", "params")
_FAULT_WORDS = ("node", "item", "attempt", *FAULT_KINDS)
_FAULT_EXAMPLE = "write [{node: id, raises: text}]"
_LONGEST_NAME = 200
_LONGEST_PART = 255
_BREAKING = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, half characters, and line and paragraph separators."""


def name_faults(name: str) -> Iterator[Fault]:
    """A case's name that makes no test id."""
    if not name.strip():
        yield (), "the name is blank", "say in a few words what the case is about"
    elif "::" in name or any(char in "[]" or unicodedata.category(char) in _BREAKING for char in name):
        yield (), f"{shown(name)} is no name for a case", "one line, without '::' and square brackets"
    elif len(name) > _LONGEST_NAME:
        yield (), f"the name has {len(name)} characters", f"make it at most {_LONGEST_NAME}"


def fixture_faults(value: Any, path: Path = ()) -> Iterator[Fault]:
    """``{$fixture: name}`` that is none: a typo, other keys beside it, a name that is no text."""
    for place, found in fixtures_in(value, path):
        others = [key for key in found if key != FIXTURE]
        name = found.get(FIXTURE)
        if FIXTURE not in found:
            yield (*place, others[0]), f"there is no {others[0]} here", f"did you mean '{FIXTURE}'?"
        elif others:
            message = f"{FIXTURE} stands beside '{others[0]}'"
            yield (*place, others[0]), message, "a fixture gives the whole value: take one of them out"
        elif not isinstance(name, str) or not name.strip():
            yield (*place, FIXTURE), f"{FIXTURE} takes the name of a fixture, not {shown(name)}", "give it as text"


def fixtures_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every map in a value that is, or is meant to be, ``{$fixture: name}``."""
    if looks_like_fixture(value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from fixtures_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from fixtures_in(item, (*path, index))


def looks_like_fixture(value: Any) -> bool:
    """Whether a value is a map with ``$fixture``, or with nothing but a typo of it."""
    if not isinstance(value, Mapping):
        return False
    return FIXTURE in value or (len(value) == 1 and all(map(_is_typo, value)))


def file_faults(files: Any) -> Iterator[Fault]:
    """Files that cannot be in a case's working folder, or not beside each other."""
    if not isinstance(files, Mapping):
        yield (), f"files are contents by path, not {type_name(files)}", "write {path: content}"
    if not isinstance(files, Mapping) or looks_like_fixture(files):
        return
    for name, content in files.items():
        yield from _bad_file(name)
        if not _can_be_written(content):
            message = f"the content of '{name}' is neither text nor data for JSON"
            yield (name,), message, "give it text, or data without half characters"
    yield from _clashes([name for name in files if not any(_bad_file(name))])


def env_faults(env: Any) -> Iterator[Fault]:
    """Environment variables that no process can have."""
    if not isinstance(env, Mapping):
        yield (), f"env is values by name, not {type_name(env)}", "write {NAME: value}"
        return
    for name, value in env.items():
        if not isinstance(name, str) or not name or "=" in name or not _is_for_the_system(name):
            yield (name,), f"{shown(name)} is no name of an environment variable", "a name without '=' and NUL"
        if not _can_be_written(value) or (isinstance(value, str) and not _is_for_the_system(value)):
            yield (name,), f"no environment variable can have the value of '{name}'", "give it text without NUL"


def matcher_faults(expect: Mapping[str, Any]) -> Iterator[Fault]:
    """Matchers of an expectation that cannot match."""
    nodes = expect.get("nodes")
    parts: list[tuple[Path, Any]] = [((word,), expect.get(word)) for word in ("outputs", "error")]
    parts += [(("nodes", node), outputs) for node, outputs in nodes.items()] if isinstance(nodes, Mapping) else []
    for path, value in parts:
        yield from matcher_problems(value, path)


def error_faults(expect: Mapping[str, Any]) -> Iterator[Fault]:
    """An expected error that no run can have."""
    error, status = expect.get("error"), expect.get("status")
    if isinstance(error, Mapping) and not any(key.startswith("$") for key in error):
        yield ("error",), "'error' must be text or a matcher", "text the error contains, or {$match: regex}"
    if "error" in expect and status in ("success", "degraded"):
        message = f"'error' stands beside status: {status}"
        yield ("error",), message, "a run that does not fail has no error: take one of them out"


def stubs_faults(stubs: Any) -> Iterator[Fault]:
    """Stubs that could stand in for no node, whatever the workflow is."""
    if not isinstance(stubs, Mapping):
        yield (), f"stubs are outputs by node, not {type_name(stubs)}", "write {node: {output: value}}"
    elif looks_like_fixture(stubs):
        yield (), "the stubs as a whole cannot be a fixture", f"name the nodes: {{node: {{{FIXTURE}: name}}}}"
    else:
        for name, stub in stubs.items():
            if isinstance(name, str):
                yield from stub_faults(stub, (name,))
            else:
                yield (str(name),), f"a stub is for a node id or 'type:NAME', not {shown(name)}", "give it as text"


def stub_faults(stub: Any, path: Path) -> Iterator[Fault]:
    """A stub that is neither outputs nor a list of sound rules."""
    if isinstance(stub, list | tuple):
        if not stub:
            yield path, "a stub without rules", "give it one, or take it out"
        for index, rule in enumerate(stub):
            yield from _bad_rule(rule, (*path, index))
    elif isinstance(stub, Mapping):
        yield from _bad_rule(stub, path)
    else:
        yield path, f"a stub is outputs, or a list of rules, not {shown(stub)}", "write {output: value}"


def injection_faults(faults: Any) -> Iterator[Fault]:
    """Faults to be injected that could be for no call, whatever the workflow is."""
    if not isinstance(faults, list | tuple):
        yield (), f"faults are a list, not {type_name(faults)}", _FAULT_EXAMPLE
        return
    for index, fault in enumerate(faults):
        if isinstance(fault, Mapping):
            yield from _bad_injection(fault, (index,))
        else:
            yield (index,), f"a fault is a map, not {shown(fault)}", _FAULT_EXAMPLE


def is_raisable(value: Any) -> bool:
    """Whether a stub or a fault can raise it: text, or in Python an exception or a class of them."""
    return isinstance(value, str | BaseException) or (isinstance(value, type) and issubclass(value, BaseException))


def _delay_hint(value: Any) -> str:
    if isinstance(value, float | int) and value == math.inf:
        return "for ever is hang: true"
    return "write a number of seconds without quotes: delay: 20"


def _is_typo(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("$") and bool(nearest(key, [FIXTURE]))


def _bad_file(name: Any) -> Iterator[Fault]:
    if not isinstance(name, str) or not name or not _is_for_the_system(name):
        yield (name,), f"{shown(name)} is no name of a file", "name a path below the working folder"
    elif name.startswith("/") or PurePosixPath(os.path.normpath(name)).parts[:1] == ("..",):
        yield (name,), f"'{name}' lies outside the case's working folder", "name a path below it"
    elif name.rpartition("/")[2] in ("", ".", ".."):
        yield (name,), f"'{name}' is a folder, not a file", "name a file in it"
    elif any(len(os.fsencode(part)) > _LONGEST_PART for part in name.split("/")):
        yield (name,), f"a part of the path {shown(name)} is too long", f"make it at most {_LONGEST_PART} bytes"


def _clashes(names: list[str]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name in names:
        place = os.path.normpath(name)
        if first.setdefault(place, name) != name:
            yield (name,), f"'{name}' is the same file as '{first[place]}'", "take one of them out"
    for place, name in first.items():
        for folder in PurePosixPath(place).parents:
            if str(folder) in first:
                message = f"'{name}' lies in '{first[str(folder)]}', which is a file too"
                yield (name,), message, "give one of them another name"


def _can_be_written(value: Any) -> bool:
    try:
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    except (TypeError, ValueError, RecursionError):  # no JSON; itself inside, half characters; nesting
        return False
    return True


def _is_for_the_system(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _bad_rule(rule: Any, path: Path) -> Iterator[Fault]:
    if looks_like_fixture(rule):
        return
    if not isinstance(rule, Mapping):
        yield path, f"a rule of a stub is outputs by name, not {shown(rule)}", "write {output: value}"
        return
    yield from _bad_when(rule, path)
    if "attempts" in rule:
        yield from _beside("attempts", rule, path, "move it into the attempts it is for")
        yield from _bad_attempts(rule["attempts"], (*path, "attempts"))
    else:
        yield from _bad_reply(rule, path)


def _bad_when(rule: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    when = rule.get("when", {})
    if looks_like_fixture(when):
        return
    path = (*path, "when")
    if not isinstance(when, Mapping):
        yield path, f"'when' is a map of {', '.join(_ABOUT)}, not {shown(when)}", "write {item: value}"
        return
    for key, wanted in when.items():
        if key in _ABOUT:
            yield from matcher_problems(wanted, (*path, key), skip=looks_like_fixture)
        else:
            yield (*path, key), f"'when' knows no '{key}'", did_you_mean(str(key), _ABOUT)


def _beside(word: str, rule: Mapping[str, Any], path: Path, hint: str) -> Iterator[Fault]:
    for key in rule:
        if key not in (word, "when"):
            yield (*path, key), f"'{key}' stands beside '{word}'", hint


def _bad_attempts(attempts: Any, path: Path) -> Iterator[Fault]:
    if looks_like_fixture(attempts):
        return
    if not isinstance(attempts, list | tuple) or not attempts:
        said = "an empty list" if isinstance(attempts, list | tuple) else shown(attempts)
        yield path, f"'attempts' is a list with one reply an attempt, not {said}", "write [{output: value}]"
        return
    for index, reply in enumerate(attempts):
        yield from _bad_attempt(reply, (*path, index))


def _bad_attempt(reply: Any, path: Path) -> Iterator[Fault]:
    if looks_like_fixture(reply):
        return
    if not isinstance(reply, Mapping):
        yield path, f"the reply of an attempt is outputs by name, not {shown(reply)}", "write {output: value}"
        return
    for word in ("when", "attempts"):
        if word in reply:
            yield (*path, word), f"'{word}' inside an attempt", "it belongs to the rule around the attempts"
    yield from _bad_reply(reply, path)


def _bad_reply(reply: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    raises, action = reply.get("raises", ""), reply.get("action", "")
    if not is_raisable(raises) and not looks_like_fixture(raises):
        yield (*path, "raises"), f"'raises' is the text of an exception, not {shown(raises)}", "put it in quotes"
    if not isinstance(action, str) and not looks_like_fixture(action):
        yield (*path, "action"), f"'action' is text, not {shown(action)}", "put it in quotes"
    if "raises" in reply:
        hint = "a reply that raises has nothing else: take one of them out"
        yield from _beside("raises", {key: reply[key] for key in reply if key != "attempts"}, path, hint)
    for key in reply:
        if not isinstance(key, str):
            yield (*path, str(key)), f"the name of an output is text, not {shown(key)}", "put it in quotes"


def _bad_injection(fault: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    unknown = [key for key in fault if key not in _FAULT_WORDS]
    for key in unknown:
        yield (*path, str(key)), f"a fault knows no {shown(key)}", did_you_mean(str(key), _FAULT_WORDS)
    kinds = [kind for kind in FAULT_KINDS if kind in fault]
    if not kinds and not unknown:
        yield path, "a fault that does nothing", f"add one of {', '.join(FAULT_KINDS)}"
    for kind in kinds[1:]:
        yield (*path, kind), f"'{kind}' stands beside '{kinds[0]}'", "a fault does one thing: make two of it"
    yield from _bad_target(fault, path)
    for kind in kinds:
        yield from _bad_value(kind, fault[kind], (*path, kind))


def _bad_target(fault: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    if "node" not in fault:
        yield path, "a fault without a node", "add node: the id of one"
    elif not isinstance(fault["node"], str):
        yield (*path, "node"), f"'node' is the id of a node, not {shown(fault['node'])}", "give it as text"
    for word, first, hint in (("item", 0, "items count from 0"), ("attempt", 1, "attempts count from 1")):
        number = fault.get(word, first)
        if not is_of_type(number, "integer") or number < first:
            yield (*path, word), f"'{word}' is a whole number from {first} on, not {shown(number)}", hint


def _bad_value(kind: str, value: Any, path: Path) -> Iterator[Fault]:
    if kind in ("raises", "error"):
        fits = is_raisable(value) if kind == "raises" else isinstance(value, str)
        if not fits and not looks_like_fixture(value):
            what = "text of an exception" if kind == "raises" else "text of an error"
            yield path, f"'{kind}' is the {what}, not {shown(value)}", "put it in quotes"
    elif kind == "delay":
        if not is_of_type(value, "number") or not 0 < value < math.inf:
            yield path, f"'delay' takes seconds above 0, not {shown(value)}", _delay_hint(value)
    elif kind == "hang":
        if value is not True:
            yield path, f"'hang' is true, not {shown(value)}", "write hang: true, or take it out"
    elif value is not True and not looks_like_fixture(value):
        yield from _bad_spoils(value, path)


def _bad_spoils(outputs: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(outputs, Mapping) or not outputs:
        message = f"'corrupt' is true, or a map of outputs to put in place, not {shown(outputs)}"
        yield path, message, "write corrupt: true, or corrupt: {output: value}"
        return
    for name in outputs:
        if not isinstance(name, str):
            yield (*path, str(name)), f"the name of an output is text, not {shown(name)}", "put it in quotes"
