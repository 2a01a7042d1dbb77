"""What was found out to stdout, and all that is said about it to stderr.

Whoever reads may have heard enough (``| head -1``): that is no failure, and nothing more is said.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from pflow_engine.errors import Problem
from pflow_engine.formatting import problems_as_json, problems_as_text


def show(text: str) -> None:
    """Results: text, with a line feed at its end."""
    _write(sys.stdout, text)


def show_json(value: Any) -> None:
    """Results: one JSON document."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2))


def show_problems(problems: Iterable[Problem], *, as_json: bool) -> None:
    """Problems that are results themselves, or stand in place of some that a program waits for."""
    if as_json:
        show_json({"problems": problems_as_json(problems)})
    else:
        show(problems_as_text(problems))


def say(text: str) -> None:
    """Anything else."""
    _write(sys.stderr, text)


def keep_streams() -> None:
    """Make the streams take whatever is written, also where they are closed or know few characters."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: else a file or a pipe would take it
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for good
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)


def _write(stream: TextIO, text: str) -> None:
    if not text:
        return
    try:
        stream.write(text if text.endswith("\n") else f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        # What the stream still holds goes where nobody waits for it; else Python complains of it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
