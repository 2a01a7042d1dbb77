"""The command line and the ini file to the folders and switches of a session."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

KEY: pytest.StashKey[Options] = pytest.StashKey()
_SUFFIXES = (".json", ".yaml", ".yml")
"""Those of ``pflow_engine.document.load``, which is not loaded for a session without workflows."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was opted in to. ``folders`` are absolute; a file among them stands for itself."""

    folders: tuple[Path, ...]
    live: bool

    def claims(self, path: Path) -> bool:
        """Whether a file is in an opted-in folder."""
        return any(path.is_relative_to(folder) for folder in self.folders)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    group.addoption(
        "--pflow-workflows",
        action="append",
        default=[],
        metavar="DIR",
        help="run the workflow files (*.json, *.yaml, *.yml) in DIR as tests: each is validated, and run once for "
        "each case in the case file beside it (NAME.test.yaml). Repeatable. Counts as a path on the command line: "
        "name your test folders too to run both, or set the ini option",
    )
    group.addoption(
        "--pflow-live",
        action="store_true",
        default=False,
        help="let nodes that reach for the network or a model do so; without it, each must be stubbed",
    )
    parser.addini("pflow_workflows", type="paths", default=[], help="folders of workflow files to run by default")


def read_options(config: pytest.Config) -> Options:
    """The options of a session, checked.

    Raises:
        pytest.UsageError: a folder that does not exist, with the nearest one that does.
    """
    given = [_path_of(name, config) if name else None for name in _given(config)]
    wrong = [_wrong("--pflow-workflows", path) for path in given]
    from_ini: list[Path] = config.getini("pflow_workflows")
    wrong += [_wrong(f"pflow_workflows in {config.inipath}", path) for path in from_ini]
    if any(wrong):
        raise pytest.UsageError("\n".join(filter(None, wrong)))
    folders = dict.fromkeys([*(path for path in given if path), *from_ini])
    return Options(tuple(folders), bool(config.getoption("pflow_live")))


def add_arguments(config: pytest.Config, options: Options) -> None:
    """Let pytest collect the folders.

    A folder on the command line is an argument like any other, so the default paths (``testpaths``, the
    current folder) do not apply beside it. One from the ini file is a default path like them. Not when a given
    argument lies inside the folder: then just that was asked for. Run on xdist workers too, which get the
    original command line.
    """
    named = [_path_of(name, config) for name in _given(config)]
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
    if folder.is_file() and (folder.suffix not in _SUFFIXES or ".test." in folder.name):
        return f"{option}: '{folder}' is no workflow file ({', '.join(_SUFFIXES)})"
    return ""


def _near(folder: Path) -> str:
    from pflow_engine.errors import nearest  # noqa: PLC0415  # loaded only when there is something to say

    try:
        close = nearest(folder.name, [entry.name for entry in folder.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean '{folder.parent / close[0]}'?" if close else ""
