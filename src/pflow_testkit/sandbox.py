"""A folder to a place of a run's own: working folder, home, temporary files and environment."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pflow_engine.trace import looks_secret
from pflow_testkit.options import HOST

_OWN = {"work": (), "home": ("HOME", "USERPROFILE"), "tmp": ("TMPDIR", "TEMP", "TMP")}
_FOLLOW_HOME = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""Unset, they mean folders of the home."""

_FIXED = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "pflow",
    "LOGNAME": "pflow",
    "USERNAME": "pflow",
    "PYTHONHASHSEED": "0",
}
"""The same for everyone, unless the case says otherwise: else a snapshot would tell who took it and where."""


def hidden_from(config: pytest.Config) -> tuple[str, ...]:
    """The host's variables that look like secrets and that no test has set since: a hermetic run does not see them.

    Else they would leak into it, and one with an ordinary word for a value would take that word out of snapshots.
    """
    host = config.stash.get(HOST, {})
    return tuple(name for name, value in host.items() if looks_secret(name) and os.environ.get(name) == value)


@contextmanager
def own_place(folder: Path, env: Mapping[str, Any], hidden: Iterable[str] | None = ()) -> Iterator[Path]:
    """A working folder, a home and a folder for temporary files of a run's own; gives the working folder.

    ``hidden`` are variables that the run does not see, unless ``env`` sets them; None where something in it may reach
    out, which then finds the models and keys that the host has for ``llm``.
    """
    work = folder / "work"
    reached = _models_of_host() if hidden is None else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, variables in _OWN.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for variable in variables:
                patch.setenv(variable, str(folder / name))
        for variable in (*_FOLLOW_HOME, *(hidden or ())):
            patch.delenv(variable, raising=False)
        patch.chdir(work)
        for name, value in {**_FIXED, **reached, **env}.items():
            patch.setenv(name, value if isinstance(value, str) else json.dumps(value))
        _note_time_zone()
        try:
            yield work
        finally:
            patch.undo()
            _note_time_zone()


def emptied(folder: Path) -> None:
    """Take everything out of a folder, for another run in it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def own_places(folder: Path) -> dict[str, str]:
    """The folders that ``own_place`` makes in ``folder``, with the words for them in what is compared or kept."""
    return {str(path): f"<{name}>" for name in _OWN for path in {folder / name, (folder / name).resolve()}}


def _models_of_host() -> dict[str, str]:
    import click  # noqa: PLC0415  # by which the library finds its folder; start-up time

    folder = click.get_app_dir("io.datasette.llm")
    return {"LLM_USER_PATH": folder} if "LLM_USER_PATH" not in os.environ and os.path.isdir(folder) else {}  # noqa: PTH112  # text, no path


def _note_time_zone() -> None:
    # The process itself reads TZ once, and then only when it is told to.
    if hasattr(time, "tzset"):
        time.tzset()
