"""A snapshot has the same bytes whoever takes it, wherever, whenever and with however many workers."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pflow_engine import compile_ir_to_flow
from pflow_testkit.normalise import canonical_text, stable

CONFTEST = """\
import threading

from pflow_engine import node

arrived = threading.Barrier(2)


@node("pair", outputs={"text": str, "letters": set})
def pair(text: str) -> dict:
    try:
        arrived.wait(0.05)
    except threading.BrokenBarrierError:
        arrived.reset()
    return {"text": text.upper(), "letters": set(text)}


def pflow_register_nodes(registry):
    registry.register("pair", pair)
"""
FLOW = {
    "nodes": [
        {
            "id": "where",
            "type": "shell",
            "params": {
                "command": 'pwd; echo $HOME $TMPDIR $USER $LOGNAME; date -d @0; echo hi > kept.txt; ls -d "$PWD"/*'
            },
        },
        {
            "id": "code",
            "type": "code",
            "params": {"code": "import time, os; result = [time.tzname[0], os.getcwd(), str({'b', 'a', 'c', 'd'})]"},
        },
        {
            "id": "pairs",
            "type": "pair",
            "batch": {"items": ["one", "two", "three", "four"], "parallel": True},
            "params": {"text": "${item}"},
        },
        {"id": "read", "type": "read-file", "params": {"file_path": "${missing}"}},
    ],
    "inputs": {"missing": {"type": "string", "default": "no such file"}},
    "edges": [
        {"from": "where", "to": "code"},
        {"from": "code", "to": "pairs"},
        {"from": "pairs", "to": "read"},
    ],
}
CASES = "cases:\n" + "".join(
    f"- name: case {number}\n  snapshot: [trace, outputs, batch_metadata]\n  expect: {{status: failed}}\n"
    for number in range(8)
)


def kept(folder):
    """The snapshots below a folder, by name."""
    return {
        path.name: path.read_bytes() for path in folder.rglob("*.json") if path.is_file() and "__traces__" in path.parts
    }


@pytest.fixture
def flows(project):
    """Eight cases of a workflow that tells where it runs, all written."""
    project.write("conftest.py", CONFTEST)
    project.write("tell.json", FLOW)
    project.write("tell.test.yaml", CASES)
    project.run("--snapshot-update").assert_outcomes(passed=9)
    assert 24 == len(kept(project.flows))
    return project


def test_fifty_runs(flows):
    """Fifty runs of a case write the same: eight cases seven times over."""
    first = kept(flows.flows)
    assert 1 == len({text for name, text in first.items() if name.endswith("trace.json")})
    for _ in range(6):
        shutil.rmtree(flows.flows / "__traces__")
        flows.run("--snapshot-update").assert_outcomes(passed=9)
        assert first == kept(flows.flows)


@pytest.mark.parametrize("workers", ["1", "4"])
def test_workers_of_xdist(flows, workers):
    """So do any number of xdist's workers."""
    first = kept(flows.flows)
    shutil.rmtree(flows.flows / "__traces__")
    light = ("-n", workers, "-p", "no:hypothesispytest")
    result = flows.pytester.runpytest_subprocess("--pflow-workflows=flows", *light, "--snapshot-update")
    result.assert_outcomes(passed=9)
    assert first == kept(flows.flows)


def test_another_place_and_user(flows, tmp_path_factory, monkeypatch):
    """So does another user in another time zone and language, elsewhere, from another working directory."""
    first = kept(flows.flows)
    elsewhere = tmp_path_factory.mktemp("else where")
    shutil.copytree(flows.flows, elsewhere / "flows", ignore=shutil.ignore_patterns("__*"))
    for name, value in {"TZ": "Asia/Tokyo", "USER": "grace", "LOGNAME": "grace", "LANG": "de_DE.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    monkeypatch.chdir("/")
    args = (f"--pflow-workflows={elsewhere / 'flows'}", "--snapshot-update", f"--basetemp={elsewhere / 'tmp'}")
    flows.pytester.runpytest_subprocess(*args, f"--rootdir={elsewhere}").assert_outcomes(passed=9)
    assert first == kept(elsewhere)
    assert not any(str(elsewhere).encode() in text or b"grace" in text for text in first.values())


def test_workers_of_a_batch():
    """A batch's trace does not tell how many threads there were, nor who was first."""
    node = {
        "id": "a",
        "type": "echo",
        "params": {"x": "${item}"},
        "batch": {"items": list(range(40)), "parallel": True},
    }
    flow = compile_ir_to_flow({"nodes": [node]})
    for_workers = [lambda _, count=count: ThreadPoolExecutor(count) for count in (1, 2, 3, 7, 40)]
    texts = {canonical_text(stable(flow.run(executor=executor).trace.to_dict())) for executor in for_workers}
    assert 1 == len(texts)


def test_time_zone_is_put_back(flows):
    """After a run the process has its own time zone, working directory and environment again."""
    assert os.environ.get("USER") != "pflow"
    assert Path.cwd().name != "work"
