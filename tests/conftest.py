"""Dask clusters for the tests, of this process and of processes of their own; and a server of models."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PATIENCE = 60


@pytest.fixture(autouse=True)
def outside_of_actions(monkeypatch):
    """Runs of pytest in a test say nothing to the job of GitHub Actions that this one may be in."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


class _Local:
    """A scheduler in this process and workers in others, each of them watched by a nanny."""

    def __init__(self, cluster):
        self.address = cluster.scheduler_address


class _Separate:
    """A scheduler and workers as processes of their own."""

    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        own = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start("scheduler", *own)
        self.address = self._said("scheduler", self.scheduler, "Scheduler at:").split()[-1]

    def add_worker(self, name, *options):
        """Start a worker, and wait until the scheduler knows it."""
        own = ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder)]
        process = self._start(name, self.address, *own, *options, kind="worker")
        self._said(name, process, "Registered to:")
        return process

    def _start(self, name, *arguments, kind="scheduler"):
        env = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        log = self.stack.enter_context((self.folder / name).open("w"))
        process = self.stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=self.folder))
        self.stack.callback(process.terminate)
        return process

    def _said(self, name, process, words):
        """The line of a process's log with these words, once it is there; waiting is for the process to end."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            log = (self.folder / name).read_text()
            if found := [line for line in log.splitlines() if words in line]:
                return found[0]
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(f"{name} did not start: {log}")


@pytest.fixture(scope="session")
def local_cluster():
    """Starts a cluster of so many workers, a context with an ``address``; a worker that dies is blamed at once."""
    dask = pytest.importorskip("dask", reason="the extra [dask] is not installed")
    distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")

    @contextmanager
    def start(workers):
        with (
            dask.config.set({"distributed.scheduler.allowed-failures": 0}),
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
        ):
            yield _Local(cluster)

    return start


@pytest.fixture(scope="session")
def separate_cluster(tmp_path_factory):
    """The same of processes of their own; ``add_worker(name)`` starts one more."""
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")

    @contextmanager
    def start(workers):
        with ExitStack() as stack:
            cluster = _Separate(tmp_path_factory.mktemp("cluster"), stack)
            for number in range(workers):
                cluster.add_worker(f"worker{number}")
            yield cluster

    return start


@pytest.fixture
def model_server(tmp_path, monkeypatch):
    """A server of models that the library llm knows; ``user`` is the library's folder."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("OPENAI", "LLM"))]:
        monkeypatch.delenv(name)
    # Here, since a run of pytester unloads again what was loaded during it.
    pytest.importorskip("llm", reason="the extra [llm] is not installed")
    spec = spec_from_file_location("model_server", Path(__file__).with_name("model_server.py"))
    spec.loader.exec_module(module := module_from_spec(spec))
    with module.ModelServer() as server:
        server.user = tmp_path / "llm-user"
        server.user.mkdir()
        server.describe(server.user)
        monkeypatch.setenv("LLM_USER_PATH", str(server.user))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()
