"""A place in the test tree to the hooks that users wrote for it.

pytest itself only knows hooks whose names start with ``pytest_``; ours are looked up here, in pytest plugins and in
the loaded conftest.py files whose folder a path lies in, from the top down. They need no mark:

``pflow_register_nodes(registry)``
    adds node types; the engine's own hook.
``pflow_testkit_stub(node)``
    what stands in for a node that the test has no stub for: outputs or rules as in a case file, or None. ``node`` has
    ``id``, ``path`` (``sub/fetch`` in a nested workflow), ``type``, ``params`` (as written) and ``interface``. The
    deepest answer counts.
``pflow_testkit_normalise(trace)``
    changes a trace, as plain data without volatile fields, before it is compared with its snapshot or written: in
    place, or by returning another.
``pflow_testkit_redact(value)``
    what to write instead of a text (a value, or the name of one) in snapshots, cassettes and reports, or None to
    leave it as it is.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pflow_engine.errors import PflowError, Problem, did_you_mean
from pflow_engine.trace import strict_json
from pflow_engine.value_types import type_name

_Given = TypeVar("_Given")

REGISTER, WRAP = "pflow_register_nodes", "pflow_wrap_node"
STUB, NORMALISE, REDACT = "pflow_testkit_stub", "pflow_testkit_normalise", "pflow_testkit_redact"
_PREFIX = "pflow_testkit_"
_TAKES = {STUB: "node", NORMALISE: "trace", REDACT: "value"}


class InvalidHook(PflowError):
    """A hook of a user's that cannot be called, or that raised."""


@dataclass(frozen=True)
class UserHooks:
    """The testkit's hooks for one test. Without any, ``stub`` knows no stub and the others change nothing."""

    _stubs: tuple[Callable[..., Any], ...] = ()
    _normalisers: tuple[Callable[..., Any], ...] = ()
    _redactors: tuple[Callable[..., Any], ...] = ()
    _redacted: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def stub(self, node: Any) -> Any:
        """What the deepest hook that has an answer gives for a node; None where none has."""
        answers = (_answer(STUB, hook, node) for hook in reversed(self._stubs))
        return next((answer for answer in answers if answer is not None), None)

    def normalise(self, trace: dict[str, Any]) -> dict[str, Any]:
        """A trace after each hook had its turn. ``trace`` is changed."""
        for hook in self._normalisers:
            changed = _answer(NORMALISE, hook, trace)
            trace = trace if changed is None else changed
        written = strict_json(trace)
        if not isinstance(written, dict) or not _has_nodes(written):
            left = type_name(trace) if not isinstance(written, dict) else "a trace whose nodes are no maps"
            file = _file_of(self._normalisers[-1]) if self._normalisers else ""
            hint = "change the trace in place, or return it"
            raise InvalidHook(Problem("hook", f"{NORMALISE} returned {left}, not a trace", hint=hint, file=file))
        return written

    def redact(self, value: Any) -> Any:
        """Strict JSON with every text, names of values too, as the hooks want it."""
        return self._redact(value) if self._redactors else value

    def _redact(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._redact(item) for item in value]
        if isinstance(value, dict):
            return {self._text(key): self._redact(item) for key, item in value.items()}
        return value

    def _text(self, text: str) -> str:
        # Kept, since the same few names and texts stand in each result of a batch.
        if text not in self._redacted:
            changed = text
            for hook in self._redactors:
                answer = _answer(REDACT, hook, changed)
                changed = changed if answer is None else str(answer)
            self._redacted[text] = changed
        return self._redacted[text]


def failing_in_words(work: Callable[[], _Given]) -> _Given:
    """Do work; what is wrong with a hook, or with a file that is kept, fails the test in words, without our frames.

    Raises:
        pytest.fail.Exception: with every problem.
    """
    __tracebackhide__ = True
    try:
        return work()
    except PflowError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)


