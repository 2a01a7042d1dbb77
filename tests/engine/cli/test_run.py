"""Runs at the command line: what stands on each stream, and the exit code."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes as POSIX has them")
PATIENCE = 60
ITEMS = {"items": [1, 2, 3], "error_handling": "continue"}


def _timeless(text):
    return re.sub(r"\d+\.\d{3}s|\d+ms", "…", text)


def test_outputs_alone_on_stdout(process):
    """Outputs are all of stdout; the summary is all of stderr."""
    code, out, err = process("run", "triage.json", "since=v1")
    assert (0, "2\n") == (code, out)
    assert _timeless(err) == (
        "✓ Workflow completed in …\nNodes executed (2):\n  ✓ fetch (…)\n  ✓ label (…) - 2/2 items succeeded\n"
    )


def test_json(process):
    """With --json stdout is one JSON document, and stderr is empty."""
    code, out, err = process("run", "triage.json", "since=v1", "--json")
    told = json.loads(out)
    assert (0, "success", {"count": 2}, "") == (code, told["status"], told["outputs"], err)


def test_node_prints(process, write):
    """What a node prints is no result: it goes to stderr."""
    code, out, err = process("run", write([{"id": "n", "type": "noisy"}]))
    assert (0, "7\n") == (code, out)
    assert err.startswith("said to stdout\n✓ Workflow completed in ")


def test_bug_of_node(process, write):
    """A bug in a node is that node's failure: code 1, no outputs, no traceback."""
    code, out, err = process("run", write([{"id": "n", "type": "broken"}]))
    assert (1, "") == (code, out)
    assert _timeless(err) == (
        "❌ Workflow failed after …\nNodes executed (1):\n  ❌ n (…)\n\n"
        "w.json:1:12: error: node 'n' failed: KeyError: 1 [node-failed]\n"
        '  1 | {"nodes": [{"id": "n", "type": "broken"}]}\n    |            ^\n  at nodes[0]\n'
    )


@pytest.mark.parametrize(("options", "code"), [([], 3), (["--allow-degraded"], 0)])
def test_degraded(process, write, options, code):
    """A degraded run has a code of its own, unless it is allowed; its outputs are shown either way."""
    node = {"id": "n", "type": "odd", "batch": ITEMS, "params": {"item": "${item}"}}
    file = write([node], outputs={"odd": {"source": "${n.success_count}"}})
    ended = process("run", file, *options)
    assert (code, "2\n") == ended[:2]
    assert "Batch 'n' errors:\n  [1] 2 is even\n" in ended.err


def test_invalid(process, write):
    """A workflow with problems does not run: all of them on stderr, and code 1."""
    code, out, err = process("run", write([{"id": "n", "type": "eco"}, {"id": "n", "type": "echo"}]))
    assert (1, "") == (code, out)
    assert ["[unknown-type]", "[duplicate-id]"] == re.findall(r"\[[a-z-]+\]$", err, re.MULTILINE)


def test_invalid_as_json(called, write):
    """With --json the problems are JSON on stdout."""
    code, out, err = called("run", write([{"id": "n", "type": "eco"}]), "--json")
    assert (1, "unknown-type", "") == (code, json.loads(out)["problems"][0]["code"], err)


def test_warnings(called, write):
    """Warnings are told before the summary, and stop nothing."""
    file = write([{"id": "n", "type": "echo", "params": {"a": 1}}], inputs={"x": {"default": 1}})
    code, out, err = called("run", file)
    assert (0, "1\n") == (code, out)
    assert err.startswith("w.json:1:73: warning: input 'x' is never used [unused-input]\n")


@pytest.mark.parametrize("arguments", [["no.json"], ["triage.txt"], ["."]])
def test_file_not_there(called, arguments):
    """A file that is not there, or none by its name, is a mistake of the call."""
    code, out, err = called("run", *arguments)
    assert (2, "") == (code, out)
    assert err.startswith(f"{arguments[0]}: error: ")


def test_trace(called, project):
    """The trace is written where --trace says."""
    assert 0 == called("run", "triage.json", "since=v1", "--trace", "t.json").code
    assert "success" == json.loads((project / "t.json").read_text())["status"]


@pytest.mark.parametrize(
    ("trace", "said"),
    [("no/t.json", "there is no folder no"), (".", "this is a folder"), ("shut/t.json", "may not be written")],
)
def test_trace_has_no_place(called, project, monkeypatch, trace, said):
    """A trace that could not be written is told before anything runs."""
    (project / "shut").mkdir(mode=0o500)
    # For whoever may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _mode: "shut" not in str(path))
    code, out, err = called("run", "triage.json", "since=v1", "--trace", trace)
    assert (2, "") == (code, out)
    assert err.startswith(f"{trace}: error: the trace cannot be written: ")
    assert said in err


