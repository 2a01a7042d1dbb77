"""Strict JSON to a file, whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write through a temporary file and a rename, mode 0600; a reader sees the old file or the new one.

    Raises:
        OSError: the folder cannot be written.
        ValueError: ``value`` is not strict JSON.
    """
    target = Path(path)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, target)  # noqa: PTH105  # os.replace says what is meant: over whatever is there
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
