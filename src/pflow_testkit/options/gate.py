"""The command line and the ini file to what is compared with what."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pflow_testkit.options.files import OutputFile, output_file, refuse_wrong
from pflow_testkit.options.session import Options

KEY: pytest.StashKey[GateOptions] = pytest.StashKey()
GATE: pytest.StashKey[Any] = pytest.StashKey()
"""The gate of the session, where there is one."""


class GateOptions(NamedTuple):
    """``against`` is a git revision or a folder; ``allow`` are the approvals of the ini file, as written.

    ``replay`` is how many seconds a case may take when it is replayed; 0 where none is.
    ``sarif`` and ``summary`` are files to write, ``step_summary`` the one to add to that GitHub shows beside a job;
    ``actions`` says whether this is one of its jobs.
    """

    against: str | None = None
    changed: bool = False
    allow: tuple[str, ...] = ()
    sarif: OutputFile | None = None
    summary: OutputFile | None = None
    step_summary: Path | None = None
    actions: bool = False
    replay: float = 30.0

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """Those to write."""
        return tuple(file for file in (self.sarif, self.summary) if file is not None)

    @property
    def draws(self) -> bool:
        """Whether anybody is shown a graph."""
        return self.summary is not None or self.step_summary is not None


def add_gate_options(parser: pytest.Parser) -> None:
    """Declare the options; their help is what ``pytest --help`` prints."""
    group = parser.getgroup("pflow", "pflow workflows (pflow-testkit)")
    group.addoption(
        "--pflow-against",
        metavar="REF",
        help="compare the workflows with those at a git revision (at the last commit in common with it, as a pull "
        "request does) or in another copy of the project; a change that breaks those who use a workflow fails its "
        "item 'gate' unless it is approved",
    )
    group.addoption(
        "--pflow-changed",
        action="store_true",
        default=False,
        help="run only the tests of workflows that may come out differently from REF of --pflow-against (without it, "
        "from the upstream of the branch): those that changed, their cases and snapshots, and those that nest them",
    )
    group.addoption(
        "--pflow-replay",
        metavar="SECONDS",
        help="how long a case may take where --pflow-against replays it: runs it, as it was, on a workflow that "
        "changed, and tells what comes out differently (30, or pflow_replay of the ini file; 0 replays none)",
    )
    parser.addini("pflow_replay", default="30", help="the default of --pflow-replay")
    group.addoption(
        "--pflow-sarif",
        metavar="FILE",
        help="write what --pflow-against found as SARIF 2.1.0, for code scanning and editors",
    )
    group.addoption(
        "--pflow-summary",
        metavar="FILE.md",
        help="write what --pflow-against found as Markdown, with the graphs of the workflows that changed",
    )
    parser.addini(
        "pflow_gate_allow",
        type="linelist",
        default=[],
        help="breaking changes that are approved: 'FILE::RULE[PATH]: the reason', as the gate prints them",
    )


def read_gate_options(config: pytest.Config) -> GateOptions:
    """The options of a session, checked as far as they can be without git.

    Raises:
        pytest.UsageError: nothing to compare with, a file that cannot be written, or no number of seconds.
    """
    against = config.getoption("pflow_against")
    if against is not None and not against.strip():
        raise pytest.UsageError("--pflow-against takes a git revision or a folder, and got an empty name")
    sarif, summary = _file(config, "sarif"), _file(config, "summary")
    files = [file for file in (sarif, summary) if file is not None]
    if against is None and files:
        needed = "needs to know what to compare with: --pflow-against=REF"
        raise pytest.UsageError("\n".join(f"{file.option}: {needed}" for file in files))
    refuse_wrong(files)
    actions = os.environ.get("GITHUB_ACTIONS") == "true"
    step = os.environ.get("GITHUB_STEP_SUMMARY") if actions else None
    return GateOptions(
        against,
        config.getoption("pflow_changed"),
        tuple(config.getini("pflow_gate_allow")),
        sarif=sarif,
        summary=summary,
        step_summary=Path(step) if step else None,
        actions=actions,
        replay=_replay(config),
    )


def _file(config: pytest.Config, kind: str) -> OutputFile | None:
    name: str | None = config.getoption(f"pflow_{kind}")
    return None if name is None else output_file(config, f"--pflow-{kind}={name}", name)


def _replay(config: pytest.Config) -> float:
    given = config.getoption("pflow_replay")
    name, said = ("pflow_replay", config.getini("pflow_replay")) if given is None else ("--pflow-replay", given)
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise pytest.UsageError(f"{name} takes a number of seconds, 0 to replay nothing, and got '{said}'")
    return seconds


def wants_gate(gate: GateOptions, options: Options) -> bool:
    """Whether anything is compared.

    Raises:
        pytest.UsageError: something is to be, and there are no workflows.
    """
    if (gate.against is None and not gate.changed) or options.init:
        return False
    if not options.folders:
        option = "--pflow-changed" if gate.against is None else "--pflow-against"
        raise pytest.UsageError(f"{option} needs to know where the workflows are: --pflow-workflows=DIR")
    return True
