"""Folders to the files in them that may be workflows."""

import pytest

from pflow_engine.document.folder import is_workflow_name, workflow_files


def _made(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _found(folder):
    return [path.relative_to(folder).as_posix() for path in workflow_files(folder)]


def test_by_name(tmp_path):
    """Files that may be workflows by their names are found in order, below the folder, too."""
    _made(tmp_path, "b.json", "a/z.yaml", "a/y.yml", "c.pflow.md", "c.md", "d.txt")
    assert ["a/y.yml", "a/z.yaml", "b.json", "c.pflow.md"] == _found(tmp_path)


@pytest.mark.parametrize("name", ["w.test.yaml", "w.test.json", "w.tests.yml", "w.tests.yaml"])
def test_cases(tmp_path, name):
    """Files with cases, by a right or a wrong name, are no workflows."""
    _made(tmp_path, name)
    assert [] == _found(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("latest.json", True), ("test.yaml", True), ("batch-test.json", True), ("a.test.yaml", False)],
)
def test_one_name(tmp_path, name, expected):
    """A word that ends with test is none of these."""
    assert expected == is_workflow_name(tmp_path / name)


@pytest.mark.parametrize("name", [".git", "node_modules", "build", "venv", "__traces__", "__pycache__", "a.egg"])
def test_passed_over(tmp_path, name):
    """Folders nobody keeps workflows in are passed over."""
    _made(tmp_path, f"{name}/w.json")
    assert [] == _found(tmp_path)


def test_environment(tmp_path):
    """A virtual environment is passed over, whatever its name."""
    _made(tmp_path, "mine/w.json", "mine/pyvenv.cfg")
    assert [] == _found(tmp_path)


def test_links(tmp_path):
    """A link to another folder is followed, one to a folder that it stands in is not."""
    _made(tmp_path, "in/w.json", "out/v.json")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "here").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "other").symlink_to(tmp_path / "out")
    assert ["other/v.json", "w.json"] == _found(tmp_path / "in")