def test_disk_full(called, monkeypatch):
    """What the system refuses is told in a line."""

    def refuse(*_):
        raise OSError(28, "No space left on device", "t.json")

    monkeypatch.setattr("pflow_engine.flow.write_json", refuse)
    ended = called("run", "triage.json", "since=v1", "--trace", "t.json")
    assert (1, "", "error: t.json: no space left on device\n") == ended


@pytest.mark.parametrize("arguments", [["run", "big.json"], ["validate", "bad"], ["nodes", "--json"]])
def test_reader_has_enough(start, write, arguments):
    """A closed pipe is quiet, and the code is that of what was done."""
    write([{"id": "n", "type": "echo", "params": {"a": ["x" * 90] * 5000, "b": 1}}], "big.json")
    write([{"id": f"n{number}", "type": "nope"} for number in range(999)], "bad/bad.json")
    process = start(*arguments)
    process.stdout.close()
    err = process.stderr.read().decode()
    assert ("validate" in arguments) == process.wait(PATIENCE)
    assert "Broken" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams(process, write, project, closed):
    """A run whose streams are closed from the start runs as any other."""
    node = {"id": "n", "type": "code", "params": {"code": "result = 7"}}
    file = write([node], outputs={"x": {"source": "${n.result}"}})
    code, out, err = process(
        "run", file, "--trace", "t.json", preexec_fn=lambda: [os.close(number) for number in closed]
    )
    assert (0, "" if 1 in closed else "7\n") == (code, out)
    assert (2 in closed) == (err == "")
    assert "success" == json.loads((project / "t.json").read_text())["status"]


@pytest.fixture
def waiting(start, write, project):
    """A run that is in the midst of a node, its trace to be written to ``t.json``."""
    file = write([{"id": "done", "type": "echo"}, {"id": "n", "type": "waits"}])

    def begin(*options, **of_popen):
        process = start("run", file, *options, **of_popen)
        while not (project / "waiting").exists():
            assert process.poll() is None
            threading.Event().wait(0.01)
        return process

    return begin


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_interrupted(waiting, project, signum, code):
    """Ctrl-C exits with 130, SIGTERM ends the process by itself; the trace is written by both."""
    process = waiting("--trace", "t.json")
    process.send_signal(signum)
    out, err = process.communicate(timeout=PATIENCE)
    said = b"interrupted; the trace is in t.json\n" if signum == signal.SIGINT else b""
    assert (code, b"", said) == (process.returncode, out, err)
    trace = json.loads((project / "t.json").read_text())
    assert ("interrupted", ["done", "n"]) == (trace["status"], [node["id"] for node in trace["nodes"]])


def test_interrupted_without_trace(waiting):
    """Ctrl-C is told in a word where there is no trace."""
    process = waiting("--json")
    process.send_signal(signal.SIGINT)
    assert (b"", b"interrupted\n") == process.communicate(timeout=PATIENCE)
    assert 130 == process.returncode


def test_from_without_only(called):
    """--from is for --only."""
    code, _, err = called("run", "triage.json", "--from", "t.json")
    assert (2, True) == (code, "--from goes with --only" in err)


def test_dask(local_cluster, process):
    """A parallel batch runs on the cluster that --dask names."""
    with local_cluster(1) as cluster:
        code, out, err = process("run", "triage.json", "since=v1", "--dask", cluster.address)
    assert (0, "2\n") == (code, out)
    assert "2/2 items succeeded" in err


def test_dask_not_there(process):
    """A scheduler that is not there is told before anything runs."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        code, out, err = process("run", "triage.json", "since=v1", "--dask", address)
    assert (2, "") == (code, out)
    assert err.startswith(f"error: no Dask scheduler answers at {address}: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("address", ["nonsense", "foo://x:1"])
def test_dask_no_address(process, address):
    """What is no address is told at once, and leaves nothing half open that would complain at the end."""
    code, out, err = process("run", "triage.json", "since=v1", "--dask", address)
    assert (2, "", 2) == (code, out, len(err.splitlines()))
    assert err.startswith(f"error: no Dask scheduler answers at {address}: ")


def test_dask_missing(process, tmp_path):
    """Without the extra the error says how to install it."""
    (tmp_path / "site" / "distributed.py").write_text("raise ImportError('No module named distributed')")
    assert process("run", "triage.json", "since=v1", "--dask", "tcp://x:1") == (
        2,
        "",
        "error: DaskExecutor needs Dask: No module named distributed [dask-missing]\n  hint: pip install 'pflow-testkit[dask]'\n",
    )


def test_script():
    """The command is installed by its name."""
    script = f"{sys.prefix}/bin/pflow-testkit"
    shown = subprocess.run([script, "run", "triage.json", "since=v1"], capture_output=True, check=True)
    assert b"2\n" == shown.stdout
