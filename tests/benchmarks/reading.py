"""A megabyte of each dense form to one table: ``python tests/benchmarks/reading.py``. Run by hand; nothing here is a test.

The files are hostile: nothing but the smallest values, as many as fit. The goal is at most a second
each, counted in seconds of the processor: what else the machine does is no part of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from time import process_time
from typing import Any, Final

from table import Row, render
from timing import Contestant, interleaved

from pflow_engine import PflowError
from pflow_engine.document.load import parse
from pflow_engine.document.model import Form

_RUNS: Final = 5
_MEGABYTE: Final = 1_000_000
_SECONDS: Final = 1.0
_NODE: Final = "# T\n\n## Steps\n\n### a\n\nIt says it.\n\n- type: echo\n"

_MARKDOWN: Final = {
    "bullets of words": ("", "- k{at}: word\n", ""),
    "bullets of empty lists": ("", "- k{at}: []\n", ""),
    "bullets of short lists": ("", "- k{at}: [a, b]\n", ""),
    "bullets of short maps": ("", "- k{at}: {{a: 1, b: 2}}\n", ""),
    "bullets of quoted text": ("", '- k{at}: "x"\n', ""),
    "bullets of quoted keys": ("", '- "k{at}": x\n', ""),
    "bullets of maps below": ("", "- k{at}:\n    a: 1\n", ""),
    "bullets of text blocks": ("", "- k{at}: |\n    x\n", ""),
    "one bullet: list of maps below": ("- k:\n", "    - a: 1\n", ""),
    "one bullet: list of maps in brackets": ("- k: [", "{{a: 1}}, ", "]\n"),
    "one bullet: list of numbers": ("- k: [", "1, ", "]\n"),
    "one bullet: list of templates": ("- k: [", "${{a}}, ", "]\n"),
    "a YAML block of maps": ("\n```yaml k\n", "- a: 1\n", "```\n"),
    "a JSON block of numbers": ("\n```json k\n[", "1, ", "1]\n```\n"),
    "nodes": ("", "### n{at}\n\nIt.\n\n- type: e\n", ""),
}
_YAML: Final = {
    "a list of maps": ("", "- a: 1\n", ""),
    "a list of numbers": ("[", "1, ", "]"),
    "a list of maps, a key twice at the end": ("", "- a: 1\n", "- a: 1\n  a: 2\n"),
}
_JSON: Final = {"a list of numbers": ("[", "1, ", "1]"), "a list of maps": ("[", '{{"a": 1}}, ', "1]")}


def main() -> None:
    """Measure every form and print the table."""
    parser = argparse.ArgumentParser(description="Print how long a megabyte of each dense form takes to read.")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"rounds in which each is read once (default {_RUNS})")
    parser.add_argument("--quick", action="store_true", help="a kilobyte each: whether it works, not how fast")
    options = parser.parse_args()
    size = _MEGABYTE // 1000 if options.quick else _MEGABYTE
    python = f"{platform.python_implementation()} {platform.python_version()}"
    where = f"{python}, {os.cpu_count()} cores; medians of {options.runs} interleaved runs, {size:,} characters each"
    sys.stdout.write(f"{where}\n\n{render(_rows(size, options.runs), judged=not options.quick)}\n")


def _rows(size: int, runs: int) -> Iterator[Row]:
    forms: tuple[tuple[Form, dict[str, tuple[str, str, str]], str], ...] = (
        ("markdown", _MARKDOWN, _NODE),
        ("yaml", _YAML, ""),
        ("json", _JSON, ""),
    )
    contestants = [
        _contestant(f"{form}: {name}", form, head + _filled(*parts, size))
        for form, cases, head in forms
        for name, parts in cases.items()
    ]
    figures = interleaved(contestants, runs, warm=False)
    for contestant in contestants:
        seconds = figures.median(contestant.name)
        yield Row(contestant.name, f"{seconds:.2f} s", f"<= {_SECONDS:g} s", seconds <= _SECONDS)


def _contestant(name: str, form: Form, text: str) -> Contestant:
    def measure() -> float:
        started = process_time()
        outcome = _read(text, form)
        seconds = process_time() - started
        assert outcome
        return seconds

    return Contestant(name, measure)


def _filled(start: str, each: str, end: str, size: int) -> str:
    pieces, length, at = [start], 0, 0
    while length < size:
        pieces.append(each.format(at=at))
        length += len(pieces[-1])
        at += 1
    return "".join([*pieces, end])


def _read(text: str, form: Form) -> Any:
    try:
        return parse(text, form, "dense")
    except PflowError as error:
        return error  # to be refused takes its time, too


if __name__ == "__main__":
    main()
