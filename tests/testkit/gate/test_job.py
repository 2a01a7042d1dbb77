"""The job that other repositories call: its file, and its scripts in a real clone with what GitHub Actions sets."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

FILE = Path(__file__).parents[3] / ".github/workflows/pflow-gate.yml"
JOB = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # "on" is a word here
INPUTS = {name: given.get("default", "") for name, given in JOB["on"]["workflow_call"]["inputs"].items()}
NO_COMMIT = "0" * 40


def checked(path):
    """Holds a file against the schema of GitHub's workflows."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def step(name):
    """The step of that name."""
    (found,) = [each for each in JOB["jobs"]["gate"]["steps"] if each.get("name") == name]
    return found


class Clone:
    """What ``actions/checkout`` leaves: a clone with the whole history, where scripts run as a job's do."""

    def __init__(self, repo, path):
        self.repo, self.path = repo, path
        repo.git("clone", "-q", str(repo.path), str(path))

    def run(self, name, *, before="", **given):
        """Run the script of a step, with inputs of the job or variables of the environment."""
        known = {
            **{f"inputs.{key}": value for key, value in INPUTS.items()},
            "inputs.folder": "flows",
            "github.event.before": before,
        }
        known |= {f"inputs.{key}": value for key, value in given.items() if key.islower()}
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        env |= {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.path.parent / "step.md")}
        env |= {key: value for key, value in given.items() if key.isupper()}
        env |= {
            key: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], text)
            for key, text in step(name)["env"].items()
        }
        script = self.path.parent / "script.sh"
        script.write_text(step(name)["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True, check=False)

    def sarif(self):
        """The rules of the results that were written."""
        found = json.loads((self.path / "pflow-gate.sarif").read_text(encoding="utf-8"))
        return sorted(each["ruleId"] for each in found["runs"][0]["results"])


@pytest.fixture
def clone(repo, tmp_path):
    """Makes the clone, on a branch, of what the repository has by then."""

    def made(branch):
        found = Clone(repo, tmp_path / "work" / "flows")
        repo.git("checkout", "-q", branch, cwd=found.path)
        return found

    (tmp_path / "work").mkdir()
    return made


@pytest.fixture
def broken_branch(repo):
    """A branch with a breaking change in its second commit; since it left, main went on."""
    repo.git("switch", "-q", "-c", "mine")
    repo.write("flows/b.json")
    repo.commit()
    repo.write("flows/a.json", repo.broken)
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.write("flows/main.json")
    repo.commit()
    return "mine"


def test_schema(tmp_path):
    """The file is a workflow of GitHub's; one with a step of no kind is not."""
    assert 0 == checked(FILE).returncode, checked(FILE).stdout
    broken = tmp_path / "broken.yml"
    broken.write_text(FILE.read_text().replace("run: |", "runs: |", 1))
    assert 1 == checked(broken).returncode


def test_scripts_take_no_input():
    """What callers give stands in no script, where it would be read as code."""
    scripts = [each["run"] for each in JOB["jobs"]["gate"]["steps"] if "run" in each]
    assert 2 == len(scripts)
    assert not [script for script in scripts if "${{" in script]


def test_uploads_what_is_written():
    """The file that is uploaded is the one that the script writes."""
    upload = step("Upload to code scanning")
    assert f"--pflow-sarif={upload['with']['sarif_file']}" in step("Compare")["run"]
    assert f"hashFiles('{upload['with']['sarif_file']}')" in upload["if"]
    assert "write" == JOB["jobs"]["gate"]["permissions"]["security-events"]


def test_install(clone):
    """Packages are words for pip; what it cannot have fails the job."""
    found = clone("main")
    assert (
        "already satisfied: pflow-testkit" in found.run("Install", packages="--no-index --no-deps pflow-testkit").stdout
    )
    assert 0 != found.run("Install", packages="--no-index pflow-*").returncode


def test_pull_request(clone, broken_branch):
    """A pull request is compared with what it left its target from."""
    found = clone(broken_branch)
    done = found.run("Compare", GITHUB_BASE_REF="main")
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "::error file=flows/a.json,line=1," in done.stdout
    assert ["output-added", "output-removed", "replay-differs", "workflow-added"] == found.sarif()
    assert "`flows/a.json:1:" in (found.path.parent / "step.md").read_text(encoding="utf-8")


def test_push(clone, repo, broken_branch):
    """A push is compared with what the branch was; one that is new, or was forced, with the commit before its last."""
    found = clone(broken_branch)
    for before in (repo.git("rev-parse", "mine^"), NO_COMMIT, "", "f" * 40):
        assert 1 == found.run("Compare", before=before).returncode
        assert ["output-added", "output-removed", "replay-differs"] == found.sarif()
    assert 0 == found.run("Compare", before=repo.git("rev-parse", "mine")).returncode
    assert [] == found.sarif()


def test_given(clone, broken_branch):
    """What is said is what is done: the revision, and options with blanks in them."""
    found = clone(broken_branch)
    done = found.run("Compare", against="mine", args="-k 'not gate' -v", GITHUB_BASE_REF="main")
    assert 0 == done.returncode
    assert "against mine" in done.stdout
    done = found.run("Compare", folder='$(touch x)"; touch x', against="mine")
    assert 4 == done.returncode
    assert not (found.path / "x").exists()
