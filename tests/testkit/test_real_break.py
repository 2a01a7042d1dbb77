"""The demo, broken the way a team would break it."""

import shutil
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "workflows"


@pytest.fixture
def demo(project) -> Path:
    """A copy of the demo."""
    return Path(shutil.copytree(DEMO, project.flows, dirs_exist_ok=True))


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_sound_demo_passes(project, demo):
    """The demo as it is passes."""
    assert pytest.ExitCode.OK == project.run().ret


def test_renamed_output_is_caught(project, demo):
    """An output renamed in its node fails validation at the line that still has the old name, and gives the new one."""
    _edit(demo / "conftest.py", '"label"', '"labels"')
    project.run("-k", "triage and validate").stdout.fnmatch_lines(
        [
            "flows/triage.json:28:*: ${classify.results[[]0[]].label}: an item of 'classify' (label-commit) has no output 'label'*",
            '  28 *"first": "${classify.results[[]0[]].label}"*',
            "*did you mean 'labels'?*",
        ]
    )


def test_renamed_echo_param_is_caught(project, demo):
    """An echo whose param is renamed no longer has the output a workflow's output is made of."""
    _edit(demo / "clear_inbox.yaml", "params: {text:", "params: {texts:")
    project.run("-k", "clear_inbox and validate").stdout.fnmatch_lines(
        [
            "flows/clear_inbox.yaml:17:*error: ${done.text}: node 'done' (echo) has no output 'text'*",
            "*did you mean 'texts'?*",
        ]
    )


def test_swapped_items_are_caught(project, demo):
    """Results of two items swapped fail the run, naming the node and each item."""
    _edit(demo / "conftest.py", '"fix": "bug", "crash": "bug", "add": "feature"', '"fix": "feature", "add": "bug"')
    result = project.run("-k", "triage and two")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        [
            'flows/triage.test.yaml:11:*error: node \'classify\', item 0: results[[]0[]].label is "feature", expected "bug"*',
            'flows/triage.test.yaml:11:*error: node \'classify\', item 1: results[[]1[]].label is "bug", expected "feature"*',
        ]
    )
