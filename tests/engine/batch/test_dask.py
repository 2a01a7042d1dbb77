"""A batch on a Dask cluster: one of this process, and a scheduler and two workers of their own."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError

import pytest

from pflow_engine import CancelToken, PflowError, Registry, compile_ir_to_flow, node

cloudpickle = pytest.importorskip("cloudpickle", reason="the extra [dask] is not installed")
distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")
dask = pytest.importorskip("dask", reason="the extra [dask] is not installed")

from pflow_engine.batch.dask import DaskExecutor, DaskPool  # noqa: E402  # only where Dask is
from pflow_engine.batch.pool import ClusterLost  # noqa: E402  # as above

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL to send")
PATIENCE = 60


@node("double")
def _double(value: int) -> dict:
    return {"value": value * 2}


@node("twice")
def _twice(text: str) -> dict:
    return {"text": text * 2}


@node("invert")
def _invert(value: int) -> dict:
    return {"value": 1 // value}


@node("where")
def _where() -> dict:
    return {"process": os.getpid()}


@node("die")
def _die(at: str, marker: str) -> dict:
    """Kill the worker: always at ``always``, the first time at ``once``."""
    path = pathlib.Path(marker)
    if at == "always" or (at == "once" and not path.exists()):
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"survived": at}


@node("kill")
def _kill(process: int) -> dict:
    if process:
        os.kill(process, signal.SIGKILL)
        threading.Event().wait(PATIENCE)
    return {}


@node("locked")
def _locked(value: int) -> dict:
    return {"lock": threading.Lock()} if value else {"fine": True}


@pytest.fixture(scope="module", autouse=True)
def _by_value():
    # No worker can import a test module.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def processes(separate_cluster):
    """A scheduler of its own, without workers; for what ends badly for it."""
    with separate_cluster(0) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["local", "separate"])
def address(request, local_cluster, separate_cluster):
    """The address of a scheduler with two workers, each a process with one thread."""
    with local_cluster(2) if request.param == "local" else separate_cluster(2) as cluster:
        yield cluster.address
    gc.collect()  # what a cluster leaves open is said of this module, not of one that comes later


@pytest.fixture(scope="module")
def client(address):
    """A client of the cluster."""
    with distributed.Client(address, set_as_default=False) as client:
        yield client


@pytest.fixture
def flow():
    """``flow(type, params, **batch)``: a flow of one parallel batch node ``b``; its items are the input ``xs``."""
    registry = Registry.default()
    for source in (_double, _twice, _invert, _where, _die, _kill, _locked):
        registry.register(source.__name__.strip("_"), source)

    def build(kind, params, *, xs="${xs}", **batch):
        batch = {"items": xs, "parallel": True, "max_concurrent": 4, **batch}
        return compile_ir_to_flow({"nodes": [{"id": "b", "type": kind, "params": params, "batch": batch}]}, registry)

    return build


def _statuses(result):
    return [item["status"] for item in result.trace.to_dict()["nodes"][0]["batch"]["items"]]


def test_in_other_processes(client, flow):
    """Items run in the workers' processes, in both of them, and results are in input order."""
    result = flow("where", {}).run({"xs": list(range(500))}, executor=DaskExecutor(client))
    processes = {item["process"] for item in result.store["b"]["results"]}
    assert os.getpid() not in processes
    assert list(range(500)) == [item["item"] for item in result.store["b"]["results"]]


@pytest.mark.parametrize("error_handling", ["continue", "fail_fast"])
def test_same_as_threads(client, flow, canonical, error_handling):
    """On a cluster a batch comes to what it comes to in threads: results, errors, trace."""
    batch = flow("invert", {"value": "${item}"}, error_handling=error_handling)
    inputs = {"xs": [1, 2, 1, 1, 0, 2, 0, -1] * 5}
    assert canonical(batch.run(inputs)) == canonical(batch.run(inputs, executor=DaskExecutor(client)))


def test_by_address(address, flow):
    """An address is enough; the client that is opened for it is closed with the batch."""
    before = distributed.client._global_clients.copy()
    result = flow("double", {"value": "${item}"}).run({"xs": [1, 2]}, executor=DaskExecutor(address))
    assert [2, 4] == [item["value"] for item in result.store["b"]["results"]]
    assert before == distributed.client._global_clients.copy()


