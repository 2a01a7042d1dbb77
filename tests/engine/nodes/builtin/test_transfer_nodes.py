from __future__ import annotations

import pytest

from pflow_engine.nodes.builtin.transfer_nodes import CopyFile, MoveFile

_REFUSALS = [
    ("no", "new/b", "no such file"),
    ("inner", "b", "it is a folder"),
    ("a", "inner", "the destination is a folder; give the path the file gets in it"),
    ("a", "a", "it is the same file"),
    ("a", "b", "the destination exists; overwrite: true replaces it"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a file ``a`` and a folder ``inner`` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("a")
    (tmp_path / "inner").mkdir()
    return tmp_path


def test_copy_made(run, folder):
    """A copy is made, with the folders it is in; the file stays."""
    assert (None, {"copied": True}) == run(CopyFile, source_path="a", dest_path="new/b")
    assert ("a", "a") == ((folder / "a").read_text(), (folder / "new/b").read_text())


def test_file_moved(run, folder):
    """The file is moved, and the folders made."""
    assert (None, {"moved": True}) == run(MoveFile, source_path="a", dest_path="new/b")
    assert (False, "a") == ((folder / "a").exists(), (folder / "new/b").read_text())


@pytest.mark.parametrize("source", [CopyFile, MoveFile])
def test_overwrite_replaces(run, folder, source):
    """With overwrite, what is there is replaced."""
    (folder / "b").write_text("longer than a")
    assert None is run(source, source_path="a", dest_path="b", overwrite=True)[0]
    assert "a" == (folder / "b").read_text()


@pytest.mark.parametrize(("source", "verb", "output"), [(CopyFile, "copy", "copied"), (MoveFile, "move", "moved")])
def test_transfer_refused(run, folder, source, verb, output):
    """What cannot be done, or would destroy something, is an error, and all stays as it was."""
    (folder / "b").write_text("b")
    for start, end, reason in _REFUSALS:
        expected = {output: False, "error": f"cannot {verb} '{start}' to '{end}': {reason}"}
        assert ("error", expected) == run(source, source_path=start, dest_path=end)
    assert ["a", "b", "inner"] == sorted(path.name for path in folder.iterdir())
    assert "b" == (folder / "b").read_text()
