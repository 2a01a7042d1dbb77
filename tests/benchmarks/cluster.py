"""What an item costs on a Dask cluster of two workers on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from table import Row, beside, microseconds, times
from timing import Absent, Contestant, Entry, interleaved, timed
from work import Sizes, batch_flow, double, doubled, results_of

_MOST = 3
_CHUNK = 100
_CHUNKED = f"Dask client.map over chunks of {_CHUNK}"
_OURS = "ours"
_NEEDED = "not installed (pip install distributed)"


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row: ours by Dask's own, in chunks."""
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415  # may not be installed
    except ImportError:
        names = _CHUNKED, _each_name(sizes.tasks)
        yield _row(sizes, _NEEDED, None, tuple(f"{name}: {_NEEDED}" for name in names))
        return
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=not sizes.local, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield _contest(sizes, client)


def _contest(sizes: Sizes, client: Any) -> Row:
    ours = _ours(client, sizes.items)
    theirs = [_in_chunks(client, sizes.items), _one_by_one(client, sizes.tasks)]
    figures = interleaved([ours, *theirs], sizes.runs)
    shown = beside(theirs, figures, _CHUNKED)
    if isinstance(ours, Absent):
        return _row(sizes, ours.reason, None, shown)
    ratio = figures.ratio(ours.name, _CHUNKED)
    return _row(sizes, f"{microseconds(figures.median(ours.name))}, {times(ratio)}", ratio <= _MOST, shown)


def _row(sizes: Sizes, ours: str, reached: bool | None, shown: tuple[str, ...]) -> Row:  # noqa: FBT001  # a cell
    return Row(f"Dask, {sizes.items:,} trivial items, 2 workers", ours, f"<= {_MOST}x chunked", reached, shown)


def _ours(client: Any, count: int) -> Entry:
    try:
        from pflow_engine import DaskExecutor  # noqa: PLC0415  # with distributed alone
    except ImportError:
        return Absent(_OURS, "not available yet")
    flow, numbers, check = batch_flow(parallel=True), list(range(count)), doubled(count)
    return timed(
        _OURS,
        lambda: flow.run({"numbers": numbers}, executor=DaskExecutor(client)),
        count,
        lambda result: check(results_of(result)),
    )


def _in_chunks(client: Any, count: int) -> Contestant:
    def act() -> list[dict[str, Any]]:
        chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
        return list(chain.from_iterable(client.gather(client.map(_doubled, chunks, pure=False))))

    return timed(_CHUNKED, act, count, doubled(count))


def _doubled(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [double(number) for number in numbers]


def _one_by_one(client: Any, count: int) -> Contestant:
    def act() -> list[dict[str, Any]]:
        return client.gather(client.map(double, range(count), pure=False))

    return timed(_each_name(count), act, count, doubled(count))


def _each_name(count: int) -> str:
    return f"Dask client.map, a task an item, of {count:,} items"