def test_client_stays_open(client, flow):
    """A client that was given is its owner's to close, and serves the next batch."""
    executor = DaskExecutor(client)
    for _ in range(2):
        assert "success" == flow("double", {"value": "${item}"}).run({"xs": [1]}, executor=executor).status
    assert "running" == client.status


def test_nothing_left(client, flow):
    """Workers keep nothing of a batch that has ended."""
    flow("double", {"value": "${item}"}).run({"xs": [1, 2, 3]}, executor=DaskExecutor(client))
    assert {0} == set(client.run(_kept).values())


def _kept():
    from pflow_engine.batch import far_side  # noqa: PLC0415  # on a worker

    return len(far_side._runs)


def test_killed_once(client, flow, tmp_path):
    """A worker that is killed in the middle loses nothing: its items run again."""
    xs = ["no"] * 20 + ["once"] + ["no"] * 20
    result = flow("die", {"at": "${item}", "marker": str(tmp_path / "killed")}).run(
        {"xs": xs}, executor=DaskExecutor(client)
    )
    assert (tmp_path / "killed").exists()
    assert xs == [item["survived"] for item in result.store["b"]["results"]]


def test_kills_always(client, flow, tmp_path):
    """An item that kills every worker fails as data; no other item does."""
    xs = ["no"] * 5 + ["always"] + ["no"] * 5
    batch = flow("die", {"at": "${item}", "marker": str(tmp_path / "killed")}, error_handling="continue")
    result = batch.run({"xs": xs}, executor=DaskExecutor(client))
    assert ["completed"] * 5 + ["failed"] + ["completed"] * 5 == _statuses(result)
    assert [(5, "KilledWorker", "every worker that it ran on died")] == [
        (error["index"], error["error_type"], error["error"]) for error in result.store["b"]["errors"]
    ]


def test_unpicklable_named(client, flow):
    """An input that cannot be sent is named, before any item has run."""
    events = []
    result = flow("double", {"value": 1}, xs=[1, 2]).run(
        {"lock": threading.Lock()}, executor=DaskExecutor(client), on_event=events.append
    )
    assert "'lock' in the store (_thread.lock) cannot be sent to a worker" in str(result.error)
    assert [] == [event for event in events if event.kind == "item_start"]


