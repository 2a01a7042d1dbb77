"""The command line and the ini file to the folders and switches of a session."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, cast

import pytest

if TYPE_CHECKING:
    from pflow_engine.clock import Clock
    from pflow_engine.result import RunResult
    from pflow_engine.trace import Event

Watcher = Callable[[str, "RunResult"], None]
"""Takes a test's id and a run of it."""

Redact = Callable[[Any], Any]
"""What the hooks of a test's folder make of strict JSON before it is shown."""


class Observer(Protocol):
    """What hears the events of one run, in whichever thread they happen, and is told of its end."""

    def on_event(self, event: Event, /) -> None:
        """Hear an event."""
        ...

    def ended(self, result: RunResult, /) -> None:
        """Take the run, in the thread of the test."""
        ...


Observe = Callable[[str, "Clock", Redact], Observer]
"""Takes a test's id, the clock of a run of it that begins, and what redacts."""

KEY: pytest.StashKey[Options] = pytest.StashKey()
STOPPED: pytest.StashKey[bool] = pytest.StashKey()
"""Of an item: whether it did not come to its end. It failed, was skipped, or what it asked for could not be had."""
WATCHERS: pytest.StashKey[list[Watcher]] = pytest.StashKey()
"""What is told of each run of a test, when it has ended, in the thread of the test."""
OBSERVERS: pytest.StashKey[list[Observe]] = pytest.StashKey()
"""What listens to each run of a test, beside being told of it."""
HOST: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""The environment as it was when the session began."""

TRACES, CASSETTES = "__traces__", "__cassettes__"
FOLDERS = (TRACES, CASSETTES)
"""Folders of ours beside tests. Nothing in them is a test."""

Mode = Literal["none", "once", "new", "all"]
MODES: tuple[Mode, ...] = ("none", "once", "new", "all")
_VCRS_WORD = {"new_episodes": "new"}
_SUFFIXES = (".json", ".yaml", ".yml", ".pflow.md")
"""Those of ``pflow_engine.document.load``, which is not loaded for a session without workflows."""


class Options(NamedTuple):
    """What was opted in to. ``folders`` are absolute; a file among them stands for itself."""

    folders: tuple[Path, ...]
    live: bool
    record: Mode = "none"
    prune: bool = False
    init: tuple[Path, ...] = ()

    def claims(self, path: Path) -> bool:
        """Whether a file is in an opted-in folder, and not one that we keep beside tests."""
        inside = any(path.is_relative_to(folder) for folder in self.folders)
        return inside and not any(name in FOLDERS for name in path.parts)


def add_session_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    _add_folders(group)
    _add_keeping(group)
    parser.addini("pflow_workflows", type="paths", default=[], help="folders of workflow files to run by default")


def _add_folders(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--pflow-workflows",
        action="append",
        default=[],
        metavar="DIR",
        help="run the workflow files (*.json, *.yaml, *.yml, *.pflow.md) in DIR as tests: each is validated, and run "
        "once for each case in the case file beside it (NAME.test.yaml). Repeatable. Counts as a path on the command "
        "line: name your test folders too to run both, or set the ini option",
    )
    group.addoption(
        "--pflow-live",
        action="store_true",
        default=False,
        help="let nodes that reach for the network or a model do so; without it, each must be stubbed",
    )
    group.addoption(
        "--pflow-init",
        action="append",
        default=[],
        metavar="FILE",
        help="write a first case file for the workflow FILE, with the inputs and the stubs it needs, and run nothing "
        "else. Repeatable. A case file that is there is left alone",
    )


def _add_keeping(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--pflow-record",
        default="none",
        type=lambda word: _VCRS_WORD.get(word, word),
        choices=MODES,
        metavar="MODE",
        help="cassettes of the nodes that reach for the network or a model (VCR's modes): none replays alone (the "
        "default), once records where there is no cassette yet, new records what the cassette does not have, all "
        "records everything anew",
    )
    group.addoption(
        "--pflow-prune",
        action="store_true",
        default=False,
        help="remove the snapshots and cassettes that no test uses any more; without it, they are listed",
    )


def read_session_options(config: pytest.Config) -> Options:
    """The options of a session, checked.

    Raises:
        pytest.UsageError: a folder that does not exist, with the nearest one that does.
    """
    given = [_path_of(name, config) if name else None for name in _given(config)]
    wrong = [_wrong("--pflow-workflows", path) for path in given]
    from_ini = [Path(os.path.abspath(path)) for path in config.getini("pflow_workflows")]  # noqa: PTH100  # keeps symbolic links as written
    wrong += [_wrong(f"pflow_workflows in {config.inipath}", path) for path in from_ini]
    init = [_path_of(name, config) for name in config.getoption("pflow_init")]
    wrong += [_wrong_file("--pflow-init", path) for path in init]
    live, record = bool(config.getoption("pflow_live")), cast("Mode", config.getoption("pflow_record"))
    if live and record != "none":
        wrong.append("--pflow-live runs past the cassettes, so nothing would be recorded: take it out")
    if any(wrong):
        raise pytest.UsageError("\n".join(filter(None, wrong)))
    folders = dict.fromkeys([*init, *(path for path in given if path), *from_ini])
    return Options(tuple(folders), live, record, bool(config.getoption("pflow_prune")), tuple(init))


def rerun_command(item: pytest.Item, *options: str) -> str:
    """The command that runs one test again, from where pytest was started."""
    config = item.config
    path = os.path.relpath(item.path, config.invocation_params.dir)
    given = [f"--pflow-workflows={folder}" for folder in config.getoption("pflow_workflows")]
    words = ["pytest", *_settings(config), *given, f"{path}::{item.nodeid.partition('::')[2]}", *options]
    return " ".join(map(shlex.quote, words))


def again_command(config: pytest.Config, *options: str) -> str:
    """The command of this session with more options."""
    return " ".join(map(shlex.quote, ["pytest", *map(str, config.invocation_params.args), *options]))


def _settings(config: pytest.Config) -> list[str]:
    # What decides which ini file holds, and what it says.
    file, root = config.getoption("inifilename", None), config.getoption("rootdir", None)
    overridden = [word for entry in config.getoption("override_ini", None) or [] for word in ("-o", entry)]
    return [*(["-c", str(file)] if file else []), *([f"--rootdir={root}"] if root else []), *overridden]


def add_arguments(config: pytest.Config, options: Options) -> None:
    """Let pytest collect the folders.

    A folder on the command line is an argument like any other, so the default paths (``testpaths``, the
    current folder) do not apply beside it. One from the ini file is a default path like them. Not when a given
    argument lies inside the folder: then just that was asked for. Run on xdist workers too, which get the
    original command line.
    """
    named = [_path_of(name, config) for name in _given(config)]
    if options.init:
        config.args, config.args_source = [str(path) for path in options.init], pytest.Config.ArgsSource.ARGS
        # Nothing is run that could be spread over xdist's workers, and nobody is to wait for their reports.
        config.option.dist, config.option.numprocesses = "no", None
        return
    by_default = config.args_source is not pytest.Config.ArgsSource.ARGS
    arguments = [] if by_default and named else list(config.args)
    inside = [_path_of(argument, config) for argument in arguments]
    for folder in options.folders if by_default and not named else named:
        asked_for_part = any(path.is_relative_to(folder) for path in inside)
        covered = any(folder.is_relative_to(path) for path in inside)
        if not asked_for_part and not covered:
            arguments.append(str(folder))
    config.args = arguments
    if named:
        config.args_source = pytest.Config.ArgsSource.ARGS


def _given(config: pytest.Config) -> list[str]:
    given: list[str] = config.getoption("pflow_workflows")
    return given


def _path_of(argument: str, config: pytest.Config) -> Path:
    path = argument.split("::", 1)[0]
    return Path(os.path.abspath(config.invocation_params.dir / path))  # noqa: PTH100  # keeps symbolic links as written


def _wrong(option: str, folder: Path | None) -> str:
    if folder is None:
        return f"{option} takes a folder, and got an empty name"
    try:
        folder.stat()
    except OSError as error:
        reason = "there is no folder" if isinstance(error, FileNotFoundError) else f"{error.strerror}:"
        return f"{option}: {reason} '{folder}'{_near(folder)}"
    if folder.is_file() and (not folder.name.endswith(_SUFFIXES) or ".test." in folder.name):
        return f"{option}: '{folder}' is no workflow file ({', '.join(_SUFFIXES)})"
    return ""


def _wrong_file(option: str, path: Path) -> str:
    if not path.exists():
        return f"{option}: there is no file '{path}'{_near(path)}"
    return f"{option} takes a workflow file, not the folder '{path}'" if path.is_dir() else _wrong(option, path)


def _near(folder: Path) -> str:
    from pflow_engine.errors import nearest  # noqa: PLC0415  # loaded only when there is something to say

    try:
        close = nearest(folder.name, [entry.name for entry in folder.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean '{folder.parent / close[0]}'?" if close else ""
