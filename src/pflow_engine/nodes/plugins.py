"""Names of modules and paths of ``.py`` files to plugins that work."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final
from zlib import crc32

import pluggy

from pflow_engine.errors import InvalidInput, PflowError, Position, Problem, nearest
from pflow_engine.nodes.hooks import HOOKS, Hooks
from pflow_engine.nodes.registry import Registry
from pflow_engine.trace import Redactor, environment_secrets

_CONFTEST: Final = "conftest.py"
_OF_FILE: Final = "pflow_plugin_"


def load_plugins(names: Iterable[str]) -> tuple[ModuleType, ...]:
    """Each module once, in the order they are named. What they print on the way goes to stderr.

    Raises:
        InvalidInput: with what is wrong with each of them: it is not there, it or a hook of it raises, it has no hook.
    """
    found: dict[str, ModuleType] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        try:
            with redirect_stdout(sys.stderr):
                plugin = _module(name)
                _try_out(plugin)
        except InvalidInput as error:
            problems += error.problems
        else:
            found.setdefault(os.path.realpath(plugin.__file__ or name), plugin)
    if problems:
        raise InvalidInput(problems)
    return tuple(found.values())


def is_of_file(plugin: ModuleType) -> bool:
    """Whether it was named as a file: another process would not find it by the name of its module."""
    return plugin.__name__.rpartition(".")[2].startswith(_OF_FILE)


def _module(name: str) -> ModuleType:
    if name.endswith(".py") or os.sep in name or "/" in name:
        return _of_file(name)
    if not all(map(str.isidentifier, name.split("."))):
        raise _refused(f"'{name}' is no name of a module, and no path of a .py file", _near(name))
    try:
        with _told(""):
            return import_module(name)
    except InvalidInput as error:
        if _is_missing(name, error.__cause__):
            raise _refused(f"there is no module '{name}'", _near(name) or "install it, or name a .py file") from None
        raise


def _is_missing(name: str, error: BaseException | None) -> bool:
    # And not one that it imports.
    return isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")


def _near(name: str) -> str:
    there = Path(name, _CONFTEST) if Path(name).is_dir() else Path(f"{name.replace('.', '/')}.py")
    return f"did you mean '{_as_path(there)}'?" if there.is_file() else ""


def _as_path(path: Path) -> str:
    return str(path) if path.parent.name else f"./{path}"


def _of_file(name: str) -> ModuleType:
    path = Path(name)
    if not path.is_file():
        said = "this is a folder, not a .py file" if path.is_dir() else "no such file"
        raise _refused(said, _near(name), file=name)
    root, package = _root(path.absolute())
    # Its own name, since a project has many conftest.py; its package, for the sake of relative imports.
    called = ".".join([*package, f"{_OF_FILE}{crc32(os.path.realpath(path).encode()):08x}_{path.stem}"])
    spec = spec_from_file_location(called, path)
    if spec is None or spec.loader is None:
        raise _refused("this is no .py file", "name a module, or a .py file", file=name)
    if str(root) not in sys.path:
        sys.path.append(str(root))  # what stands beside it, as in a test; the last, so that it hides nothing
    module = sys.modules[called] = module_from_spec(spec)
    try:
        with _told(os.path.abspath(path)):  # noqa: PTH100  # as its frames have it
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[called]
        raise
    return module


def _root(path: Path) -> tuple[Path, list[str]]:
    folder = path.parent
    package: list[str] = []
    while (folder / "__init__.py").is_file():
        package.insert(0, folder.name)
        folder = folder.parent
    return folder, package


def _try_out(plugin: ModuleType) -> None:
    file = plugin.__file__ or ""
    hooks = {name: hook for name in HOOKS if callable(hook := getattr(plugin, name, None))}
    if not hooks:
        raise _refused(f"'{plugin.__name__}' has no hook of pflow's", _wanted(plugin), file=_shown(file))
    for name, hook in hooks.items():
        if inspect.iscoroutinefunction(hook) or inspect.isgeneratorfunction(hook):
            raise _refused(f"'{name}' is no plain function", f"define it as: {_defined(name)}", file=_shown(file))
    try:
        with _told(file):
            Registry().plug(plugin)
    except InvalidInput as error:
        if isinstance(error.__cause__, pluggy.PluginValidationError):
            said = f"a hook that cannot be called: {str(error.__cause__).splitlines()[-1]}"
            hint = f"define it as: {' or '.join(map(_defined, sorted(hooks)))}"
            raise _refused(said, hint, file=_shown(file)) from None
        raise


def _wanted(plugin: ModuleType) -> str:
    close = [near for name in vars(plugin) if name.startswith("pflow_") for near in nearest(name, HOOKS)]
    if close:
        return f"did you mean '{close[0]}'?"
    return _near(plugin.__name__) or f"define in it: {_defined('pflow_register_nodes')}"


def _defined(hook: str) -> str:
    taken = [name for name in inspect.signature(getattr(Hooks, hook)).parameters if name != "self"]
    return f"def {hook}({', '.join(taken)})"


@contextmanager
def _told(file: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything, SystemExit and pytest's skip among them
        raise InvalidInput(_raised(error, file)) from error


def _raised(error: BaseException, file: str) -> Problem:
    if isinstance(error, PflowError):
        said, hint = error.summary, error.problems[0].hint
    else:
        what = error.msg if isinstance(error, SyntaxError) else error
        said = f"the plugin raised {type(error).__name__}: {what}"
        hint = "mend the plugin"
    # As in a trace: what is raised may have a secret in it.
    said = Redactor.of(environment_secrets())(said)
    where, position = _place(error, file)
    source = linecache.getline(where, position.line).rstrip() if position else ""
    return Problem("plugin", said, hint=hint, file=_shown(where), position=position, source=source)


def _place(error: BaseException, file: str) -> tuple[str, Position | None]:
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, Position(error.lineno, error.offset or 1)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_of_users(frame.filename)]
    # The plugin's own line, whatever that went through; of one that could not be loaded it is the first file.
    own = [frame for frame in frames if frame.filename == (file or frames[0].filename)]
    if not own or own[-1].lineno is None:
        return file, None
    return own[-1].filename, Position(own[-1].lineno, (own[-1].colno or 0) + 1)


def _is_of_users(file: str) -> bool:
    return not file.startswith("<frozen ") and file not in (__file__, import_module.__code__.co_filename)


def _refused(message: str, hint: str, *, file: str = "") -> InvalidInput:
    return InvalidInput(Problem("plugin", message, hint=hint, file=file))


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if file and path.is_relative_to(Path.cwd()) else file
