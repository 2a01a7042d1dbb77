"""Text and strict JSON to a file, whole or not at all."""

from __future__ import annotations

import json
import os
import stat
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


def write_text(
    path: str | os.PathLike[str], text: str, *, mode: int = 0o666, fresh: bool = False, errors: str = "strict"
) -> None:
    """Write UTF-8 through a temporary file and a rename; a reader sees the old file or the new one.

    ``mode`` is that of a new file, of which the umask takes its part. ``fresh``: only if there is no file yet.
    ``errors`` says what becomes of half characters, as file names that are no UTF-8 have them (see ``codecs``).
    What is no file of its own (see ``is_stream``) is written into and stays what it is.

    Raises:
        FileExistsError: there is one, and it is to be ``fresh``; it is as it was.
        OSError: the folder cannot be written.
    """
    if not fresh and is_stream(path):
        _write_into(path, text, errors)
        return
    target = Path(os.path.realpath(path))  # what a link leads to is written, and the link stays
    # The name is cut: with what makes it unique it must not be longer than a name may be.
    whole_soon = target.with_name(f".{target.name[:40]}.{uuid4().hex}{TEMPORARY}")
    handle = os.open(whole_soon, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n", errors=errors) as file:
            file.write(text)
        if fresh:
            os.link(whole_soon, target)  # unlike a rename it fails where something came in between
            whole_soon.unlink()
        else:
            whole_soon.replace(target)
    except BaseException:
        whole_soon.unlink(missing_ok=True)
        raise


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a rename would put a file in the place of something else.

    That is a device or a pipe (``/dev/null``, ``>(gzip)``), or what our own stdout or stderr is (``/dev/stdout``).
    """
    try:
        there = Path(path).stat()
    except OSError:
        return False
    is_usual = stat.S_ISREG(there.st_mode) or stat.S_ISDIR(there.st_mode)
    return not is_usual or any(_is_open_as(number, there) for number in (1, 2))


def _is_open_as(number: int, there: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(number), there)
    except OSError:
        return False  # it is closed


def _write_into(path: str | os.PathLike[str], text: str, errors: str) -> None:
    # Behind what stands there: stdout may be a file that has something already.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n", errors=errors) as file:
        file.write(text)
