"""The runs of nodes in two traces to which is which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pflow_testkit.changes.align import Pair, aligned, key_of, rising

Runs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunPair:
    """A run of a node in the old trace, the new one, or both; ``occurrence`` counts those of the node from 0.

    It is that in the new trace, or in the old of a run that is gone. ``order`` tells in words that it ran at another
    point than before.
    """

    node: str
    occurrence: int
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    order: str = ""


def are_runs(nodes: Any) -> bool:
    """Whether these are runs of nodes as a trace has them."""
    return isinstance(nodes, list) and all(isinstance(run, dict) and isinstance(run.get("id"), str) for run in nodes)


def paired_runs(old: Runs, new: Runs) -> list[RunPair]:
    """Every run of both once, in the order of the new trace; what did not run stands where it did before."""
    pairs = list(_pairs(old, new))
    both = sorted((pair.old, pair.new) for pair in pairs if pair.old is not None and pair.new is not None)
    late = set(both) - set(rising(both))
    olds, news = _occurrences(old), _occurrences(new)
    found: list[RunPair] = []
    for i, j in _in_order(pairs, dict(both)):
        run, was = (None if j is None else new[j]), (None if i is None else old[i])
        here = run or was
        assert here is not None
        order = _order(old, new, i, j) if i is not None and j is not None and (i, j) in late else ""
        occurrence = news[j] if j is not None else olds[i or 0]
        found.append(RunPair(here["id"], occurrence, was, run, order))
    return found


def _pairs(old: Runs, new: Runs) -> Iterator[Pair]:
    before, after = _places(old), _places(new)
    for node in {**before, **after}:
        olds, news = before.get(node, []), after.get(node, [])
        for pair in aligned([key_of(old[i]) for i in olds], [key_of(new[j]) for j in news]):
            yield Pair(
                None if pair.old is None else olds[pair.old],
                None if pair.new is None else news[pair.new],
            )


def _places(runs: Runs) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for index, run in enumerate(runs):
        places.setdefault(run["id"], []).append(index)
    return places


def _occurrences(runs: Runs) -> list[int]:
    seen: Counter[str] = Counter()
    found = []
    for run in runs:
        found.append(seen[run["id"]])
        seen[run["id"]] += 1
    return found


def _in_order(pairs: Iterable[Pair], both: Mapping[int, int]) -> list[tuple[int | None, int | None]]:
    # What is gone comes after the run that it came after.
    places: list[tuple[int, int, int | None, int | None]] = []
    after, gone = -1, sorted(pair.old for pair in pairs if pair.new is None and pair.old is not None)
    befores: dict[int, int] = {}
    for index in sorted({*both, *gone}):
        after = both.get(index, after)
        befores[index] = after
    places += [(befores[index], index + 1, index, None) for index in gone]
    places += [(pair.new, 0, pair.old, pair.new) for pair in pairs if pair.new is not None]
    return [(i, j) for _, _, i, j in sorted(places, key=lambda place: place[:2])]


def _order(old: Runs, new: Runs, i: int, j: int) -> str:
    was, now = _before(old, i), _before(new, j)
    return f"ran {now}, before it ran {was}" if was != now else "ran at another point than before"


def _before(runs: Runs, index: int) -> str:
    return f"after '{runs[index - 1]['id']}'" if index else "first"
