"""A real git repository with a folder of workflows, and pytest runs over it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pflow_testkit.gate.before.baseline import Baseline, Project, baseline_of

SAY = {"nodes": [{"id": "say", "type": "echo", "params": {"text": "hi"}}]}
NAMED = {
    "inputs": {"name": {"type": "string", "default": "you"}},
    "nodes": [{"id": "say", "type": "echo", "params": {"text": "hi ${name}"}}],
    "outputs": {"text": {"source": "${say.text}"}},
}
BROKEN = {**NAMED, "outputs": {"words": {"source": "${say.text}"}}}
AUTHOR = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
COMMITTER = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True)
class Repo:
    """A working tree; ``write`` writes files in it, ``run`` runs pytest there."""

    path: Path
    pytester: pytest.Pytester
    say = SAY
    named = NAMED
    broken = BROKEN

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """Run git, and give what it printed."""
        env = {**os.environ, **AUTHOR, **COMMITTER, **ALONE}
        command = ["git", "-c", "protocol.file.allow=always", *args]
        done = subprocess.run(command, cwd=cwd or self.path, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name: str, content: object = SAY) -> Path:
        """A file; what is no text is written as JSON."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def commit(self, message: str = "a change") -> str:
        """Commit all there is, and give the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *args: str) -> pytest.RunResult:
        """Pytest in this process, against the last commit."""
        return self.pytester.runpytest_inprocess("--pflow-workflows=flows", "--pflow-against=HEAD", *args)

    def base(self, reference: str | None = "HEAD", folder: str = "flows") -> Baseline:
        """What a folder is compared with."""
        project = Project(self.path, self.path, (".*", "venv"))
        return baseline_of(self.path / folder, reference, project)

    def changed(self, reference: str = "HEAD", folder: str = "flows") -> set[str]:
        """The files that are different now."""
        return self.base(reference, folder).now.changed

    def refused(self, *args: str) -> str:
        """What pytest says, on one line, when it does not run for the options it was given."""
        result = self.pytester.runpytest_inprocess("--pflow-workflows=flows", *args)
        assert pytest.ExitCode.USAGE_ERROR == result.ret
        assert "Traceback" not in str(result.stderr)
        return " ".join(str(result.stderr).split())

    def selected(self, *args: str) -> list[str]:
        """The ids of the tests that are run with ``--pflow-changed``."""
        result = self.run("--pflow-changed", "--collect-only", "-q", *args)
        return [line for line in result.outlines if "::" in line and not line.startswith(" ")]


@pytest.fixture
def repo(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with one commit, of a workflow ``flows/a.json``."""
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    made = Repo(pytester.path, pytester)
    made.git("init", "-q", "-b", "main")
    made.write(".gitignore", "__pycache__\n.pytest_cache\nstdout\nstderr\nrunpytest-*\n")
    made.write("flows/a.json", NAMED)
    made.commit("first")
    return made
