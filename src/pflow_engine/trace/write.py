"""Text and strict JSON to a file, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

TEMPORARY: Final = ".tmp"
"""How a file ends that is not yet whole; one that is left is of a process that was killed."""


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write with mode 0600, for nobody but the one who ran it.

    Raises:
        OSError: the folder cannot be written.
        ValueError: ``value`` is not strict JSON.
    """
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n", mode=0o600)


def write_text(path: str | os.PathLike[str], text: str, *, mode: int = 0o666, fresh: bool = False) -> None:
    """Write UTF-8 through a temporary file and a rename; a reader sees the old file or the new one.

    ``mode`` is that of a new file, of which the umask takes its part. ``fresh``: only if there is no file yet.

    Raises:
        FileExistsError: there is one, and it is to be ``fresh``; it is as it was.
        OSError: the folder cannot be written.
    """
    target = Path(os.path.realpath(path))  # what a link leads to is written, and the link stays
    # The name is cut: with what makes it unique it must not be longer than a name may be.
    whole_soon = target.with_name(f".{target.name[:40]}.{uuid4().hex}{TEMPORARY}")
    handle = os.open(whole_soon, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if fresh:
            os.link(whole_soon, target)  # unlike a rename it fails where something came in between
            whole_soon.unlink()
        else:
            whole_soon.replace(target)
    except BaseException:
        whole_soon.unlink(missing_ok=True)
        raise
