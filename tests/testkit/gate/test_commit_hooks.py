"""The hooks for pre-commit, as a repository of its own gives them to another one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / ".pre-commit-hooks.yaml"
CONFIG = """\
repos:
- repo: {path}
  rev: {revision}
  hooks:
  - id: pflow-validate
    language: system  # what is tested is not to be installed again
    args: [flows]
  - id: pflow-gate
    verbose: true
"""


class Hooked:
    """A repository with the hooks in its configuration; they run in the environment of these tests."""

    def __init__(self, repo, home):
        self.repo = repo
        found = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self.env = {**os.environ, **found, "PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}

    def commit(self):
        """Try to commit all there is."""
        self.repo.git("add", "-A")
        return self.call("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a change")

    def call(self, *command):
        """Run a command there."""
        return subprocess.run(command, cwd=self.repo.path, env=self.env, capture_output=True, text=True, check=False)


@pytest.fixture
def hooked(repo, tmp_path):
    """A repository whose commits go through the hooks."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(FILE, hooks)
    repo.git("init", "-q", cwd=hooks)
    repo.git("add", "-A", cwd=hooks)
    repo.git("commit", "-qm", "hooks", cwd=hooks)
    revision = repo.git("rev-parse", "HEAD", cwd=hooks)
    repo.write(".pre-commit-config.yaml", CONFIG.format(path=hooks, revision=revision))
    repo.write("flows/b.json")
    repo.commit()
    made = Hooked(repo, tmp_path / "home")
    installed = made.call(sys.executable, "-m", "pre_commit", "install")
    assert 0 == installed.returncode, installed.stderr
    return made


def test_manifest(tmp_path):
    """pre-commit takes the file for a list of hooks; it does not take one with a hook of no language."""
    broken = tmp_path / "hooks.yaml"
    broken.write_text(FILE.read_text().replace("language: python", "language: pythn"))
    for file, code in ((FILE, 0), (broken, 1)):
        command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(file)]
        assert code == subprocess.run(command, capture_output=True, check=False).returncode


def test_commits(hooked):
    """A sound change is committed; a breaking one is not, nor one with an error, whatever file it is in."""
    repo = hooked.repo
    repo.write("flows/a.json", repo.named | {"description": "Says hi."})
    done = hooked.commit()
    assert 0 == done.returncode, done.stderr
    assert "1 COSMETIC" in done.stderr
    (repo.path / "flows/b.json").unlink()
    done = hooked.commit()
    assert 1 == done.returncode
    assert "BREAKING  workflow-removed  flows/b.json" in done.stderr
    repo.git("checkout", "-q", "HEAD", "flows")
    repo.write("flows/c.json", {"nodes": [{"id": "x", "type": "nothing"}]})
    done = hooked.commit()
    assert 1 == done.returncode
    assert "flows/c.json:1:" in done.stderr.partition("pflow gate")[0]


def test_other_files(hooked):
    """A commit that changes no workflow passes."""
    hooked.repo.write("readme.md", "# Read me")
    done = hooked.commit()
    assert 0 == done.returncode, done.stderr
