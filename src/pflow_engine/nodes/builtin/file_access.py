"""Work on a file to its outputs, or to an error that a person can read."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_REASONS: Final = {errno.ENOENT: "no such file", errno.EISDIR: "it is a folder"}


def attempted(doing: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``work`` gives; where it cannot, an error like ``cannot read 'x.txt': no such file``."""
    try:
        return work()
    except (OSError, ValueError) as error:
        return {"error": f"cannot {doing}: {_reason(error)}"}


def place(path: str) -> Path:
    """The path with ``~`` expanded; one of a user who does not exist stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # Path.expanduser raises for an unknown user


def refuse_folder(path: Path) -> None:
    """Raise IsADirectoryError for a folder: what is named a file takes no folders."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return _REASONS.get(error.errno) or (error.strerror or str(error)).lower()
