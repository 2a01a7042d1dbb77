"""A Dask cluster to an executor for batches: more than one machine.

Nothing of Dask is imported until a ``DaskExecutor`` is made.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pflow_engine.batch.attempt import error_text
from pflow_engine.batch.pool import ClusterLost, WorkerLost
from pflow_engine.errors import PflowError, Problem

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

_LARGE: Final = 5_000_000
"""Bytes from which Dask warns that data had better be scattered; a large item is just that."""

_PATIENCE: Final = 5.0
"""Seconds that a last word to the workers may take."""

_INSTALL: Final = "pip install 'pflow-testkit[dask]'"
_SAME: Final = "install the same versions on the workers as here"
_START: Final = "start one with 'dask scheduler' and workers with 'dask worker <its address>'"


class DaskExecutor:
    """Runs a batch's items on a Dask cluster: ``flow.run(inputs, executor=DaskExecutor(address))``.

    Takes a ``distributed.Client``, which stays the caller's, or a scheduler's address, for which a client is
    opened for each batch. ``timeout`` is how many seconds to wait for the scheduler and for a first worker, and
    how long the cluster may be without any.

    Raises:
        PflowError: Dask is not installed, or the client cannot be used.
    """

    crosses = True

    def __init__(self, cluster: Client | str, *, timeout: float = 30) -> None:
        try:
            import distributed  # noqa: PLC0415  # start-up time, and an extra
        except ImportError as error:
            raise _problem("dask-missing", f"DaskExecutor needs Dask: {error}", _INSTALL) from error
        if not isinstance(cluster, str | distributed.Client):
            raise _problem("dask-client", f"DaskExecutor takes a Client or an address, not {cluster!r}", _START)
        self._cluster = cluster
        self._timeout = timeout

    def __call__(self, max_workers: int) -> DaskPool:
        """An executor on the cluster. It has as many workers as the cluster has, whatever ``max_workers``.

        Raises:
            PflowError: nobody listens there, no worker comes, or the workers have other versions.
        """
        del max_workers  # a batch submits no more than that at a time
        owned = isinstance(self._cluster, str)
        client = _connected(self._cluster, self._timeout) if isinstance(self._cluster, str) else _usable(self._cluster)
        pool = DaskPool(client, timeout=self._timeout, owned=owned)
        try:
            pool.prove()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return pool


class DaskPool(Executor):
    """A ``concurrent.futures.Executor`` on a client; closes the client if it is its own."""

    crosses = True

    def __init__(self, client: Client, *, timeout: float, owned: bool) -> None:
        self._client: Any = client  # Dask's own types are not strict
        self._timeout, self._owned = timeout, owned
        self._open = True
        self._pending: set[Future[Any]] = set()
        self._said: set[Future[Any]] = set()
        self._empty_since: float | None = None  # the loop's thread writes it too, whenever a worker has answered

    def prove(self) -> None:
        """Raise PflowError unless there is a worker, or one comes, and it has what this process has."""
        if not self._workers():
            first = self.submit(platform.python_version)  # an adaptive cluster starts workers for those who wait
            if not wait_for([first], self._timeout).done:
                message = f"no worker has come to {self._address} within {self._timeout:g}s"
                raise _problem("dask-no-workers", message, _START)
        self._refuse_others("pflow-testkit", str, importlib.metadata.version, "pflow-testkit")
        self._refuse_others("Python", _minor, platform.python_version)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it on any worker, once more for each call: Dask's own memory of results is not asked."""
        if not self._open:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self._refuse_closed()
        # Bound, for Dask takes some keywords as its own.
        with _unwarned(args):
            remote = self._client.submit(partial(fn, **kwargs) if kwargs else fn, *args, pure=False)
        future = self._started(self._result_of(remote))
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return future

    def ask(self, function: Callable[..., Any], /, *args: Any) -> Mapping[str, Any]:
        """Call it in each worker's process now; what each gave, or the exception it raised."""
        answers: Mapping[str, Any] = self._answer(lambda: self._client.run(function, *args, on_error="return"))
        return answers

    def tell(self, function: Callable[..., Any], /, *args: Any) -> None:
        """The same without waiting; a worker that cannot be reached is not told, and need not be."""
        if self._client.status != "running":
            return

        async def run() -> None:
            await self._client.run(function, *args, on_error="ignore")

        said = self._started(run())
        self._said.add(said)
        said.add_done_callback(self._said.discard)

    def check(self) -> None:
        """Raise ClusterLost if the scheduler is gone, or there was no worker for longer than ``timeout``."""
        self._refuse_closed()
        now = time.monotonic()
        if self._workers():
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
        elif now - self._empty_since > self._timeout:
            raise ClusterLost(Problem("dask-no-workers", f"{self._address} has no workers left", hint=_START))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # Executor's
        """Take nothing more; wait for what was taken, or cancel it."""
        self._open = False
        pending = list(self._pending)
        for future in pending if cancel_futures else []:
            future.cancel()
        wait_for(pending if wait else [])
        wait_for(list(self._said), _PATIENCE)
        if self._owned:
            self._client.close(timeout=_PATIENCE)

    @property
    def _address(self) -> str:
        return f"the Dask scheduler {getattr(self._client.scheduler, 'address', '')}".strip()

    def _started(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._client.loop.asyncio_loop)

    async def _result_of(self, remote: Remote[Any]) -> Any:
        from distributed import KilledWorker  # noqa: PLC0415  # as in DaskExecutor

        try:
            result = await remote
        except KilledWorker as error:
            raise WorkerLost(error_text(error)) from error
        except CancelledError as error:
            message = f"{self._address} is gone, and with it what was running there"
            raise ClusterLost(Problem("dask-lost", message, hint="see its log; then run again")) from error
        self._empty_since = None
        return result

    def _workers(self) -> Mapping[str, int]:
        threads: Mapping[str, int] = self._answer(self._client.nthreads)
        return threads

    def _answer(self, call: Callable[[], Any]) -> Any:
        async def answer() -> Any:
            return await call()

        self._refuse_closed()
        try:
            return self._client.sync(answer, callback_timeout=self._timeout)
        except (OSError, TimeoutError) as error:
            message = f"{self._address} does not answer: {error_text(error)}"
            raise ClusterLost(Problem("dask-lost", message, hint="see its log; then run again")) from error

    def _refuse_closed(self) -> None:
        if self._client.status in ("closed", "closing"):
            message = f"the client of {self._address} is closed"
            raise ClusterLost(Problem("dask-lost", message, hint="the scheduler may have ended; see its log"))

    def _refuse_others(self, what: str, read: Callable[[Any], str], function: Callable[..., str], *args: str) -> None:
        # Other classes, or another byte code, go wrong in ways that nobody can read.
        own = read(function(*args))
        problems = [
            Problem("dask-versions", f"worker {worker} has {what} {_said(theirs)}, here is {own}", hint=_SAME)
            for worker, theirs in sorted(self.ask(function, *args).items())
            if isinstance(theirs, Exception) or read(theirs) != own
        ]
        if problems:
            raise PflowError(problems)


