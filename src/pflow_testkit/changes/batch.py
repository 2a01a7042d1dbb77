"""The halves of a batch in a trace, its records and its outputs, to one record for each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pflow_engine.templates import MISSING
from pflow_testkit.changes.align import same

COUNTS = ("count", "success_count", "error_count")

OUTPUTS = ("results", "errors", "batch_metadata", *COUNTS)
"""What a batch writes itself."""

_ADDED = ("item", "error_type", "outputs", "errors", "llm_calls")
"""What a record has beside what the trace says of an item."""

_AGAIN = ("item", "error", "attempts")
"""What an entry of ``errors`` says again."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch taken apart.

    A record of an item has no ``item`` where the trace does not tell what it was: it never started. ``calls`` are
    the model calls by item, None where they are not told apart. ``counts`` and ``retried`` are what follows from
    the items; ``metadata`` is there twice, ``again`` is the copy. ``rest`` is what the engine does not write.
    """

    items: list[Record]
    calls: Mapping[int, list[Any]] | None
    outputs: Mapping[str, Any]
    metadata: Any
    again: Any
    rest: Mapping[str, Any]

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> Batch | None:
        """The batch of a node; None where it has none, or one that is not as the engine writes it."""
        batch, outputs = node.get("batch"), node.get("outputs")
        if not isinstance(batch, dict) or not isinstance(outputs, dict):
            return None
        rows, results = batch.get("items", []), outputs.get("results", [])
        if not (_are_rows(rows) and _are_results(results, len(rows))):
            return None
        entries = _by_index(outputs.get("errors"), "index", len(rows))
        if entries is None or any(len(of_item) > 1 for of_item in entries.values()):
            return None
        return cls(
            [_record(row, results[index], entries.get(index, [None])[0]) for index, row in enumerate(rows)],
            _calls(node.get("llm_calls"), len(rows)),
            {name: value for name, value in outputs.items() if name not in ("results", "errors", "batch_metadata")},
            outputs.get("batch_metadata"),
            batch.get("metadata"),
            {name: value for name, value in batch.items() if name not in ("items", "metadata")},
        )

    @property
    def counts(self) -> dict[str, int]:
        """The counts that the items come to."""
        statuses = [record.get("status") for record in self.items]
        counted = (len(statuses), statuses.count("completed"), statuses.count("failed"))
        return dict(zip(COUNTS, counted, strict=True))

    @property
    def retried(self) -> int:
        """How many items took more than one attempt."""
        attempts = [record.get("attempts") for record in self.items]
        return sum(type(count) is int and count > 1 for count in attempts)

    def with_calls(self) -> list[Record]:
        """The records, each with the model calls of its item."""
        calls = self.calls or {}
        return [
            {**record, "llm_calls": calls[index]} if index in calls else record
            for index, record in enumerate(self.items)
        ]


def _are_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, dict) and same(row.get("index"), index) and not any(name in row for name in _ADDED)
        for index, row in enumerate(rows)
    )


def _are_results(results: Any, count: int) -> bool:
    whole = isinstance(results, list) and len(results) == count
    return whole and all(result is None or isinstance(result, dict) for result in results)


def _by_index(entries: Any, name: str, count: int) -> dict[int, list[Any]] | None:
    if entries is None:
        return {}
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    indexes = [entry.get(name) for entry in entries]
    if not all(type(index) is int and 0 <= index < count for index in indexes):
        return None
    if any(second < first for first, second in pairwise(indexes)):
        return None
    found: dict[int, list[Any]] = {}
    for index, entry in zip(indexes, entries, strict=True):
        found.setdefault(index, []).append(entry)
    return found


def _calls(calls: Any, count: int) -> dict[int, list[Any]] | None:
    found = _by_index(calls, "item_index", count)
    return found and {index: [_without(call, "item_index") for call in of_item] for index, of_item in found.items()}


def _record(row: Mapping[str, Any], result: dict[str, Any] | None, entry: Mapping[str, Any] | None) -> Record:
    record = _without(row, "index")
    if result is not None:
        told = "error" in result and isinstance(row.get("error"), str) and result["error"] == row["error"]
        record["outputs"] = _without(result, "item", *(("error",) if told else ()))
    item = (result or {}).get("item", (entry or {}).get("item", MISSING))
    if item is not MISSING:
        record["item"] = item
    return record | _of_errors(record, entry)


def _of_errors(record: Record, entry: Mapping[str, Any] | None) -> Record:
    # Where both halves say the same it is said once; where they do not, somebody edited the trace.
    if entry is None:
        return {"errors": "no entry"} if record.get("status") == "failed" else {}
    if record.get("status") != "failed":
        return {"errors": entry}
    odd = {name: entry.get(name) for name in _AGAIN if not same(record.get(name), entry.get(name))}
    odd |= _without(entry, "index", "error_type", *_AGAIN)
    found = {"error_type": entry.get("error_type")}
    return {**found, "errors": odd} if odd else found


def _without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}
