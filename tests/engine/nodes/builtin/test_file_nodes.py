from __future__ import annotations

import pytest

from pflow_engine.errors import Unhealable
from pflow_engine.nodes.builtin.file_nodes import DeleteFile, ReadFile, WriteFile


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_read_text(run, tmp_path):
    """A file is read as it is, line ends and all."""
    (tmp_path / "a.txt").write_bytes("é\r\n".encode())
    assert (None, {"content": "é\r\n"}) == run(ReadFile, file_path="a.txt")


def test_read_encoding(run, tmp_path):
    """Text is read in the encoding that is given."""
    (tmp_path / "a.txt").write_bytes(b"\xe9")
    assert "é" == run(ReadFile, file_path="a.txt", encoding="latin-1")[1]["content"]


def test_read_binary(run, tmp_path):
    """What is no text comes as base64, and is said to."""
    (tmp_path / "a.bin").write_bytes(b"\xff\x00")
    assert (None, {"content": "/wA=", "content_is_binary": True}) == run(ReadFile, file_path="a.bin")


def test_home_expanded(run, tmp_path):
    """~ is the home folder."""
    run(WriteFile, file_path="~/a.txt", content="here")
    assert "here" == (tmp_path / "home/a.txt").read_text()
    assert "here" == run(ReadFile, file_path="~/a.txt")[1]["content"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no.txt", "no such file"),
        (".", "it is a folder"),
        ("file/below", "not a directory"),
        ("a\0b", "embedded null byte"),
        ("~nobody-of-that-name/x", "no such file"),
    ],
)
def test_read_failure(run, tmp_path, path, reason):
    """A file that cannot be read is an error with the reason in a few words."""
    (tmp_path / "file").touch()
    assert ("error", {"error": f"cannot read '{path}': {reason}"}) == run(ReadFile, file_path=path)


@pytest.mark.parametrize("encoding", ["no-such", "hex"])
def test_unknown_encoding(run, encoding):
    """An encoding that is none for text is refused."""
    with pytest.raises(Unhealable, match="parameter 'encoding'"):
        run(ReadFile, file_path="a.txt", encoding=encoding)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text\n", "text\n"),
        ({"é": [1]}, '{\n  "é": [\n    1\n  ]\n}'),
        ([], "[]"),
        (True, "True"),
        (0, "0"),
        (1.5, "1.5"),
        (None, ""),
        (b"bytes", "bytes"),
    ],
)
def test_write_forms(run, tmp_path, content, expected):
    """Text is written as it is, lists and maps as JSON, the rest as it would stand in text."""
    assert (None, {"written": True}) == run(WriteFile, file_path="a.txt", content=content)
    assert expected == (tmp_path / "a.txt").read_text()


def test_write_makes_folders(run, tmp_path):
    """The folders on the way are made."""
    run(WriteFile, file_path="a/b/c.txt", content="deep")
    assert "deep" == (tmp_path / "a/b/c.txt").read_text()


def test_write_replaces(run, tmp_path):
    """What was there is replaced, unless it is to be added to."""
    run(WriteFile, file_path="a.txt", content="first and long")
    run(WriteFile, file_path="a.txt", content="second")
    run(WriteFile, file_path="a.txt", content=" third", append=True)
    assert "second third" == (tmp_path / "a.txt").read_text()


def test_write_encoding(run, tmp_path):
    """Text is written in the encoding that is given."""
    run(WriteFile, file_path="a.txt", content="é", encoding="latin-1")
    assert b"\xe9" == (tmp_path / "a.txt").read_bytes()


def test_write_unencodable(run, tmp_path):
    """Text that the encoding has no form for is refused, and the file is not touched."""
    with pytest.raises(Unhealable, match="'content' cannot be written as text: 'ascii' codec can't encode"):
        run(WriteFile, file_path="a.txt", content="é", encoding="ascii")
    assert [] == list(tmp_path.iterdir())


def test_write_to_folder(run):
    """A folder cannot be written to."""
    expected = {"written": False, "error": "cannot write '.': it is a folder"}
    assert ("error", expected) == run(WriteFile, file_path=".", content="x")


def test_write_odd_data(run):
    """Data that JSON has no form for is refused."""
    with pytest.raises(Unhealable, match="'content' cannot be written as text: Object of type set"):
        run(WriteFile, file_path="a.txt", content={"s": {1}})


def test_content_required(run):
    """Content that is left out is missing; only a null that is given is empty."""
    with pytest.raises(Unhealable, match="'content' is missing"):
        run(WriteFile, file_path="a.txt")


def test_confirmed_delete(run, tmp_path):
    """A file is deleted when it is confirmed."""
    (tmp_path / "a.txt").touch()
    assert (None, {"deleted": True}) == run(DeleteFile, file_path="a.txt", confirm_delete=True)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "confirmed", "reason"),
    [
        ("a.txt", False, "confirm_delete is not true"),
        ("no.txt", True, "no such file"),
        (".", True, "it is a folder"),
    ],
)
def test_delete_refused(run, tmp_path, path, confirmed, reason):
    """Nothing else is deleted."""
    (tmp_path / "a.txt").touch()
    action, outputs = run(DeleteFile, file_path=path, confirm_delete=confirmed)
    assert ("error", {"deleted": False, "error": f"cannot delete '{path}': {reason}"}) == (action, outputs)
    assert (tmp_path / "a.txt").exists()


def test_confirmation_required(run):
    """Deleting without a word on confirm_delete is refused."""
    with pytest.raises(Unhealable, match="'confirm_delete' is missing"):
        run(DeleteFile, file_path="a.txt")