def test_missing_module_named(client, flow, tmp_path, monkeypatch):
    """A module that only this machine has is named before any item has run, and what to do about it."""
    (tmp_path / "only_here.py").write_text("class Thing:\n    value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    from only_here import Thing  # noqa: PLC0415  # written just now

    result = flow("double", {"value": 1}).run({"xs": [1, Thing()]}, executor=DaskExecutor(client))
    said = str(result.error.__cause__)
    assert "item 1 (only_here.Thing) cannot be read on a worker: No module named 'only_here'" in said
    assert "install 'only_here' on the workers" in said


def test_unpicklable_output(client, flow):
    """An output that cannot be sent back fails its item, and no other."""
    batch = flow("locked", {"value": "${item}"}, error_handling="continue")
    result = batch.run({"xs": [0, 1, 0]}, executor=DaskExecutor(client))
    assert ["completed", "failed", "completed"] == _statuses(result)
    assert "output 'lock' (_thread.lock) cannot be pickled" in result.store["b"]["errors"][0]["error"]


def test_large_items(client, flow):
    """Megabytes cross without a warning."""
    result = flow("twice", {"text": "${item}"}).run({"xs": ["x" * 11_000_000]}, executor=DaskExecutor(client))
    assert 22_000_000 == len(result.store["b"]["results"][0]["text"])


def test_cancel_ends_processes(client, flow, tmp_path):
    """A run that is asked to stop ends the processes that its items wait for, on the workers, at once."""
    cancel, started = CancelToken(), tmp_path / "started"
    os.mkfifo(started)
    batch = flow("shell", {"command": f"echo x > {started}; sleep 600"}, error_handling="continue")

    def ask():
        started.read_text()  # as soon as the item runs
        cancel.cancel()

    asking = threading.Thread(target=ask)
    asking.start()
    result = batch.run({"xs": [1, 2]}, executor=DaskExecutor(client), cancel=cancel)
    asking.join(PATIENCE)
    assert "failed" == result.status
    assert "completed" not in _statuses(result)


def test_futures(client):
    """What a DaskExecutor makes is an executor of the standard library's kind."""
    with DaskExecutor(client)(2) as pool:
        assert 3 == pool.submit(int, "11", base=2).result(PATIENCE)
        assert [1, 2, 3] == list(pool.map(int, ["1", "2", "3"]))
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result(PATIENCE)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(int)


def test_never_remembered(client):
    """The same call is made each time: Dask is not asked for what it had the last time."""
    with DaskExecutor(client)(2) as pool:
        assert pool.submit(os.urandom, 8).result(PATIENCE) != pool.submit(os.urandom, 8).result(PATIENCE)


def test_shutdown_cancels(local_cluster):
    """Shutdown may cancel what waits."""
    with local_cluster(0) as cluster, distributed.Client(cluster.address, set_as_default=False) as client:
        pool = DaskPool(client, timeout=PATIENCE, owned=False)
        futures = [pool.submit(int) for _ in range(3)]
        pool.shutdown(cancel_futures=True)
    assert [True] * 3 == [future.cancelled() for future in futures]


def test_nobody_listens():
    """An address where nobody listens is said, with what to start there."""
    with pytest.raises(PflowError) as caught:
        DaskExecutor("tcp://127.0.0.1:9", timeout=0.5)(2)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in str(caught.value)
    assert "dask scheduler" in caught.value.problems[0].hint


def test_nobody_listens_to_flow(flow):
    """A run whose executor has nobody to ask fails, and says so."""
    executor = DaskExecutor("tcp://127.0.0.1:9", timeout=0.5)
    result = flow("double", {"value": "${item}"}).run({"xs": [1]}, executor=executor)
    assert "failed" == result.status
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in str(result.error)


def test_no_address():
    """What is no address is said."""
    with pytest.raises(PflowError, match="no Dask scheduler answers at nonsense:foo:bar"):
        DaskExecutor("nonsense:foo:bar", timeout=0.5)(2)


def test_neither_client_nor_address():
    """Anything but a client and an address is refused."""
    with pytest.raises(PflowError, match="takes a Client or an address, not 8786"):
        DaskExecutor(8786)


def test_not_installed(monkeypatch):
    """Without Dask it says how to install it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PflowError) as caught:
        DaskExecutor("tcp://127.0.0.1:9")
    assert "pip install 'pflow-testkit[dask]'" == caught.value.problems[0].hint


def test_not_imported():
    """Nothing of Dask is imported until an executor is made."""
    code = "import pflow_engine.batch.dask, sys; print({'dask', 'distributed', 'cloudpickle'} & {*sys.modules})"
    assert (
        "set()" == subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout[:-1]
    )


class _Client:
    """As much of a client as is asked before it is used."""

    def __init__(self, **said):
        self.__dict__.update({"status": "running", "asynchronous": False, "scheduler": None, **said})

    def sync(self, call, *, callback_timeout):
        del callback_timeout
        return asyncio.run(call())


def _answering(monkeypatch, **said):
    monkeypatch.setattr(distributed, "Client", _Client)
    return DaskExecutor(_Client(**said))


@pytest.mark.parametrize(
    ("said", "expected"),
    [({"asynchronous": True}, "the client is asynchronous"), ({"status": "closed"}, "the client is closed")],
    ids=["asynchronous", "closed"],
)
def test_unusable_client(monkeypatch, said, expected):
    """A client that no batch can use is refused."""
    with pytest.raises(PflowError, match=expected):
        _answering(monkeypatch, **said)(2)


def _versions(**theirs):
    async def nthreads():
        return {"tcp://one": 1}

    async def run(function, *_args, **_kwargs):
        return {"tcp://one": theirs.get(function.__name__, function(*_args))}

    return {"nthreads": nthreads, "run": run}


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"version": "0.0.9"}, "worker tcp://one has pflow-testkit 0.0.9, here is"),
        ({"version": OSError("gone")}, r"worker tcp://one has pflow-testkit that cannot be asked \(gone\)"),
        ({"version": PackageNotFoundError("pflow-testkit")}, "has pflow-testkit not installed, here is"),
        ({"python_version": "3.9.1"}, "worker tcp://one has Python 3.9.1, here is"),
    ],
    ids=["engine", "silent", "absent", "python"],
)
def test_other_versions(monkeypatch, theirs, expected):
    """Workers with another engine or another Python are refused, by name."""
    with pytest.raises(PflowError, match=expected):
        _answering(monkeypatch, **_versions(**theirs))(2)


def test_closed_meanwhile(monkeypatch):
    """A client that was closed in the midst of things is said to be, whatever is asked of it; telling it is no error."""
    client = _Client(**_versions())
    monkeypatch.setattr(distributed, "Client", _Client)
    pool = DaskExecutor(client)(2)
    client.status = "closed"
    pool.tell(print)
    for asked in (pool.check, lambda: pool.submit(int), lambda: pool.ask(int)):
        with pytest.raises(ClusterLost, match="the client of the Dask scheduler is closed"):
            asked()


def test_no_answer(monkeypatch):
    """A scheduler that takes too long to answer is not waited for for ever."""

    def late(_call, *, callback_timeout):
        raise TimeoutError(f"{callback_timeout}s are over")

    with pytest.raises(ClusterLost, match="the Dask scheduler does not answer: 30s are over"):
        _answering(monkeypatch, **{**_versions(), "sync": late})(2)


def test_no_workers(local_cluster):
    """A scheduler without workers is given a while, then that is said."""
    with local_cluster(0) as cluster, pytest.raises(PflowError, match=r"no worker has come to .* within 0\.5s"):
        DaskExecutor(cluster.address, timeout=0.5)(2)


def test_last_worker_lost(processes, flow, tmp_path):
    """When the last worker is gone and none comes, the batch ends with what was done."""
    processes.add_worker("only", "--no-nanny")
    batch = flow("die", {"at": "${item}", "marker": str(tmp_path / "killed")}, max_concurrent=1)
    result = batch.run({"xs": ["no", "always", "no"]}, executor=DaskExecutor(processes.address, timeout=1))
    assert "has no workers left" in str(result.error)
    assert "completed" == _statuses(result)[0]


def test_scheduler_lost(processes, flow):
    """When the scheduler is gone the batch ends with what was done, and says so."""
    worker = processes.add_worker("only", "--no-nanny")
    batch = flow("kill", {"process": "${item}"}, max_concurrent=1)
    executor = DaskExecutor(processes.address, timeout=2)
    result = batch.run({"xs": [0, processes.scheduler.pid, 0]}, executor=executor)
    worker.kill()  # its item still waits
    assert "is gone" in str(result.error)
    assert ["completed", "failed"] == _statuses(result)[:2]


SCRIPT = """
import os, signal, sys
from pflow_engine import Node, Registry, compile_ir_to_flow
from pflow_engine.batch.dask import DaskExecutor

signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupt(Node):
    def post(self, shared, prepared, executed):
        if self.params["process"]:
            os.kill(self.params["process"], signal.SIGINT)
            shared["asked"] = self.context.cancel.wait(60)

registry = Registry()
registry.register("interrupt", Interrupt)
batch = {"items": "${xs}", "parallel": True, "max_concurrent": 1}
b = {"id": "b", "type": "interrupt", "params": {"process": "${item}"}, "batch": batch}
compile_ir_to_flow({"nodes": [b]}, registry).run(
    {"xs": [0, os.getpid(), *[0] * 1000]}, executor=DaskExecutor(sys.argv[1]), trace_file=sys.argv[2]
)
"""


def test_interrupted(address, tmp_path):
    """Ctrl-C asks the items on the workers to stop, keeps what they come to, and starts nothing more."""
    file = tmp_path / "trace.json"
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, address, str(file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "KeyboardInterrupt" in ran.stderr
    items = json.loads(file.read_text())["nodes"][0]["batch"]["items"]
    assert ["completed", "completed"] == [item["status"] for item in items[:2]]
    assert "cancelled" == items[-1]["status"]
