"""Strict JSON to a file."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from pflow_engine.trace import write_json, write_text


def test_whole(tmp_path):
    """The file has the value, readable, and nothing else is left in the folder."""
    write_json(tmp_path / "trace.json", {"é": [1]})
    assert (tmp_path / "trace.json").read_text(encoding="utf-8") == '{\n  "é": [\n    1\n  ]\n}\n'
    assert [tmp_path / "trace.json"] == list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_mode(tmp_path):
    """Nobody else may read it, also where anyone could read what it replaces."""
    file = tmp_path / "trace.json"
    file.write_text("old")
    file.chmod(0o644)
    write_json(str(file), 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_not_strict(tmp_path):
    """What is not strict JSON is refused before there is a file."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "trace.json", float("nan"))
    assert [] == list(tmp_path.iterdir())


def test_no_folder(tmp_path):
    """A folder that is not there is an OSError."""
    with pytest.raises(FileNotFoundError):
        write_json(tmp_path / "nope" / "trace.json", 1)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_leaves_old(tmp_path, monkeypatch, error):
    """If it cannot be finished the old file stands and the temporary one is gone."""

    def fail(*_):
        raise error

    file = tmp_path / "trace.json"
    write_json(file, "old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(type(error)):
        write_json(file, "new")
    assert [tmp_path / "trace.json"] == list(tmp_path.iterdir())
    assert json.loads(file.read_text()) == "old"


def test_fresh(tmp_path):
    """A file that is to be fresh is written where there is none, and left alone where there is one."""
    file = tmp_path / "w.json"
    write_text(file, "old", fresh=True)
    with pytest.raises(FileExistsError):
        write_text(file, "new", fresh=True)
    assert ("old", [file]) == (file.read_text(), list(tmp_path.iterdir()))


def test_never_half(tmp_path):
    """Whoever reads while it is written sees a whole file."""
    file, values, done = tmp_path / "trace.json", [["a"] * 5000, ["b"] * 5000], threading.Event()
    write_json(file, values[0])
    seen = []

    def read():
        while not done.is_set():
            seen.append(json.loads(file.read_text()) in values)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        write_json(file, values[number % 2])
    done.set()
    reader.join()
    assert {True} == {*seen, True}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's")
def test_pipe_stays(tmp_path):
    """A pipe is written into, as ``>(gzip)`` of a shell is; no file takes its place."""
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    write_json(pipe, "é")
    reader.join(60)
    assert (['"é"\n'], True, [pipe]) == (got, stat.S_ISFIFO(pipe.stat().st_mode), list(tmp_path.iterdir()))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's")
def test_own_stdout_stays(tmp_path):
    """What stdout goes to is written behind what it has, and other output after it."""
    file = tmp_path / "out.txt"
    code = """import os; from pflow_engine.trace import write_text
os.write(1, b'a'); write_text('/dev/stdout', 'b'); os.close(2); write_text('other', 'c'); write_text('other', 'd')"""
    with file.open("ab") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, cwd=tmp_path, check=True, timeout=60)
    assert ("ab", "d") == (file.read_text(), (tmp_path / "other").read_text())