def hooks_for(config: pytest.Config, *paths: Path) -> UserHooks:
    """The hooks that hold for any of ``paths``.

    Raises:
        InvalidHook: one that cannot be called with what it is given, naming its file.
    """
    plugins = plugins_for(config, paths, _TAKES)
    for _, plugin in config.pluginmanager.list_name_plugin():
        folder = _folder(plugin)
        if folder is not None and _is_above(folder, paths):
            _refuse_typos(plugin)
    stubs, normalisers, redactors = (tuple(_found(plugins, name)) for name in (STUB, NORMALISE, REDACT))
    return UserHooks(stubs, normalisers, redactors)


def plugins_for(config: pytest.Config, paths: tuple[Path, ...], names: Iterable[str]) -> list[Any]:
    """The plugins and conftest.py files that have one of these hooks and hold for any of ``paths``, deepest last."""
    wanted = tuple(names)
    found = [plugin for _, plugin in config.pluginmanager.list_name_plugin() if _has_any(plugin, wanted)]
    seen_here = [plugin for plugin in found if _is_above(_folder(plugin), paths)]
    return sorted(seen_here, key=lambda plugin: len((_folder(plugin) or Path()).parts))


def unusable(plugin: Any, name: str, reason: str, fix: str) -> InvalidHook:
    """A hook that cannot be called: where it is, why, and how it is to be defined."""
    file = str(getattr(plugin, "__file__", "") or plugin)
    message = f"a hook that cannot be called: {reason}"
    return InvalidHook(Problem("hook", message, hint=f"define it as: def {name}({fix})", file=file))


def _has_nodes(trace: dict[str, Any]) -> bool:
    nodes = trace.get("nodes", [])
    return isinstance(nodes, list) and all(isinstance(node, dict) for node in nodes)


def _answer(name: str, hook: Callable[..., Any], value: Any) -> Any:
    try:
        return hook(**{_TAKES[name]: value})
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{name} raised {type(error).__name__}: {error}"
        raise InvalidHook(
            Problem("hook", message, hint=f"see line {at.lineno} of {Path(at.filename).name}", file=_file_of(hook))
        ) from error


def _file_of(hook: Callable[..., Any]) -> str:
    return str(getattr(inspect.getmodule(hook), "__file__", "") or hook)


def _found(plugins: list[Any], name: str) -> Iterable[Callable[..., Any]]:
    for plugin in plugins:
        hook = getattr(plugin, name, None)
        if callable(hook):
            _check(plugin, name, hook)
            yield hook


def _refuse_typos(plugin: Any) -> None:
    # Of what is missing nobody hears: a hook that was to take secrets out must not fail to for a letter.
    for name, value in list(vars(plugin).items()):
        if name.startswith(_PREFIX) and name not in _TAKES:
            file, hint = str(getattr(plugin, "__file__", "")), did_you_mean(name, _TAKES)
            raise InvalidHook(Problem("hook", f"there is no hook '{name}'", hint=hint, file=file))
        if name in _TAKES and not callable(value):
            raise unusable(plugin, name, f"{name} is of type {type_name(value)}", _TAKES[name])


def _check(plugin: Any, name: str, hook: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(hook) or inspect.isgeneratorfunction(hook):
        raise unusable(plugin, name, f"{name} is no plain function", _TAKES[name])
    try:
        inspect.signature(hook).bind(**{_TAKES[name]: None})
    except TypeError as error:
        raise unusable(plugin, name, f"{name}: {error}", _TAKES[name]) from None


def _is_above(folder: Path | None, paths: tuple[Path, ...]) -> bool:
    return folder is None or any(path.is_relative_to(folder) for path in paths)


def _has_any(plugin: Any, names: tuple[str, ...]) -> bool:
    return any(callable(getattr(plugin, name, None)) for name in names)


def _folder(plugin: Any) -> Path | None:
    file = getattr(plugin, "__file__", None)
    return Path(file).parent if file and Path(file).name == "conftest.py" else None
