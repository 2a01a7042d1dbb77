"""Two batches to the differences of their items, and of what does not follow from these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pflow_testkit.changes.align import Pair, aligned, key_of, same
from pflow_testkit.changes.batch import COUNTS, Batch, Record
from pflow_testkit.changes.fields import field_differences, others
from pflow_testkit.changes.values import Difference, differences


def batch_differences(old: Batch, new: Batch) -> Iterator[Difference]:
    """Items under ``items``, the rest where the trace has it."""
    yield from _settings(old, new)
    yield from _items(old, new)
    follow = [name for name in COUNTS if all(same(side.outputs.get(name), side.counts[name]) for side in (old, new))]
    yield from differences(_without(old.outputs, follow), _without(new.outputs, follow), ("outputs",))


def _settings(old: Batch, new: Batch) -> Iterator[Difference]:
    alike = all(same(side.metadata, side.again) for side in (old, new))
    yield from _metadata(old, new, old.metadata, new.metadata, ("batch_metadata",))
    if not alike:
        yield from _metadata(old, new, old.again, new.again, ("batch", "metadata"))
    yield from differences(old.rest, new.rest, ("batch",))


def _metadata(old: Batch, new: Batch, was: Any, now: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    both = ((old, was), (new, now))
    if all(isinstance(data, dict) and same(data.get("retried"), side.retried) for side, data in both):
        was, now = _without(was, ["retried"]), _without(now, ["retried"])
    yield from differences(was, now, path)


def _items(old: Batch, new: Batch) -> Iterator[Difference]:
    known = old.calls is not None and new.calls is not None
    olds, news = (old.with_calls(), new.with_calls()) if known else (old.items, new.items)
    for pair in _pairs(olds, news):
        if pair.new is None:
            assert pair.old is not None
            yield Difference(("items", pair.old), old=_shown(olds[pair.old]))
        elif pair.old is None:
            yield Difference(("items", pair.new), new=_shown(news[pair.new]))
        else:
            yield from _both(olds[pair.old], news[pair.new], pair)


def _pairs(olds: list[Record], news: list[Record]) -> list[Pair]:
    fine = [*map(key_of, olds)], [*map(key_of, news)]
    return aligned([*map(_input, olds)], [*map(_input, news)], fine) if fine[0] != fine[1] else []


def _input(record: Record) -> str | None:
    return key_of(record["item"]) if "item" in record else None


def _shown(record: Record) -> Any:
    return record.get("item", record)


def _both(old: Record, new: Record, pair: Pair) -> Iterator[Difference]:
    assert pair.new is not None
    above = ("items", pair.new)
    if pair.moved:
        yield Difference(above, _shown(old), _shown(new), moved_from=pair.old)
    # What is not known is not gone: an item that never started.
    if "item" in old and "item" in new:
        yield from differences(old["item"], new["item"], (*above, "item"))
    for name in _told_fields(old, new):
        yield from field_differences(old, new, name, above)


def _told_fields(old: Record, new: Record) -> list[str]:
    first = ("status", "attempts", "error")
    failed = "outputs" not in new and not same(old.get("status"), new.get("status"))
    # That a failed item has no outputs goes without saying, and so does the type of an error that is said.
    follow = [
        *(["outputs"] if failed else []),
        *(["error_type"] if not same(old.get("error"), new.get("error")) else []),
    ]
    return [*first, *others(old, new, ("item", *first, *follow))]


def _without(record: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}