def _connected(address: str, timeout: float) -> Client:
    import distributed  # noqa: PLC0415  # as in DaskExecutor

    kind: Any = distributed.Client
    client: Any = kind.__new__(kind)
    try:
        client.__init__(address, timeout=timeout, set_as_default=False)
    except Exception as error:  # connecting fails in as many ways as there are transports
        client.status = "closed"  # else it tries to close when it is collected, for seconds, with a traceback on stderr
        raise _problem(
            "dask-connect", f"no Dask scheduler answers at {address}: {error_text(error)}", _START
        ) from error
    made: Client = client
    return made


def _usable(client: Client) -> Client:
    if client.asynchronous:
        message = "the client is asynchronous: a batch waits for its results"
        raise _problem("dask-client", message, "give DaskExecutor the scheduler's address, or a synchronous Client")
    if client.status != "running":
        raise _problem("dask-client", f"the client is {client.status}", "make a new Client, or give its address")
    return client


def _unwarned(args: tuple[Any, ...]) -> AbstractContextManager[Any]:
    if not any(isinstance(arg, bytes) and len(arg) > _LARGE for arg in args):
        return nullcontext()
    import dask  # noqa: PLC0415  # as in DaskExecutor

    # A setting and not a filter: of warnings' filters one thread takes away what another set.
    changed: AbstractContextManager[Any] = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
    return changed


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _said(theirs: object) -> str:
    if isinstance(theirs, importlib.metadata.PackageNotFoundError):
        return "not installed"
    return f"that cannot be asked ({error_text(theirs)})" if isinstance(theirs, Exception) else str(theirs)


def _problem(code: str, message: str, hint: str) -> PflowError:
    return PflowError(Problem(code, message, hint=hint))
