"""A workflow file and pytest's words about it, to outcomes: one for each of its test items.

pytest runs in a process of its own: what it knows of plugins, fixtures and conftest.py files is the project's.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal
from xml.etree import ElementTree as ET

from pflow_engine.clock import CancelToken
from pflow_engine.errors import InvalidInput, Problem, did_you_mean, showable
from pflow_engine.mcp_server.answer import Answer
from pflow_engine.nodes.builtin.process import Ended, Launch, run_group

Outcome = Literal["passed", "failed", "error", "skipped"]

_OUTCOMES: Final[dict[str, Outcome]] = {"failure": "failed", "error": "error", "skipped": "skipped"}
_USAGE: Final = 4
_NO_ITEMS: Final = 5
_LONGEST_WORDS: Final = 4000


@dataclass(frozen=True, slots=True)
class Item:
    """A test item that ran. ``text`` is why it did not pass."""

    id: str
    outcome: Outcome
    seconds: float
    text: str


def run_tests(path: str, case: str | None, seconds: float, cancel: CancelToken) -> Answer:
    """Run the items of a workflow file, or the one of a case.

    Raises:
        InvalidInput: there is no such case, there are no tests, or pytest could not run them in that time.
    """
    with tempfile.TemporaryDirectory(prefix="pflow-mcp-") as folder:
        report = Path(folder, "junit.xml")
        chosen = [_item_id(path, case)] if case else []
        ended = _pytest([*chosen, f"--junitxml={report}"], path, seconds, cancel)
        if ended.stopped:
            raise _refused("test-stopped", f"the tests of '{path}' were stopped: {ended.stopped}", "")
        items = list(_items(report, path)) if report.exists() else []
    if items:
        return _answer(items)
    raise _no_such_case(path, case, seconds, cancel) if case and _is_lost(ended) else _nothing_ran(path, ended)


def _pytest(options: Sequence[str], path: str, seconds: float, cancel: CancelToken) -> Ended:
    command = [sys.executable, "-m", "pytest", *options, f"--pflow-workflows={path}", "-q", "--color=no"]
    return run_group(Launch(command), seconds, cancel)


def _item_id(path: str, case: str) -> str:
    # Absolute, so that no file's name is taken for an option.
    return f"{os.path.abspath(path)}::run[{case}]"  # noqa: PTH100  # Path would follow no differently, and is longer


def _items(report: Path, path: str) -> Iterator[Item]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it just now
        said = next((child for child in case if child.tag in _OUTCOMES), None)
        outcome = "passed" if said is None else _OUTCOMES[said.tag]
        text = "" if said is None else (said.text or said.get("message") or "").strip()
        name = case.get("name", "")
        is_item = bool(case.get("classname"))
        yield Item(f"{path}::{name}" if is_item else path, outcome, float(case.get("time", 0)), showable(text))


def _answer(items: list[Item]) -> Answer:
    passed = all(item.outcome in ("passed", "skipped") for item in items)
    counts = {outcome: sum(item.outcome == outcome for item in items) for outcome in ("passed", *_OUTCOMES.values())}
    told = [f"{item.outcome.upper()} {item.id}" + (f"\n{item.text}" if item.text else "") for item in items]
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    text = "\n\n".join([summary, *told]) if any(item.text for item in items) else "\n".join([summary, *told])
    return Answer((text,), {"passed": passed, "items": [asdict(item) for item in items]}, failed=not passed)


def _is_lost(ended: Ended) -> bool:
    return ended.exit_code == _USAGE and b"ERROR: not found: " in ended.stderr


def _no_such_case(path: str, case: str, seconds: float, cancel: CancelToken) -> InvalidInput:
    listed = _pytest(["--collect-only"], path, seconds, cancel).stdout.decode(errors="replace")
    ids = [line.partition("::run[")[2].removesuffix("]") for line in listed.splitlines() if "::run[" in line]
    hint = did_you_mean(case, ids, otherwise="it has: ") or "it has no cases"
    return _refused("no-such-case", f"'{path}' has no case '{case}'", hint)


def _nothing_ran(path: str, ended: Ended) -> InvalidInput:
    if ended.exit_code == _NO_ITEMS:
        return _refused("no-tests", f"'{path}' has no tests", "is it a workflow, and not left out by an option?")
    words = "\n".join(text.decode(errors="replace").strip() for text in (ended.stdout, ended.stderr) if text)
    return _refused("no-tests", f"pytest ended with {ended.exit_code} and ran nothing:\n{words[-_LONGEST_WORDS:]}", "")


def _refused(code: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput(Problem(code, message, hint=hint))
